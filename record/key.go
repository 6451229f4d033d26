package record

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"faultline/atomicfile"
)

// keyPrefix begins a private key in the form of golang.org/x/mod/sumdb/note.
const keyPrefix = "PRIVATE+KEY+"

// Key signs the heads of the tree: an Ed25519 key in the form of signed notes. Its name
// is the origin of the record. Whoever has it can sign another history. It belongs on
// the nodes that sign and in their backup, and nowhere else.
type Key struct {
	signer   note.Signer
	verifier string
}

// Name is the origin of the record that the key signs.
func (k *Key) Name() string { return k.signer.Name() }

// Verifier is the public key as text, NAME+ID+KEY.
func (k *Key) Verifier() string { return k.verifier }

// OpenKey reads a key from a file. Where there is none and create is set, it makes one
// whose name comes from the public address of the service, and writes it there with
// mode 0600. Without create, a missing key is an error: a node that should have a copy
// of it must not make another record.
func OpenKey(file, baseURL string, create bool) (*Key, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && create {
		return makeKey(file, baseURL)
	}
	if err != nil {
		return nil, fmt.Errorf("read the record's key: %w", err)
	}
	k, err := readKey(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("read the record's key in %s: %w", file, err)
	}
	return k, nil
}

// NewKey makes a key that is kept nowhere. It is for tests: no service can go on with a
// key that ends with the process.
func NewKey(baseURL string) (*Key, error) {
	text, _, err := note.GenerateKey(rand.Reader, originOf(baseURL))
	if err != nil {
		return nil, fmt.Errorf("make the record's key: %w", err)
	}
	return readKey(text)
}

// makeKey writes a new key without ever replacing one: of two processes that begin at
// once, both read that of the first. The file is written beside and then linked under
// its name, which fails when there is one. A plain rename would replace the first
// process's key.
func makeKey(file, baseURL string) (*Key, error) {
	text, _, err := note.GenerateKey(rand.Reader, originOf(baseURL))
	if err != nil {
		return nil, fmt.Errorf("make the record's key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("make the record's key: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".record-key-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make the record's key: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // the link below keeps the file under its name
	_, err = f.WriteString(text + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("write the record's key: %w", err)
	}
	if err := os.Link(f.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("write the record's key: %w", err)
	}
	// A key that is lost after its first signature makes that signature worthless.
	if err := atomicfile.SyncDir(filepath.Dir(file)); err != nil {
		return nil, fmt.Errorf("write the record's key: %w", err)
	}
	return OpenKey(file, baseURL, false)
}

// originOf names the record of a service: its address without scheme, or a random name
// below the reserved domain .invalid where the service has no address. The name is part
// of the key. A service that moves to another address keeps its old name, so that its
// old signatures can be checked.
func originOf(baseURL string) string {
	if u, err := url.Parse(baseURL); err == nil && u.Host != "" {
		return u.Host + strings.TrimRight(u.Path, "/") + "/record"
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the process instead
	return hex.EncodeToString(b[:]) + ".invalid/record"
}

// readKey reads PRIVATE+KEY+NAME+ID+KEY, of which KEY is one byte of algorithm and the
// seed. The public key is computed from the seed, so there is no second file that could
// disagree.
func readKey(text string) (*Key, error) {
	signer, err := note.NewSigner(text)
	if err != nil {
		return nil, err
	}
	parts := strings.SplitN(strings.TrimPrefix(text, keyPrefix), "+", 3)
	seed, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return nil, errors.New("it is no Ed25519 key")
	}
	public, _ := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	verifier, err := note.NewEd25519VerifierKey(signer.Name(), public)
	if err != nil {
		return nil, err
	}
	return &Key{signer: signer, verifier: verifier}, nil
}
