package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"faultline"
	"faultline/record"
)

// VerifyBackup compares a backup with the public record in it, without Redis; where since
// is not nil, both with what an incremental backup that depends on it has. The key is
// the record's public key as text; empty: the one that the backup itself names. It fails
// only where a backup can't be read to its end; what is wrong in it are faults.
func VerifyBackup(from io.Reader, since io.ReadSeeker, key string) (record.Report, string, error) {
	const op = "verify the backup"
	v := verifier{audit: record.NewAudit(), changes: map[string][]byte{}, onsets: map[string]int64{},
		placed: map[string]int64{}}
	if err := v.read(from, since); err != nil {
		return record.Report{}, key, fmt.Errorf("%s: %w", op, err)
	}
	v.compareChanges()
	v.comparePlaces()
	v.compareSizes()
	if key == "" {
		key = v.key
	} else if v.key != key {
		v.audit.Fault("the key of the record in the backup is %q, not %q", v.key, key)
	}
	if key == "" {
		v.audit.Fault("the backup holds no signed record")
	}
	return v.audit.Report(key, true), key, nil
}

// verifier takes the items of a backup one by one, in the order in which they are
// written, and keeps only what is compared at the end. Backups may be larger than
// memory. Revisions are therefore checked as they pass, and only hashes and short forms
// stay.
type verifier struct {
	audit   *record.Audit
	key     string
	fields  map[string]string    // of the record
	bundled int                  // entries
	changes map[string][]byte    // as the stream of changes has them, by id and revision
	changed string               // where the newest change stands
	listed  []faultline.Incident // listed form of the stored revisions that changes name
	onsets  map[string]int64     // of each incident at its last revision, in ms since 1970
	placed  map[string]int64     // as the index has those that were in the archive
}

// take checks one item of a backup by its key. Items that only Redis can read are dumps
// with a checksum of their own, and are left to restore.
func (v *verifier) take(r item) {
	switch {
	case r.Key == keyRecord:
		v.fields = pairs(r.Hash)
		v.key = v.fields[recordKey]
		if head := v.fields[recordHead]; head != "" {
			v.audit.Head("the newest signed head", []byte(head))
		}
	case r.Key == keyHeads:
		for day, head := range pairs(r.Hash) {
			v.audit.Head("the signed head of "+day, []byte(head))
		}
	case strings.HasPrefix(r.Key, prefixEntries):
		v.bundle(r)
	case strings.HasPrefix(r.Key, prefixIncident):
		v.incident(strings.TrimPrefix(r.Key, prefixIncident), pairs(r.Hash))
	case r.Key == keyChanges:
		v.change(r)
	case r.Key == keyLog:
		if _, _, err := openBatch(pairs(r.Fields)[batchField]); err != nil {
			v.audit.Fault("entry %s of the log: %v", r.ID, err)
		}
	case r.Placed != "":
		v.placed[r.Placed] = r.OnsetMS
	case !wholeDump(r.Dump):
		v.audit.Fault("%s: its checksum is wrong", r.Key)
	}
}

// bundle hands the entries of one bundle to the audit, each with its number in the record.
func (v *verifier) bundle(r item) {
	n, err := strconv.ParseInt(strings.TrimPrefix(r.Key, prefixEntries), 10, 64)
	if err != nil || n < 0 {
		v.audit.Fault("%s is no bundle of entries", r.Key)
		return
	}
	v.bundled += len(r.List)
	for i, text := range r.List {
		v.audit.Entry(n*record.TileWidth+int64(i), []byte(text))
	}
}

// incident checks all revisions of one incident: none may be missing at the end or lie beyond it.
// One that is missing in between may have been lost in a failover, which the record knows.
func (v *verifier) incident(id string, fields map[string]string) {
	if first, err := strconv.Atoi(fields[fieldRecorded]); err == nil {
		v.audit.RecordedFrom(id, first)
	}
	last, err := strconv.Atoi(fields[fieldLast])
	if err != nil {
		v.audit.Fault("%s does not say which revision is its last", id)
	}
	for name := range fields {
		if n, err := strconv.Atoi(name); err == nil && n > last {
			v.audit.Fault("%s says that revision %d is its last, and there is revision %d", id, last, n)
		}
	}
	if _, there := fields[strconv.Itoa(last)]; !there {
		v.audit.Fault("%s says that revision %d is its last, and it is missing", id, last)
	}
	for n := 1; n <= last; n++ {
		stored, there := fields[strconv.Itoa(n)]
		if !there {
			continue // the record says whether it was there
		}
		if err := v.revision(id, n, stored); err != nil {
			v.audit.Fault("revision %d of %s: %v", n, id, err)
		}
	}
}

