package token

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"faultline/atomicfile"
)

// The modes beyond which key files and their directory are refused.
const (
	keyFileMode = 0o600
	keyDirMode  = 0o700
)

// maxKeys bounds the keys that are live at once; two are usual while one takes
// over from another.
const maxKeys = 16

// createTries bounds the attempts to be the one that makes the first key.
const createTries = 8

// keyID is the form of a key's name, which is part of its file's name.
var keyID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// loadKeys returns nil where there is no key yet.
func loadKeys(dir string) (*keyRing, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := refuseLoose(dir, fs.ModeDir, keyDirMode); err != nil {
		return nil, err
	}
	k := &keyRing{public: map[string]ed25519.PublicKey{}}
	var newest time.Time
	for _, entry := range entries {
		kid, isKey := strings.CutSuffix(entry.Name(), ".pem")
		if !isKey {
			continue
		}
		key, written, err := readKey(filepath.Join(dir, entry.Name()), kid)
		if err != nil {
			return nil, err
		}
		k.public[kid] = key.Public().(ed25519.PublicKey)
		if k.signer == nil || !written.Before(newest) { // of equal times the greater name: entries are sorted
			k.signer, k.signKID, newest = key, kid, written
		}
	}
	if len(k.public) > maxKeys {
		return nil, fmt.Errorf("%s holds %d keys, at most %d may be live", dir, len(k.public), maxKeys)
	}
	if k.signer == nil {
		return nil, nil
	}
	return k, nil
}

// readKey reads a signing key and when it was made. A file that others may read is refused,
// since its tokens could be anybody's.
func readKey(path, kid string) (ed25519.PrivateKey, time.Time, error) {
	if !keyID.MatchString(kid) {
		return nil, time.Time{}, fmt.Errorf("%s: a key's name is 1 to 64 letters, digits, - and _", path)
	}
	if err := refuseLoose(path, 0, keyFileMode); err != nil {
		return nil, time.Time{}, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, time.Time{}, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, time.Time{}, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, time.Time{}, fmt.Errorf("%s: no PKCS #8 private key in PEM", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, time.Time{}, fmt.Errorf("%s: not an Ed25519 key", path)
	}
	return key, info.ModTime(), nil
}

// refuseLoose fails unless path is of the type wanted (links are not followed)
// and nobody has rights to it beyond mode.
func refuseLoose(path string, kind, mode fs.FileMode) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.Mode().Type() != kind {
		return fmt.Errorf("%s: is neither a plain file nor a directory of its own", path)
	}
	if loose := info.Mode().Perm() &^ mode; loose != 0 {
		return fmt.Errorf("%s: mode %04o lets others in, want %04o", path, info.Mode().Perm(), mode)
	}
	return nil
}

// createKey makes dir with one new key in it. The whole directory appears at
// once, by rename, so that nobody loads half of it and only one process wins;
// the others get [fs.ErrExist].
func createKey(dir string) (err error) {
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, keyDirMode); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(parent, ".keys-*") // mode 0700
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(fresh))
		}
	}()
	kid, text, err := newKey()
	if err != nil {
		return err
	}
	if err := writeSynced(filepath.Join(fresh, kid+".pem"), text); err != nil {
		return err
	}
	if err := atomicfile.SyncDir(fresh); err != nil {
		return err
	}
	// An empty directory that was there before makes room; a full one stays.
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(fresh, dir); err != nil {
		return err
	}
	return atomicfile.SyncDir(parent)
}

// newKey makes a key: its id, the thumbprint of RFC 7638, and its file.
func newKey() (kid string, text []byte, err error) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return "", nil, err
	}
	thumb, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", nil, err
	}
	text = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return base64.RawURLEncoding.EncodeToString(thumb), text, nil
}

// writeSynced writes a new file and waits until it is on disk: a key that is lost after its
// first token makes that token void.
func writeSynced(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, keyFileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}
