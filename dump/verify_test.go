package dump

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline/record"
)

// ledger is a record in memory: all revisions of a store, in turn.
type ledger struct {
	entries [][]byte
	days    map[string][]byte
	head    []byte
	key     string
}

func (l *ledger) RecordSize(context.Context) (int64, error) { return int64(len(l.entries)), nil }
func (l *ledger) RecordEntries(_ context.Context, bundle int64) ([][]byte, error) {
	from := min(int64(len(l.entries)), bundle*record.TileWidth)
	return l.entries[from:min(int64(len(l.entries)), from+record.TileWidth)], nil
}
func (l *ledger) RecordHead(context.Context) ([]byte, error)             { return l.head, nil }
func (l *ledger) RecordHeads(context.Context) (map[string][]byte, error) { return l.days, nil }
func (l *ledger) SaveRecordHead(_ context.Context, _ int64, head []byte, day string) error {
	l.head, l.days[day] = head, head
	return nil
}
func (l *ledger) RecordKey(_ context.Context, verifier string) (string, error) {
	l.key = verifier
	return l.key, nil
}

// publish appends the entries of one revision of each incident.
func (l *ledger) publish(k kept, revision int) {
	for n := range k.incidents {
		inc := k.incident(n, revision)
		e := record.Entry{Incident: inc.ID, Revision: revision, SHA256: inc.Hash, Stored: stored(n, revision)}
		l.entries = append(l.entries, []byte(e.Head()+stored(n, revision-1)+record.Tail))
	}
}

// stored is a hash that stands for the stored form of a revision.
func stored(n, revision int) string {
	if revision == 0 {
		return ""
	}
	return record.Hex(sha256.Sum256(fmt.Appendf(nil, "%d %d", n, revision)))
}

