package dump

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/parquet-go/parquet-go"
	"golang.org/x/mod/sumdb/tlog"

	"faultline"
	"faultline/board/page"
	"faultline/record"
)

// maxLine bounds one row of JSON: a revision with all its sites.
const maxLine = 64 << 20

// revisionOfOne names a revision.
type revisionOfOne struct {
	id       string
	revision int
}

// proofs are those of a day that hold.
type proofs struct {
	head record.Head
	of   map[revisionOfOne]record.Entry
	met  map[revisionOfOne]bool
	// lacking are the first revisions that nothing proves.
	lacking []revisionOfOne
}

// take checks a proof, and notes the entry that it proves.
func (p *proofs) take(r *Report, row Proof) {
	what := fmt.Sprintf("proof of revision %d of %s (entry %d)", row.Revision, row.ID, row.Index)
	var path tlog.RecordProof
	for _, text := range row.Path {
		raw, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil || len(raw) != tlog.HashSize {
			r.fault("%s: its path has %q, which is no hash", what, text)
			return
		}
		path = append(path, tlog.Hash(raw))
	}
	leaf := record.Leaf([]byte(row.Entry))
	if err := tlog.CheckRecord(path, p.head.Size, p.head.Root, row.Index, leaf); err != nil {
		r.fault("%s: it is not in the signed tree of %d entries: %v", what, p.head.Size, err)
		return
	}
	e, err := record.ParseEntry([]byte(row.Entry))
	if err != nil {
		r.fault("%s: %v", what, err)
		return
	}
	id := revisionOfOne{e.Incident, e.Revision}
	_, twice := p.of[id]
	switch {
	case id != revisionOfOne{row.ID, row.Revision}:
		r.fault("%s: its entry is of revision %d of %s", what, e.Revision, e.Incident)
	case row.Hash != e.SHA256 || row.Leaf != record.Hex(leaf):
		r.fault("%s: its hash or leaf is not that of its entry", what)
	case twice:
		r.fault("%s is there twice", what)
	}
	p.of[id] = e
}

// sorted are the revisions that are proven, in order.
func (p *proofs) sorted() []revisionOfOne {
	return slices.SortedFunc(maps.Keys(p.of), func(a, b revisionOfOne) int {
		return cmp.Or(cmp.Compare(a.id, b.id), a.revision-b.revision)
	})
}

// compareChain compares each entry with that of the revision before it.
func (p *proofs) compareChain(r *Report) {
	for _, id := range p.sorted() {
		before, there := p.of[revisionOfOne{id.id, id.revision - 1}]
		if there && before.Stored != p.of[id].Previous {
			r.fault("revision %d of %s does not follow from revision %d", id.revision, id.id, id.revision-1)
		}
	}
	p.met = map[revisionOfOne]bool{}
}

// compare compares a revision with its entry: the hash that it says, and where nothing is left
// out of its line, the hash that it has.
func (p *proofs) compare(r *Report, row Revision) {
	r.Revisions++
	id := revisionOfOne{row.ID, row.Incident.Revision}
	e, there := p.of[id]
	if !there {
		if len(p.lacking) < maxFaults {
			p.lacking = append(p.lacking, id)
		}
		return
	}
	if p.met[id] {
		r.fault("revision %d of %s is there twice", id.revision, id.id)
		return
	}
	p.met[id] = true
	r.Proven++
	hash := row.Hash
	if !row.Withheld {
		var err error
		if hash, err = row.computed(); err != nil {
			r.fault("revision %d of %s: %v", id.revision, id.id, err)
			return
		}
		r.Lines++
	}
	if hash != e.SHA256 || row.Hash != e.SHA256 {
		r.fault("revision %d of %s differs from what was published: its hash is %s, published was %s", id.revision,
			id.id, hash, e.SHA256)
	}
}

// compareLeft names each proof whose revision is not there.
func (p *proofs) compareLeft(r *Report) {
	for _, id := range p.sorted() {
		if !p.met[id] {
			r.fault("revision %d of %s is missing, and its proof says that it was published", id.revision, id.id)
		}
	}
}

