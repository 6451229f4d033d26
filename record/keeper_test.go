package record_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"faultline"
	"faultline/record"
)

// source is a store in memory.
type source struct {
	entries [][]byte
	head    []byte
	size    int64
	key     string
	days    map[string][]byte
}

func (s *source) RecordSize(context.Context) (int64, error) { return int64(len(s.entries)), nil }

func (s *source) RecordEntries(_ context.Context, bundle int64) ([][]byte, error) {
	from := min(int64(len(s.entries)), bundle*record.TileWidth)
	return s.entries[from:min(int64(len(s.entries)), from+record.TileWidth)], nil
}

func (s *source) RecordHead(context.Context) ([]byte, error) { return s.head, nil }

func (s *source) RecordHeads(context.Context) (map[string][]byte, error) { return s.days, nil }

func (s *source) SaveRecordHead(_ context.Context, size int64, head []byte, day string) error {
	if size > s.size {
		s.head, s.size, s.days = head, size, map[string][]byte{day: head}
	}
	return nil
}

func (s *source) RecordKey(_ context.Context, verifier string) (string, error) {
	if s.key == "" {
		s.key = verifier
	}
	return s.key, nil
}

// publish appends n entries: revisions of seven incidents in turn.
func (s *source) publish(n int) {
	for range n {
		at := len(s.entries)
		e := record.Entry{Incident: fmt.Sprintf("inc_%d", at%7), Revision: at/7 + 1, SHA256: strings.Repeat("a", 64)}
		s.entries = append(s.entries, []byte(e.Head()+record.Tail))
	}
}

func keeper(t *testing.T, s *source, key *record.Key, file string) *record.Keeper {
	t.Helper()
	return record.NewKeeper(record.KeeperConfig{Source: s, Key: key, SignedFile: file,
		Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
		Log: slog.New(slog.DiscardHandler)})
}