// revision checks a stored revision against the hash that is stored with it, against
// its own id and number, and, through the audit, against the record. The three checks
// find different faults: a bit that has changed, a revision stored under another's
// name, and one that was published differently.
func (v *verifier) revision(id string, n int, stored string) error {
	if len(stored) < sha256.Size {
		return errors.New("truncated")
	}
	var plain json.RawMessage
	if err := unpack([]byte(stored[sha256.Size:]), &plain); err != nil {
		return err
	}
	sum := sha256.Sum256(plain)
	if string(sum[:]) != stored[:sha256.Size] {
		return errors.New("it does not have the hash that is stored with it")
	}
	inc, err := readRevision(stored)
	if err != nil {
		return err
	}
	if inc.ID != id || inc.Revision != n {
		return fmt.Errorf("what stands there is revision %d of %s", inc.Revision, inc.ID)
	}
	v.audit.Revision(id, n, inc.Hash, record.Hex(sum))
	v.onsets[id] = inc.Onset.At.UnixMilli() // revisions come in order, the last one last
	if _, named := v.changes[changeName(inc)]; named {
		v.listed = append(v.listed, inc.Listed())
	}
	return nil
}

// changeName is the name of a revision, as the change that announced it has it.
func changeName(inc faultline.Incident) string { return inc.ID + "@" + strconv.Itoa(inc.Revision) }

// change checks that a change names the one before it: a gap in the stream would mean that readers
// missed a revision.
func (v *verifier) change(r item) {
	fields := pairs(r.Fields)
	if v.changed != "" && fields["p"] != v.changed {
		v.audit.Fault("change %s does not name the change before it, which is %s", r.ID, v.changed)
	}
	v.changed = r.ID
	var plain json.RawMessage
	var inc faultline.Incident
	err := unpack([]byte(fields["i"]), &plain)
	if err == nil {
		err = json.Unmarshal(plain, &inc)
	}
	if err != nil {
		v.audit.Fault("change %s: %v", r.ID, err)
		return
	}
	v.changes[changeName(inc)] = plain
}

// compareChanges compares the changes with the revisions that they are the short form of.
// A change from before there was a record carries no hash. An incident that was moved into
// the archive while the backup was written is in it twice, and its change only once.
func (v *verifier) compareChanges() {
	for _, stored := range v.listed {
		change := v.changes[changeName(stored)]
		if !bytes.Contains(change, []byte(`"hash":`)) {
			stored.Hash = ""
		}
		if short, err := json.Marshal(stored); err != nil || !bytes.Equal(change, short) {
			v.audit.Fault("the change of revision %d of %s differs from the revision", stored.Revision, stored.ID)
		}
	}
	for _, stored := range v.listed {
		delete(v.changes, changeName(stored))
	}
	for _, name := range slices.Sorted(maps.Keys(v.changes)) {
		v.audit.Fault("a change is of %s, and there is no such revision", name)
	}
}

// comparePlaces compares where the index has the incidents of the archive with their onsets.
// Those of Redis have their places in a dump, of which only the checksum can be compared.
func (v *verifier) comparePlaces() {
	for _, id := range slices.Sorted(maps.Keys(v.placed)) {
		onset, there := v.onsets[id]
		switch {
		case !there:
			v.audit.Fault("the index has %s, and there is no such incident", id)
		case onset != v.placed[id]:
			v.audit.Fault("the index has %s at the onset %d, and its onset is %d", id, v.placed[id], onset)
		}
	}
}

// compareSizes compares the numbers that stand beside entries and head with those.
// These numbers are what Redis and readers go by, so a wrong one hides entries without
// changing any.
func (v *verifier) compareSizes() {
	if v.fields == nil {
		return
	}
	if v.fields[recordSize] != strconv.Itoa(v.bundled) {
		v.audit.Fault("the size of the record is said to be %q, and it has %d entries", v.fields[recordSize], v.bundled)
	}
	head, err := record.OpenHead([]byte(v.fields[recordHead]), v.key)
	if err == nil && v.fields[recordHeadSize] != strconv.FormatInt(head.Size, 10) {
		v.audit.Fault("the size of the newest signed head is said to be %q, and it is %d",
			v.fields[recordHeadSize], head.Size)
	}
}

// pairs makes a map of a list of fields and values, which is how Redis returns a hash.
// A name without a value at the end is left out.
func pairs(list []string) map[string]string {
	out := make(map[string]string, len(list)/2)
	for i := 0; i+1 < len(list); i += 2 {
		out[list[i]] = list[i+1]
	}
	return out
}

// dumpTable is of the checksum that ends what Redis dumps: CRC-64 by the reversed
// polynomial of Jones. Redis neither begins nor ends it with ones, as hash/crc64 does.
var dumpTable = crc64.MakeTable(0x95ac9329ac4bc9b5)

// wholeDump reports whether what Redis has dumped ends with the checksum of the rest.
// It finds damage only. Whether the dump is what was once there, nothing in it can
// tell.
func wholeDump(dump []byte) bool {
	const sumBytes = 8
	if len(dump) < sumBytes {
		return false
	}
	end := len(dump) - sumBytes
	return checksumOf(dump[:end]) == binary.LittleEndian.Uint64(dump[end:])
}

// checksumOf is CRC-64 as Redis computes it. The standard library's version inverts the
// sum before and after, which Redis does not.
func checksumOf(data []byte) (sum uint64) {
	for _, b := range data {
		sum = dumpTable[byte(sum)^b] ^ sum>>8
	}
	return sum
}