// computed is the hash of the revision of a line from which nothing is left out.
func (row Revision) computed() (string, error) {
	inc := row.Incident
	inc.Evidence = faultline.Evidence{Probes: row.Evidence.Probes, ProbesFailed: row.Evidence.ProbesFailed,
		Vantages: row.Evidence.Vantages}
	inc.Sites, inc.Exonerated = nil, nil
	for _, s := range row.Sites {
		inc.Sites = append(inc.Sites, faultline.IncidentSite{Site: s.Site, Member: s.Member, State: s.State,
			Symptom: s.Symptom, Onset: s.Onset, RecoveredAt: s.RecoveredAt, Probes: s.Probes,
			ProbesFailed: s.ProbesFailed})
	}
	return record.Hash(inc)
}

// eachLine hands on each row of a compressed file of JSON.
func eachLine[T any](dir, name string, take func(T)) error {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	in := bufio.NewScanner(z)
	in.Buffer(nil, maxLine)
	for n := 1; in.Scan(); n++ {
		var row T
		if err := jsonv2.Unmarshal(in.Bytes(), &row, jsonv2.RejectUnknownMembers(true)); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		take(row)
	}
	return in.Err()
}

// compareForms compares the two forms of each table that is there in both, row by row.
func (r *Report) compareForms(dir string, here map[string]bool) {
	for _, t := range []struct {
		name    string
		compare func() error
	}{
		{"incidents", func() error {
			return sameRows(dir, "incidents", columnsOf, func(c Columns) string {
				return fmt.Sprintf("revision %d of %s", c.Revision, c.ID)
			})
		}},
		{"proofs", func() error {
			return sameRows(dir, "proofs", same, func(p Proof) string {
				return fmt.Sprintf("proof of revision %d of %s", p.Revision, p.ID)
			})
		}},
		{"series", func() error {
			return sameRows(dir, "series", same, func(h Hour) string {
				return fmt.Sprintf("%s at %s", h.Site, h.At.UTC().Format(time.RFC3339))
			})
		}},
		{"sites", func() error { return sameRows(dir, "sites", same, func(s Site) string { return s.Site }) }},
	} {
		if !here[t.name+".ndjson.gz"] || !here[t.name+".parquet"] {
			continue
		}
		if err := t.compare(); err != nil {
			r.fault("%s.ndjson.gz and %s.parquet: %v", t.name, t.name, err)
		}
	}
}

// sameRows fails at the first row that differs in the two forms of a table, and names it.
func sameRows[T, P any](dir, name string, columns func(T) P, named func(P) string) (err error) {
	// The library ends with a panic on some files that are damaged.
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("the columns can't be read: %v", broken)
		}
	}()
	f, err := os.Open(filepath.Join(dir, name+".parquet"))
	if err != nil {
		return err
	}
	defer f.Close()
	in := parquet.NewGenericReader[P](f)
	defer func() { err = errors.Join(err, in.Close()) }()
	row, n := make([]P, 1), 0
	var differs error
	err = eachLine(dir, name+".ndjson.gz", func(line T) {
		if n++; differs != nil {
			return
		}
		if got, err := in.Read(row); got != 1 {
			differs = fmt.Errorf("row %d is missing in columns: %w", n, err)
			return
		}
		if want := columns(line); !bytes.Equal(rendered(want), rendered(row[0])) {
			differs = fmt.Errorf("%s (row %d) differs", named(want), n)
		}
	})
	if err = cmp.Or(err, differs); err != nil {
		return err
	}
	if in.NumRows() != int64(n) {
		return fmt.Errorf("there are %d lines and %d rows in columns", n, in.NumRows())
	}
	return nil
}

// rendered is a row as it is compared; nil where it can't be rendered.
func rendered(row any) []byte {
	text, err := page.Render(row)
	if err != nil {
		return nil
	}
	return text
}
