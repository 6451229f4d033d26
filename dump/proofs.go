package dump

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"

	"faultline/record"
)

// checkpointName is the file with the signed head that all proofs of a day lead to.
const checkpointName = "checkpoint.txt"

// Proof is a row of proofs: that a revision is in the signed record of what was published.
// With the head in checkpoint.txt it makes a C2SP tlog-proof.
type Proof struct {
	ID       string `json:"id" parquet:"id"`
	Revision int    `json:"revision" parquet:"revision"`
	// Hash is the SHA-256 of the revision as it was published, which incidents has too.
	Hash  string   `json:"hash" parquet:"hash"`
	Index int64    `json:"index" parquet:"index"`    // of its entry in the record
	Entry string   `json:"entry" parquet:"entry"`    // the text of the entry
	Leaf  string   `json:"leaf" parquet:"leaf"`      // the hash of the entry in the tree, in hexadecimal
	Path  []string `json:"path" parquet:"path,list"` // from the leaf to the root, in base64
}

// published is a revision that a dump has, and where its entry is in the record.
type published struct {
	id, hash string
	revision int
	at       int64
}

func publishedOf(r Revision) published {
	return published{id: r.ID, revision: r.Incident.Revision, hash: r.Hash}
}

// prove writes a proof of each revision, in the order of the record, and the signed head that
// all of them lead to.
func (d Day) prove(ctx context.Context, dir string, m *Manifest, all []published) error {
	rows := d.placed(all)
	size := int64(0)
	if len(rows) > 0 {
		// A tree has as many entries as the index of its last one, and one more.
		size = rows[len(rows)-1].at + 1
	}
	head, signed := d.head(m.Day, size)
	// A proof leads to a head that is signed. What was added behind it has none yet.
	for len(rows) > 0 && rows[len(rows)-1].at >= head.Size { // not signed
		rows = rows[:len(rows)-1]
	}
	m.Unproven = len(all) - len(rows)
	files, err := table(dir, "proofs", same, func(each func(Proof) error) error {
		return d.proofs(ctx, rows, head.Size, each)
	})
	if err != nil {
		return err
	}
	m.Files = append(m.Files, files...)
	if signed == nil {
		return nil
	}
	m.RecordKey = d.Record.Verifier()
	return m.add(dir, checkpointName, signed, 0)
}

// head is the one that proves a day, and else the newest that there is.
func (d Day) head(day string, size int64) (record.Head, []byte) {
	if d.Record == nil {
		return record.Head{}, nil
	}
	// One head for a day, whenever its dump is written, so that all nodes write the same
	// bytes.
	if head, signed := d.Record.HeadOf(day, size); signed != nil {
		return head, signed
	}
	return d.Record.Head()
}

// placed are those revisions that the record has, in its order.
func (d Day) placed(all []published) (rows []published) {
	if d.Record == nil {
		return nil
	}
	for _, p := range all {
		if at, there := d.Record.Place(p.id, p.revision); there {
			p.at = at
			rows = append(rows, p)
		}
	}
	slices.SortFunc(rows, func(a, b published) int { return cmp.Compare(a.at, b.at) })
	return rows
}

// proofs hands on the proof of each revision. Each bundle of entries is read once.
func (d Day) proofs(ctx context.Context, rows []published, size int64, each func(Proof) error) error {
	bundle, entries := int64(-1), [][]byte(nil)
	for _, r := range rows {
		if n := r.at / record.TileWidth; n != bundle {
			var err error
			if entries, err = d.Record.Entries(ctx, n); err != nil {
				return err
			}
			bundle = n
			d.Rest(ctx)
		}
		if r.at%record.TileWidth >= int64(len(entries)) {
			return fmt.Errorf("entry %d of the record is missing", r.at)
		}
		path, err := d.Record.Path(size, r.at)
		if err != nil {
			return err
		}
		text := entries[r.at%record.TileWidth]
		row := Proof{ID: r.id, Revision: r.revision, Hash: r.hash, Index: r.at, Entry: string(text),
			Leaf: record.Hex(record.Leaf(text)), Path: make([]string, 0, len(path))}
		for _, h := range path {
			row.Path = append(row.Path, base64.StdEncoding.EncodeToString(h[:]))
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return nil
}
