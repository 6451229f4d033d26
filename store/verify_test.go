package store

import (
	"bytes"
	"compress/gzip"
	"encoding/gob"
	"strings"
	"testing"

	"faultline"
	"faultline/pace"
	"faultline/record"
	"faultline/store/storetest"
)

// signedBackup is a backup of some incidents with a signed record, and its public key.
func signedBackup(t *testing.T, incidents int) ([]byte, string) {
	t.Helper()
	f := backend{url: storetest.Start(t)}.open(t)
	ctx, l := t.Context(), f.lead(t)
	_, err := f.Append(ctx, BatchKey{1, 1}, everyEvent(f.now))
	ok(t, err)
	for n := range incidents {
		ok(t, f.SaveRevision(ctx, l, incident(n, 1)))
		ok(t, f.SaveRevision(ctx, l, incident(n, 2)))
	}
	key, err := record.NewKey("https://faultline.example")
	ok(t, err)
	f.sign(t, key, "2026-03-01")
	ok(t, f.SaveView(ctx, l, faultline.View{AsOf: f.now}, Pos{5, 1}))
	var file bytes.Buffer
	ok(t, Backup(ctx, f.url, nil, &file))
	return file.Bytes(), key.Verifier()
}

// sign signs the record as it is, as the last head of a day.
func (f *fixture) sign(t *testing.T, key *record.Key, day string) {
	t.Helper()
	ctx := t.Context()
	size, err := f.RecordSize(ctx)
	ok(t, err)
	var tree record.Tree
	for bundle := int64(0); tree.Size() < size; bundle++ {
		entries, err := f.RecordEntries(ctx, bundle)
		ok(t, err)
		for _, text := range entries {
			ok(t, tree.Append(text))
		}
	}
	root, err := tree.Root(size)
	ok(t, err)
	head, err := key.Sign(size, root)
	ok(t, err)
	_, err = f.RecordKey(ctx, key.Verifier())
	ok(t, err)
	ok(t, f.SaveRecordHead(ctx, size, head, day))
}

// unwrapped are the items of a backup, and wrapped is the reverse.
func unwrapped(t *testing.T, file []byte) []item {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(file))
	ok(t, err)
	in := gob.NewDecoder(z)
	var all []item
	for {
		var r item
		ok(t, in.Decode(&r))
		if all = append(all, r); r.End {
			return all
		}
	}
}

func wrapped(t *testing.T, items []item) []byte {
	t.Helper()
	var file bytes.Buffer
	z := gzip.NewWriter(&file)
	out := gob.NewEncoder(z)
	for _, r := range items {
		ok(t, out.Encode(r))
	}
	ok(t, z.Close())
	return file.Bytes()
}

// A backup of a thousand incidents has no fault, with the key that is known or its own.
func TestABackupIsVerifiedWithoutRedis(t *testing.T) {
	incidents := 150
	if pace.Thorough {
		incidents = 1000
	}
	file, key := signedBackup(t, incidents)
	for _, given := range []string{"", key} {
		report, used, err := VerifyBackup(bytes.NewReader(file), nil, given)
		ok(t, err)
		equal(t, report, record.Report{Entries: int64(2 * incidents), Revisions: 2 * incidents, Heads: 2})
		equal(t, used, key)
	}
	other, err := record.NewKey("https://faultline.example")
	ok(t, err)
	report, _, err := VerifyBackup(bytes.NewReader(file), nil, other.Verifier())
	ok(t, err)
	if len(report.Faults) == 0 {
		t.Error("a record that another key has signed is taken")
	}
}

// One changed byte in any kind of thing that a backup holds is found, and the fault names
// the thing.
func TestAChangedByteIsFoundAndNamed(t *testing.T) {
	file, key := signedBackup(t, 3)
	kinds := map[string]bool{}
	for i, r := range unwrapped(t, file) {
		if r.Key == "" {
			continue
		}
		for _, change := range changesOf(r) {
			items := unwrapped(t, file)
			change.apply(&items[i])
			report, _, err := VerifyBackup(bytes.NewReader(wrapped(t, items)), nil, key)
			ok(t, err)
			name := strings.TrimPrefix(r.Key, tag)
			if len(report.Faults) == 0 {
				t.Errorf("%s, %s: a changed byte is not found", name, change.what)
			} else if !strings.Contains(strings.Join(report.Faults, "\n"), change.named) {
				t.Errorf("%s, %s: %q is not named in %q", name, change.what, change.named, report.Faults)
			}
		}
		kinds[specKind(r.Key)] = true
	}
	for _, kind := range []string{prefixIncident + "*", prefixEntries + "*", keyRecord, keyHeads, keyLog,
		keyChanges, keyIndex} {
		if !kinds[kind] {
			t.Errorf("the backup holds no %s", kind)
		}
	}
	for i := range file { // what is damaged on a disk
		if i%499 != 0 {
			continue
		}
		damaged := bytes.Clone(file)
		damaged[i] ^= 0x20
		report, _, err := VerifyBackup(bytes.NewReader(damaged), nil, key)
		if err == nil && len(report.Faults) == 0 && i >= gzipHead {
			t.Errorf("byte %d of the file is changed, and nothing is found", i)
		}
	}
}

// gzipHead has a time and the name of a system, which nobody reads.
const gzipHead = 10

func specKind(key string) string {
	spec, _ := specOf(key)
	return spec.pattern
}

type byteChange struct {
	what, named string
	apply       func(*item)
}

// changesOf changes one byte of each value of an item, and what its fault must name.
func changesOf(r item) []byteChange {
	var all []byteChange
	add := func(what, named string, of func(*item) *string) {
		all = append(all, byteChange{what, named, func(r *item) {
			value := of(r)
			b := []byte(*value)
			b[len(b)/2] ^= 1
			*value = string(b)
		}})
	}
	id := strings.TrimPrefix(r.Key, prefixIncident)
	for i := 0; i+1 < len(r.Hash); i += 2 {
		named := map[string]string{recordKey: "key", recordHead: "newest signed head",
			recordHeadSize: "size"}[r.Hash[i]]
		switch {
		case strings.HasPrefix(r.Key, prefixIncident):
			named = id
		case r.Key == keyHeads:
			named = r.Hash[i]
		}
		add(r.Hash[i], named, func(r *item) *string { return &r.Hash[i+1] })
	}
	for i := range r.List {
		add("entry", "entr", func(r *item) *string { return &r.List[i] })
	}
	for i := 0; i+1 < len(r.Fields); i += 2 {
		if r.Fields[i+1] == "" {
			continue // the first change has none before it
		}
		add(r.Fields[i], map[string]string{keyLog: r.ID, keyChanges: "change"}[r.Key],
			func(r *item) *string { return &r.Fields[i+1] })
	}
	if len(r.Dump) > 0 {
		all = append(all, byteChange{"dump", r.Key, func(r *item) { r.Dump[len(r.Dump)/2] ^= 1 }})
	}
	return all
}
