package store

import (
	"fmt"
	"io"
	"strings"
)

// Only these versions have the record in a form that can be compared without Redis.
var (
	verifiedWhole       = []int{backupVersion}
	verifiedIncremental = []int{incrementalVersion}
)

// overlay is what an incremental backup has in place of items of the whole one.
type overlay struct {
	base    string          // SHA-256 of the whole one
	keys    map[string]bool // that are other or gone
	firsts  map[string]Pos  // of each stream, its first entry that is left
	changes []item
}

// read takes the items of a whole backup, and of an incremental one that depends on it.
func (v *verifier) read(from io.Reader, since io.ReadSeeker) error {
	if since == nil {
		_, err := readBackup(from, verifiedWhole, func(r item) error { v.take(r); return nil })
		return err
	}
	over, err := readOverlay(since)
	if err != nil {
		return err
	}
	sum, err := readBackup(from, verifiedWhole, func(r item) error {
		if strings.HasPrefix(r.Key, prefixIncident) {
			v.later(over)
		}
		if !over.replaces(r) {
			v.take(r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if over.base != sum {
		return ErrOtherBase
	}
	v.later(over)
	_, err = readBackup(since, verifiedIncremental, func(r item) error {
		if !r.Gone && r.Key != keyChanges {
			v.take(r)
		}
		return nil
	})
	return err
}

// later takes the changes of the incremental backup, once. They come before incidents: a
// revision that the whole backup has may have its change in the incremental one.
func (v *verifier) later(over *overlay) {
	for _, r := range over.changes {
		v.take(r)
	}
	over.changes = nil
}

// readOverlay reads an incremental backup, and leaves it at its beginning.
func readOverlay(since io.ReadSeeker) (*overlay, error) {
	o := &overlay{keys: map[string]bool{}, firsts: map[string]Pos{}}
	_, err := readBackup(since, verifiedIncremental, o.note, func(head item) error { o.base = head.Base; return nil })
	if err != nil {
		return nil, err
	}
	_, err = since.Seek(0, io.SeekStart)
	return o, err
}

// note takes one item of the incremental backup.
func (o *overlay) note(r item) (err error) {
	switch {
	case r.ID == "":
		o.keys[r.Key] = true
	case r.Gone:
		if o.firsts[r.Key], err = ParsePos(r.ID); err != nil {
			return fmt.Errorf("the first entry of %s: %w", r.Key, err)
		}
	case r.Key == keyChanges:
		o.changes = append(o.changes, r)
	}
	return nil
}

// replaces reports whether an item of the whole backup is no more, or is another one.
func (o *overlay) replaces(r item) bool {
	if r.ID == "" {
		return o.keys[r.Key]
	}
	pos, err := ParsePos(r.ID)
	return err == nil && pos.Compare(o.firsts[r.Key]) < 0
}
