package token

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Keys are the Ed25519 keys (RFC 8037) that tokens are signed with. Each is a
// PKCS #8 PEM file named by its key id; all of them verify, the file that was
// written last signs. Nodes accept each other's tokens when they share the
// files, or make their public keys known to each other ([Keys.Public], [Keys.SetOthers]).
// It is safe for concurrent use.
type Keys struct {
	dir, issuer string
	now         func() time.Time
	ring        atomic.Pointer[keyRing]
	revoked     atomic.Pointer[map[string]struct{}] // nil until it was read
	others      atomic.Pointer[map[string]ed25519.PublicKey]
}

// keyRing are the keys as last loaded; it never changes.
type keyRing struct {
	public  map[string]ed25519.PublicKey
	signer  ed25519.PrivateKey
	signKID string
}

// LoadOrCreate loads the keys in dir, or makes the first one where there is
// none; of several processes that come to it at once, one makes it and all load
// it. Files that others than their owner could read are refused. Issuer is the
// "iss" of tokens, faultline if empty; now is the clock that tokens are issued
// and judged by.
func LoadOrCreate(dir, issuer string, now func() time.Time) (*Keys, error) {
	if issuer == "" {
		issuer = defaultIssuer
	}
	for range createTries {
		ring, err := loadKeys(dir)
		if err != nil {
			return nil, fmt.Errorf("load signing keys: %w", err)
		}
		if ring != nil {
			keys := &Keys{dir: dir, issuer: issuer, now: now}
			keys.ring.Store(ring)
			return keys, nil
		}
		if err := createKey(dir); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("create the first signing key: %w", err)
		}
	}
	return nil, fmt.Errorf("create the first signing key: %s keeps changing", dir)
}

// Reload reads the files again, so that a key which was added signs and one that
// was taken away verifies no more. If they can't be read the keys stay as they are.
func (k *Keys) Reload() error {
	ring, err := loadKeys(k.dir)
	if err == nil && ring == nil {
		err = fs.ErrNotExist
	}
	if err != nil {
		return fmt.Errorf("reload signing keys: %w", err)
	}
	k.ring.Store(ring)
	return nil
}

// Rotate adds a key that signs from now on, here and wherever the files are
// loaded again; the others go on verifying. It returns the key's id.
func (k *Keys) Rotate() (string, error) {
	if n := len(k.ring.Load().public); n >= maxKeys {
		return "", fmt.Errorf("rotate keys: %s holds %d, which is the most: retire some first", k.dir, n)
	}
	kid, text, err := newKey()
	if err == nil {
		err = writeSynced(filepath.Join(k.dir, kid+".pem"), text)
	}
	if err != nil {
		return "", fmt.Errorf("rotate keys: %w", err)
	}
	return kid, k.Reload()
}

// Retire takes a key away: tokens that it signed are taken no more. The one that
// signs can't be retired.
func (k *Keys) Retire(kid string) error {
	ring := k.ring.Load()
	if _, ok := ring.public[kid]; !ok || kid == ring.signKID {
		return fmt.Errorf("retire key %q: %w, or it is the one that signs", kid, fs.ErrNotExist)
	}
	if err := os.Remove(filepath.Join(k.dir, kid+".pem")); err != nil {
		return fmt.Errorf("retire key: %w", err)
	}
	return k.Reload()
}

// SetRevoked replaces the ids (jti) of the tokens that are taken no more.
func (k *Keys) SetRevoked(ids []string) {
	set := make(map[string]struct{}, len(ids))
	for _, id := range ids {
		set[id] = struct{}{}
	}
	k.revoked.Store(&set)
}

// RevocationsKnown reports whether SetRevoked was called: before that nobody knows
// which tokens are taken no more.
func (k *Keys) RevocationsKnown() bool { return k.revoked.Load() != nil }

// Public are the public keys of this node's files by their ids.
func (k *Keys) Public() map[string][]byte {
	own := map[string][]byte{}
	for kid, key := range k.ring.Load().public {
		own[kid] = key
	}
	return own
}

// SetOthers replaces the public keys of other nodes, which verify as well. What is no
// Ed25519 key, and what is this node's own id, is left out: a key of the files can't be
// replaced by one from elsewhere.
func (k *Keys) SetOthers(keys map[string][]byte) {
	others := map[string]ed25519.PublicKey{}
	for kid, key := range keys {
		if len(key) == ed25519.PublicKeySize && keyID.MatchString(kid) {
			others[kid] = ed25519.PublicKey(key)
		}
	}
	k.others.Store(&others)
}

// verifying is the key of that id; those of the files come first.
func (k *Keys) verifying(kid string) (ed25519.PublicKey, bool) {
	if key, ok := k.ring.Load().public[kid]; ok {
		return key, true
	}
	if others := k.others.Load(); others != nil {
		key, ok := (*others)[kid]
		return key, ok
	}
	return nil, false
}

// JWKS returns the public keys as a JSON Web Key Set (RFC 7517), sorted by key
// id.
func (k *Keys) JWKS() jose.JSONWebKeySet {
	var set jose.JSONWebKeySet
	all := map[string]ed25519.PublicKey{}
	if others := k.others.Load(); others != nil {
		maps.Copy(all, *others)
	}
	maps.Copy(all, k.ring.Load().public)
	for kid, public := range all {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: public, KeyID: kid, Algorithm: string(jose.EdDSA), Use: "sig"})
	}
	slices.SortFunc(set.Keys, func(a, b jose.JSONWebKey) int { return strings.Compare(a.KeyID, b.KeyID) })
	return set
}