func newKey(t *testing.T) *record.Key {
	t.Helper()
	key, err := record.NewKey("https://faultline.example/status")
	ok(t, err)
	return key
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// foreign reads tiles as a program of others does: by the paths of C2SP tlog-tiles, checked
// by the library of Go's checksum database.
type foreign struct {
	t *testing.T
	k *record.Keeper
}

func (f foreign) Height() int { return record.TileHeight }

func (f foreign) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := f.k.Tile(f.t.Context(), path)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (f foreign) SaveTiles([]tlog.Tile, [][]byte) {}

// open reads a checkpoint without any code of ours.
func open(t *testing.T, signed []byte, key string) tlog.Tree {
	t.Helper()
	verifier, err := note.NewVerifier(key)
	ok(t, err)
	n, err := note.Open(signed, note.VerifierList(verifier))
	ok(t, err)
	var tree tlog.Tree
	var origin, root string
	if _, err := fmt.Sscan(n.Text, &origin, &tree.N, &root); err != nil || origin != "faultline.example/status/record" {
		t.Fatalf("checkpoint %q: %v", n.Text, err)
	}
	tree.Hash, err = tlog.ParseHash(root)
	ok(t, err)
	return tree
}

// A client that others wrote finds every entry under the signed root, and that each head
// continues the one before it.
func TestAForeignClientVerifiesTheTree(t *testing.T) {
	ctx, s, key := t.Context(), &source{}, newKey(t)
	k := keeper(t, s, key, "")
	var before tlog.Tree
	for _, more := range []int{1, 6, 249, 1, 300, 66_000} {
		s.publish(more)
		ok(t, k.Follow(ctx))
		_, signed := k.Head()
		tree := open(t, signed, key.Verifier())
		if tree.N != int64(len(s.entries)) {
			t.Fatalf("the head is of %d entries, of %d", tree.N, len(s.entries))
		}
		hashes := tlog.TileHashReader(tree, foreign{t, k})
		if before.N > 0 {
			proof, err := tlog.ProveTree(tree.N, before.N, hashes)
			ok(t, err)
			ok(t, tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash))
		}
		for _, n := range []int64{0, tree.N / 2, tree.N - 1} {
			proof, err := tlog.ProveRecord(tree.N, n, hashes)
			ok(t, err)
			ok(t, tlog.CheckRecord(proof, tree.N, tree.Hash, n, tlog.RecordHash(s.entries[n])))
		}
		before = tree
	}
	bundle, err := k.Tile(ctx, "tile/entries/001")
	ok(t, err)
	entries, err := record.Unbundle(bundle)
	ok(t, err)
	if len(entries) != record.TileWidth || string(entries[3]) != string(s.entries[259]) {
		t.Error("a bundle does not hold the entries")
	}
	for _, path := range []string{"tile/0/999", "tile/3/000", "tile/8/0/000", "tile/00/000", "tile/0/0", "tile/-1/000",
		"tile/entries/259", "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/63/000.p/1", "tile/0/../0/000"} {
		if _, err := k.Tile(ctx, path); !errors.Is(err, faultline.ErrNotFound) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A proof holds for its entry, and for no other.
func TestAProofHoldsForItsRevisionAlone(t *testing.T) {
	ctx, s, key := t.Context(), &source{}, newKey(t)
	s.publish(700)
	k := keeper(t, s, key, "")
	ok(t, k.Follow(ctx))
	proof, err := k.Prove(ctx, "inc_3", 40)
	ok(t, err)
	read, err := record.ParseProof(proof.Text())
	ok(t, err)
	e, head, err := read.Check(key.Verifier())
	ok(t, err)
	if e.Incident != "inc_3" || e.Revision != 40 || head.Size != 700 {
		t.Errorf("it is of %+v", e)
	}
	text := proof.Text()
	for i := range text {
		changed := []byte(string(text))
		changed[i] ^= 1
		if p, err := record.ParseProof(changed); err == nil {
			if _, _, err := p.Check(key.Verifier()); err == nil {
				t.Fatalf("byte %d is changed, and the proof holds", i)
			}
		}
	}
	if _, _, err := read.Check(newKey(t).Verifier()); err == nil {
		t.Error("another key verifies it")
	}
	for _, revision := range []int{0, 101, -1} {
		if _, err := k.Prove(ctx, "inc_3", revision); !errors.Is(err, faultline.ErrNotFound) {
			t.Errorf("revision %d: %v", revision, err)
		}
	}
}

// Nodes with the key and without it publish the same head; a node that has another key
// says so, and signs nothing.
func TestAllNodesPublishTheSameTree(t *testing.T) {
	ctx, s, key := t.Context(), &source{}, newKey(t)
	s.publish(3)
	nodes := []*record.Keeper{keeper(t, s, key, ""), keeper(t, s, nil, ""), keeper(t, s, key, ""), keeper(t, s,
		newKey(t), "")}
	for i, k := range nodes {
		if err := k.Follow(ctx); (err != nil) != (i == 3) {
			t.Errorf("node %d: %v", i, err)
		}
		if _, signed := k.Head(); string(signed) != string(s.head) || k.Verifier() != key.Verifier() {
			t.Errorf("node %d publishes %q", i, signed)
		}
	}
	s.publish(1)
	ok(t, nodes[1].Follow(ctx))
	if head, _ := nodes[1].Head(); head.Size != 3 {
		t.Error("a node without the key has signed")
	}
}

// A node that has signed a history does not sign another one, not even after a restart.
func TestAHistoryThatWasSignedIsNotReplaced(t *testing.T) {
	ctx, key := t.Context(), newKey(t)
	file := filepath.Join(t.TempDir(), "record.head")
	s := &source{}
	s.publish(5)
	ok(t, keeper(t, s, key, file).Follow(ctx))
	for name, other := range map[string]func(*source){
		"shorter": func(s *source) { s.publish(4) },
		"different": func(s *source) {
			s.publish(5)
			s.entries[1], s.entries[2] = s.entries[2],
				s.entries[1]
			s.publish(1)
		},
	} {
		back := &source{}
		other(back)
		if err := keeper(t, back, key, file).Follow(ctx); err == nil || back.head != nil {
			t.Errorf("%s: another history is signed (%v)", name, err)
		}
	}
	s.publish(2)
	k := keeper(t, s, key, file)
	ok(t, k.Follow(ctx))
	if head, _ := k.Head(); head.Size != 7 {
		t.Errorf("the history that continues is not signed: %d", head.Size)
	}
}

// An entry that has changed in the store under a running node is noticed, and nothing that
// contradicts a signed head is published.
func TestAStoreThatLosesItsEndIsReadAgain(t *testing.T) {
	ctx, s, key := t.Context(), &source{}, newKey(t)
	s.publish(10)
	k := keeper(t, s, key, "")
	ok(t, k.Follow(ctx))
	s.entries = append(s.entries[:9:9], []byte(record.Entry{Incident: "inc_x", Revision: 1}.Head()+record.Tail),
		[]byte(record.Entry{Incident: "inc_x", Revision: 2}.Head()+record.Tail))
	for range 3 {
		if err := k.Follow(ctx); err == nil {
			t.Fatal("nothing is noticed")
		}
	}
	if head, _ := k.Head(); head.Size != 10 {
		t.Errorf("a head of %d entries is published", head.Size)
	}
}

// A key that is made is kept, and its name says whose record it signs.
func TestAKeyIsMadeOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "record.key")
	if _, err := record.OpenKey(file, "https://a.example", false); err == nil {
		t.Error("a key that is not there is read")
	}
	first, err := record.OpenKey(file, "https://a.example", true)
	ok(t, err)
	second, err := record.OpenKey(file, "https://b.example", true)
	ok(t, err)
	if first.Verifier() != second.Verifier() || first.Name() != "a.example/record" {
		t.Errorf("%s and then %s", first.Verifier(), second.Verifier())
	}
	if _, err := note.NewVerifier(first.Verifier()); err != nil {
		t.Error(err)
	}
}
