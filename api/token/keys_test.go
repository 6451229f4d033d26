package token

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func testTime() time.Time { return t0 }

func keyFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestKeysAreMadeOnceAndClosed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "keys")
	first, err := LoadOrCreate(dir, "", testTime)
	if err != nil {
		t.Fatal(err)
	}
	files := keyFiles(t, dir)
	if len(files) != 1 {
		t.Fatalf("key files %v", files)
	}
	for path, mode := range map[string]os.FileMode{files[0]: 0o600, dir: 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	token, err := first.Issue(Claims{Subject: "lon-1", Scopes: []string{ScopeProbes}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	second, err := LoadOrCreate(dir, "", testTime)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Verify(token); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	if len(keyFiles(t, dir)) != 1 {
		t.Error("a second key was made")
	}
}

// Whoever comes first makes the key; all who come at once use that one.
func TestKeysAreMadeByOne(t *testing.T) {
	for range 20 {
		dir := filepath.Join(t.TempDir(), "keys")
		var all [8]*Keys
		var group sync.WaitGroup
		for i := range all {
			group.Go(func() {
				keys, err := LoadOrCreate(dir, "", testTime)
				if err != nil {
					t.Error(err)
				}
				all[i] = keys
			})
		}
		group.Wait()
		if t.Failed() {
			return
		}
		for _, k := range all {
			if k.ring.Load().signKID != all[0].ring.Load().signKID {
				t.Fatal("two signing keys")
			}
		}
		entries, err := os.ReadDir(filepath.Dir(dir))
		if err != nil || len(entries) != 1 {
			t.Fatalf("left behind: %v, %v", entries, err)
		}
	}
}

// write is a way to spoil a directory of keys: one more file.
func write(name, text string) func(*testing.T, string, string) {
	return func(t *testing.T, dir, _ string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// chmod is another one: what others may do with the key, or with its directory.
func chmod(mode os.FileMode, ofDir bool) func(*testing.T, string, string) {
	return func(t *testing.T, dir, file string) {
		if ofDir {
			file = dir
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKeysRefuse(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(t *testing.T, dir, file string){
		"file open to the group": chmod(0o640, false),
		"file open to all":       chmod(0o604, false),
		"file can be executed":   chmod(0o700, false),
		"directory open":         chmod(0o750, true),
		"no PEM":                 write("a.pem", "secret"),
		"no PKCS #8":             write("a.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
		"RSA": write("a.pem",
			string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))),
		"odd name": write("a b.pem", ""),
		"link": func(t *testing.T, dir, file string) {
			if err := os.Symlink(file, filepath.Join(dir, "a.pem")); err != nil {
				t.Fatal(err)
			}
		},
		"pipe": func(t *testing.T, dir, _ string) {
			if err := syscall.Mkfifo(filepath.Join(dir, "a.pem"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"too many": func(t *testing.T, dir, file string) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for i := range maxKeys {
				write(strings.Repeat("k", i+1)+".pem", string(text))(t, dir, file)
			}
		},
	} {
		dir := filepath.Join(t.TempDir(), "keys")
		if _, err := LoadOrCreate(dir, "", testTime); err != nil {
			t.Fatal(err)
		}
		spoil(t, dir, keyFiles(t, dir)[0])
		if _, err := LoadOrCreate(dir, "", testTime); err == nil {
			t.Errorf("%s: loaded", name)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error shows what is in the file", name)
		}
	}
}

// The file that was written last signs; tokens of the other stay good.
func TestKeysRotate(t *testing.T) {
	dir, other := filepath.Join(t.TempDir(), "keys"), filepath.Join(t.TempDir(), "keys")
	old, err := LoadOrCreate(dir, "", testTime)
	if err != nil {
		t.Fatal(err)
	}
	token, err := old.Issue(Claims{Subject: "lon-1", Scopes: []string{ScopeProbes}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := LoadOrCreate(other, "", testTime)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fresh.Verify(token); err == nil {
		t.Error("a stranger's token was taken")
	}
	added := filepath.Join(dir, fresh.ring.Load().signKID+".pem")
	if err := os.Rename(filepath.Join(other, fresh.ring.Load().signKID+".pem"), added); err != nil {
		t.Fatal(err)
	}
	for kid, written := range map[string]time.Time{old.ring.Load().signKID: t0,
		fresh.ring.Load().signKID: t0.Add(time.Hour)} {
		if err := os.Chtimes(filepath.Join(dir, kid+".pem"), written, written); err != nil {
			t.Fatal(err)
		}
	}
	both, err := LoadOrCreate(dir, "", testTime)
	if err != nil {
		t.Fatal(err)
	}
	if both.ring.Load().signKID != fresh.ring.Load().signKID {
		t.Error("the older key signs")
	}
	if _, err := both.Verify(token); err != nil {
		t.Errorf("the older key's token: %v", err)
	}
	if set := both.JWKS(); len(set.Keys) != 2 {
		t.Errorf("%d keys in the set", len(set.Keys))
	}
}

// The published set is enough to verify our tokens, and holds no secret.
func TestJWKS(t *testing.T) {
	keys := newKeys(t)
	published, err := json.Marshal(keys.JWKS())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(published), `"d"`) {
		t.Fatal("the private key is published")
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(published, &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 1 || !set.Keys[0].Valid() || !set.Keys[0].IsPublic() || set.Keys[0].Algorithm != "EdDSA" ||
		set.Keys[0].Use != "sig" {
		t.Fatalf("set %+v", set)
	}
	token, err := keys.Issue(Claims{Subject: "lon-1", Scopes: []string{ScopeProbes}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signed.Verify(set.Key(signed.Signatures[0].Header.KeyID)[0]); err != nil {
		t.Error(err)
	}
}

// A rotation keeps every good token good; a key that is retired takes its tokens
// along.
func TestRotationKeepsGoodTokens(t *testing.T) {
	keys := newKeys(t)
	issue := func() string {
		t.Helper()
		signed, err := keys.Issue(Claims{Subject: "ops", Scopes: []string{ScopeProbes}, TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	old := issue()
	before := keys.ring.Load().signKID
	kid, err := keys.Rotate()
	if err != nil || kid == before || keys.ring.Load().signKID != kid {
		t.Fatalf("%s then %s, signing with %s: %v", before, kid, keys.ring.Load().signKID, err)
	}
	if n := len(keys.JWKS().Keys); n != 2 {
		t.Errorf("%d keys are published", n)
	}
	young := issue()
	for name, token := range map[string]string{"old": old, "young": young} {
		if _, err := keys.Verify(token); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := keys.Retire(kid); err == nil {
		t.Error("the key that signs was retired")
	}
	if err := keys.Retire("../x"); err == nil {
		t.Error("a path was retired")
	}
	if err := keys.Retire(before); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Verify(old); err == nil {
		t.Error("a token of the key that was taken away is good")
	}
	if _, err := keys.Verify(young); err != nil {
		t.Errorf("the young one: %v", err)
	}
	for range maxKeys {
		_, err = keys.Rotate()
	}
	if err == nil {
		t.Error("keys without a bound")
	}
}
