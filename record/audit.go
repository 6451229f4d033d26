package record

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// maxFaults bounds the faults that an audit names. A record that is another one
// altogether has a fault at each entry; the rest is counted.
const maxFaults = 100

// Audit compares what is kept with the record: every revision with its entry, the
// entries with the signed heads, and the entries of one incident with each other. Give
// it all that there is, in any order, and then ask for its [Report]. It serves
// `faultline verify` for a running service and for a dump. All of it is kept in memory,
// about 300 bytes for each entry.
type Audit struct {
	entries   map[int64][]byte
	revisions map[revisionID]sums
	recorded  map[string]int // of an incident: its first revision that is in the record
	heads     map[string][]byte
	faults    []string
	more      int
}

// revisionID names a revision.
type revisionID struct {
	incident string
	revision int
}

// sums are the hashes of one revision in its two forms.
type sums struct {
	published, stored string // stored is empty where only what is published is at hand
}

// Report is the result of an audit.
type Report struct {
	Entries   int64
	Revisions int
	// Unrecorded are revisions from before the record began.
	Unrecorded int
	Heads      int
	Faults     []string // named, in plain words; at most 100
	More       int      // further faults
}

// NewAudit begins an audit.
func NewAudit() *Audit {
	return &Audit{entries: map[int64][]byte{}, revisions: map[revisionID]sums{}, recorded: map[string]int{},
		heads: map[string][]byte{}}
}

// Fault notes that something is wrong.
func (a *Audit) Fault(format string, args ...any) {
	if len(a.faults) >= maxFaults {
		a.more++
		return
	}
	a.faults = append(a.faults, fmt.Sprintf(format, args...))
}

// Entry notes the text of the entry at an index.
func (a *Audit) Entry(at int64, text []byte) {
	if _, twice := a.entries[at]; twice {
		a.Fault("entry %d is there twice", at)
	}
	a.entries[at] = text
}

// Revision notes a revision with the hashes of what is published and of what is stored;
// the latter may be empty.
func (a *Audit) Revision(incident string, revision int, published, stored string) {
	a.revisions[revisionID{incident, revision}] = sums{published, stored}
}

// RecordedFrom notes the first revision of an incident that is in the record. The
// store keeps it beside each incident; an audit compares the two, or whoever removes the
// first entries of an incident could pass it off as one from before the record.
func (a *Audit) RecordedFrom(incident string, revision int) { a.recorded[incident] = revision }

// Head notes a signed head; name says which one it is.
func (a *Audit) Head(name string, signed []byte) { a.heads[name] = signed }

// Report compares. The key is the text NAME+ID+KEY. Where whole is set, each revision
// of the record must be there, else only those that are there are compared. Whole is
// right for a store, and wrong where only some of the revisions were fetched.
func (a *Audit) Report(key string, whole bool) Report {
	tree := a.grow()
	for _, name := range slices.Sorted(maps.Keys(a.heads)) {
		a.compareHead(tree, name, key)
	}
	unrecorded := a.compareRevisions(whole)
	return Report{Entries: tree.Size(), Revisions: len(a.revisions), Unrecorded: unrecorded, Heads: len(a.heads),
		Faults: a.faults, More: a.more}
}

// grow makes the tree of the entries, up to the first that is missing. A tree cannot go
// on behind a gap, since each entry's place is part of the root. What follows is still
// compared with its revisions.
func (a *Audit) grow() *Tree {
	tree := &Tree{}
	for n := range int64(len(a.entries)) {
		text, there := a.entries[n]
		if !there {
			a.Fault("entry %d of the record is missing", n)
			break
		}
		if err := tree.Append(text); err != nil {
			a.Fault("entry %d of the record: %v", n, err)
			break
		}
	}
	return tree
}

// compareHead checks the signature of a head, and that the tree of the entries has its
// root. A head that is larger than the tree has lost entries behind it.
func (a *Audit) compareHead(tree *Tree, name, key string) {
	head, err := OpenHead(a.heads[name], key)
	if err != nil {
		a.Fault("%s: %v", name, err)
		return
	}
	var root tlog.Hash
	if root, err = tree.Root(head.Size); err != nil {
		a.Fault("%s is of %d entries: %v", name, head.Size, err)
	} else if root != head.Root {
		a.Fault("%s: the first %d entries are not those that were signed: their root is %v, and %v was signed",
			name, head.Size, root, head.Root)
	}
}

// compareRevisions compares entries and revisions, and counts the revisions from before
// there was a record. Revisions from before the record are no fault: a service may have
// run for long before it began to keep one.
func (a *Audit) compareRevisions(whole bool) (unrecorded int) {
	seen, first := map[revisionID]Entry{}, map[string]int{}
	for _, n := range slices.Sorted(maps.Keys(a.entries)) {
		e, err := ParseEntry(a.entries[n])
		if err != nil {
			a.Fault("entry %d of the record: %v", n, err)
			continue
		}
		id := revisionID{e.Incident, e.Revision}
		if _, twice := seen[id]; twice {
			a.Fault("entry %d: revision %d of %s is in the record twice", n, e.Revision, e.Incident)
		}
		if _, has := first[e.Incident]; !has {
			first[e.Incident] = e.Revision
		}
		seen[id] = e
		a.compareEntry(n, e, seen, whole)
	}
	for _, id := range slices.Sorted(maps.Keys(a.recorded)) {
		if a.recorded[id] != first[id] {
			a.Fault("%s says that the record has it from revision %d on, and it is revision %d", id,
				a.recorded[id], first[id])
		}
	}
	ids := slices.SortedFunc(maps.Keys(a.revisions), func(x, y revisionID) int {
		return cmp.Or(cmp.Compare(x.incident, y.incident), x.revision-y.revision)
	})
	for _, id := range ids {
		if _, there := seen[id]; there {
			continue
		}
		if from, has := first[id.incident]; has && id.revision >= from {
			a.Fault("revision %d of %s is not in the record", id.revision, id.incident)
		} else {
			unrecorded++
		}
	}
	return unrecorded
}

// compareEntry checks one entry against the one before it of the same incident and
// against the revision that it is of. Entries of one incident form a chain: each has
// the hash of what was stored before it. So a revision that is put in between or taken
// out shows without any signature.
func (a *Audit) compareEntry(n int64, e Entry, seen map[revisionID]Entry, whole bool) {
	before, recorded := seen[revisionID{e.Incident, e.Revision - 1}]
	switch {
	case e.Revision == 1 && e.Previous != "":
		a.Fault("entry %d: revision 1 of %s has a revision before it", n, e.Incident)
	case recorded && before.Stored != e.Previous:
		a.Fault("entry %d: revision %d of %s does not follow from revision %d", n, e.Revision, e.Incident, e.Revision-1)
	}
	got, there := a.revisions[revisionID{e.Incident, e.Revision}]
	switch {
	case !there && whole:
		a.Fault("revision %d of %s is missing, and entry %d says that it was published", e.Revision, e.Incident, n)
	case !there:
	case got.published != e.SHA256:
		a.Fault("revision %d of %s differs from what was published by entry %d: its hash is %s, published was %s",
			e.Revision, e.Incident, n, got.published, e.SHA256)
	case got.stored != "" && got.stored != e.Stored:
		a.Fault("revision %d of %s differs from what was stored by entry %d", e.Revision, e.Incident, n)
	}
}