// record is the signed record of the store. The second revisions are signed a moment after
// midnight, and the next day signs a further one.
func (k kept) record(t *testing.T) *record.Keeper {
	t.Helper()
	const signer = "PRIVATE+KEY+faultline.example/record+ad5d4405+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(signer), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := record.OpenKey(file, "", false)
	if err != nil {
		t.Fatal(err)
	}
	l, now := &ledger{days: map[string][]byte{}}, day.Add(23*time.Hour)
	keeper := record.NewKeeper(record.KeeperConfig{Source: l, Key: key, Now: func() time.Time { return now },
		Log: slog.New(slog.DiscardHandler)})
	for revision := range 3 {
		l.publish(k, revision+1)
		if err := keeper.Follow(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = []time.Time{day.AddDate(0, 0, 1).Add(time.Second), day.AddDate(0, 0, 1).Add(time.Hour), {}}[revision]
	}
	return keeper
}

// unpacked is the text of a file of a dump, and packed is the reverse.
func unpacked(t *testing.T, dir, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(name, ".gz") {
		return body
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return body
}

func packed(t *testing.T, dir, name string, text []byte) {
	t.Helper()
	var out bytes.Buffer
	if strings.HasSuffix(name, ".gz") {
		z := gzip.NewWriter(&out)
		_, _ = z.Write(text)
		_ = z.Close()
	} else {
		out.Write(text)
	}
	if err := os.WriteFile(filepath.Join(dir, name), out.Bytes(), fileMode); err != nil {
		t.Fatal(err)
	}
}

// sealed writes the checksums again, as somebody would who wants to hide a change.
func sealed(t *testing.T, dir string) {
	t.Helper()
	m, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range m.Files {
		body, err := os.ReadFile(filepath.Join(dir, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(body)
		m.Files[i].Bytes, m.Files[i].SHA256 = int64(len(body)), hex.EncodeToString(sum[:])
	}
	if err := m.finish(dir); err != nil {
		t.Fatal(err)
	}
}

// verified is the report on a dump of three incidents to which something was done.
func verified(t *testing.T, change func(dir string, m Manifest)) Report {
	t.Helper()
	dir, m := written(t, kept{3})
	if change != nil {
		change(dir, m)
	}
	r, err := Verify(dir, m.RecordKey)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What was written has no fault, and each of its revisions is proven under the last head of
// its day, which another day does not change.
func TestADumpIsProvenByTheRecord(t *testing.T) {
	r := verified(t, nil)
	if len(r.Faults) > 0 || r.Revisions != 5 || r.Proven != 5 || r.Lines != 2 || r.Size != 6 ||
		r.Origin != "faultline.example/record" || len(r.Missing) > 0 {
		t.Errorf("%+v", r)
	}
	dir, m := written(t, kept{0})
	if r, err := Verify(dir, m.RecordKey); err != nil || len(r.Faults) > 0 || r.Revisions != 0 {
		t.Errorf("nothing happened: %+v, %v", r, err)
	}
	r = verified(t, func(dir string, _ Manifest) {
		for _, name := range []string{"series.parquet", "incidents.parquet", sumsName} {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	})
	if len(r.Faults) > 0 || len(r.Missing) != 3 || r.Proven != 5 {
		t.Errorf("a part was taken: %+v", r)
	}
}

// A proof of a dump is one that programs of others read: with the head it makes a C2SP
// tlog-proof.
func TestAProofOfADumpIsATlogProof(t *testing.T) {
	dir, m := written(t, kept{3})
	for _, row := range rowsOf[Proof](t, dir, "proofs.ndjson.gz") {
		text := fmt.Sprintf("c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n%s\n\n%s",
			base64.StdEncoding.EncodeToString([]byte(row.Entry)), row.Index,
			strings.Join(row.Path, "\n"), unpacked(t, dir, checkpointName))
		p, err := record.ParseProof([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		e, _, err := p.Check(m.RecordKey)
		if err != nil || e.Incident != row.ID || e.Revision != row.Revision || e.SHA256 != row.Hash {
			t.Errorf("%+v: %v", e, err)
		}
	}
}

// One changed byte of any file is found, and the file is named.
func TestAChangedByteOfAFileIsFoundAndNamed(t *testing.T) {
	_, m := written(t, kept{3})
	names := slices.Clone(OwnFiles)
	for _, f := range m.Files {
		names = append(names, f.Name)
	}
	for _, name := range names {
		for _, part := range []int{1, 3, 5, 7} {
			r := verified(t, func(dir string, _ Manifest) {
				body, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				body[len(body)*part/8] ^= 1
				if err := os.WriteFile(filepath.Join(dir, name), body, fileMode); err != nil {
					t.Fatal(err)
				}
			})
			if all := strings.Join(r.Faults, "\n"); !strings.Contains(all, name) {
				t.Errorf("%s, %d/8: %q", name, part, all)
			}
		}
	}
}

// What somebody changes who then writes the checksums again is found by the other form of
// the table or by the signed record, and named.
func TestAChangeWithRightChecksumsIsFoundAndNamed(t *testing.T) {
	const rows, proven, proof1 = "incidents.ndjson.gz", "proofs.ndjson.gz", "proof of revision 1 of "
	for _, c := range []struct{ what, file, old, now, named string }{
		{"a title", rows, `One site`, `Two site`, "revision 1 of inc_0002 differs from what was"},
		{"a count of sites", rows, `(inc_0000.*"state":)"down"`, `${1}"ok"`,
			"revision 1 of inc_0000 (row 5) differs"},
		{"a hash", rows, `"hash":"[0-9a-f]{8}`, `"hash":"00000000`, "revision 1 of inc_0002 differs"},
		{"withheld", rows, `"withheld":false`, `"withheld":true`, "revision 1 of inc_0002"},
		{"a revision is left out", rows, `(?m)^.*inc_0001.*\n`, ``, "revision 1 of inc_0001 is missing"},
		{"a member", rows, `"headline"`, `"heedline"`, "incidents.ndjson.gz: line 1"},
		{"an entry", proven, `stored\\":\\"[0-9a-f]`, `stored\":\"g`, proof1 + "inc_0000 (entry 0)"},
		{"a path", proven, `"path":\["..`, `"path":["zz`, proof1 + "inc_0000 (entry 0)"},
		{"a path that is none", proven, `"path":\["..`, `"path":["%%`, proof1 + "inc_0000"},
		{"an index", proven, `"index":1`, `"index":2`, proof1 + "inc_0001 (entry 2)"},
		{"a leaf", proven, `"leaf":"[0-9a-f]{8}`, `"leaf":"00000000`, proof1 + "inc_0000"},
		{"an id", proven, `\{"id":"inc_0000"`, `{"id":"inc_0009"`, proof1 + "inc_0009"},
		{"a proof is left out", proven, `(?m)^.*"inc_0002".*\n`, ``, "nothing proves revision 1 of inc_0002"},
		{"a size that was signed", checkpointName, "\n6\n", "\n5\n", checkpointName},
		{"another signature", checkpointName, `record [A-Za-z0-9+/]{4}`, "record AAAA", checkpointName},
		{"the key", manifestName, `record\+[0-9a-f]{8}`, "record+00000000", manifestName},
		{"how many are unproven", manifestName, `"unproven": 0`, `"unproven": 1`, manifestName},
	} {
		r := verified(t, func(dir string, _ Manifest) {
			old := regexp.MustCompile(c.old)
			text := unpacked(t, dir, c.file)
			at := old.FindSubmatchIndex(text)
			if at == nil {
				t.Fatalf("%s: %q is not in %s", c.what, c.old, c.file)
			}
			packed(t, dir, c.file, slices.Concat(text[:at[0]], old.Expand(nil, []byte(c.now), text, at), text[at[1]:]))
			sealed(t, dir)
		})
		if all := strings.Join(r.Faults, "\n"); !strings.Contains(all, c.named) {
			t.Errorf("%s: %q is not named in %q", c.what, c.named, all)
		}
	}
	r := verified(t, func(dir string, m Manifest) {
		m.RecordKey = ""
		if err := m.finish(dir); err != nil {
			t.Fatal(err)
		}
	})
	if len(r.Faults) == 0 {
		t.Error("the key is left out, and nothing is found")
	}
}

// Another row in columns is found, and named.
func TestAChangedRowInColumnsIsFoundAndNamed(t *testing.T) {
	r := verified(t, func(dir string, _ Manifest) {
		name := filepath.Join(dir, "series.parquet")
		rows := columnsIn[Hour](t, dir, "series.parquet")
		rows[3].Probes++
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		other := t.TempDir()
		if _, err := table(other, "series", same, func(each func(Hour) error) error {
			for _, row := range rows {
				if err := each(row); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(other, "series.parquet"), name); err != nil {
			t.Fatal(err)
		}
		sealed(t, dir)
	})
	if all := strings.Join(r.Faults, "\n"); !strings.Contains(all, "a.net at 2026-03-01T03:00:00Z (row 4) differs") {
		t.Errorf("%q", all)
	}
}

// Where no record is, revisions are written all the same, and it is said that nothing proves
// them. A directory without a manifest is no dump.
func TestADumpWithoutARecordSaysSo(t *testing.T) {
	dir := t.TempDir()
	m, err := Write(t.Context(), dir, Day{Day: day, From: kept{3}})
	if err != nil || m.Unproven != 5 || m.RecordKey != "" {
		t.Fatalf("%+v, %v", m, err)
	}
	r, err := Verify(dir, "")
	if err != nil || len(r.Faults) > 0 || r.Revisions != 5 || r.Proven != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := Verify(dir, "a+1+key"); err != nil || len(r.Faults) == 0 {
		t.Errorf("a key is asked for, and there is no record: %+v, %v", r, err)
	}
	if _, err := Verify(t.TempDir(), ""); err == nil {
		t.Error("an empty directory is a dump")
	}
}
