package dump

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"faultline/record"
)

// maxFaults bounds the faults that are named.
const maxFaults = 100

// maxSmallFile bounds a file that is read as a whole, in bytes.
const maxSmallFile = 1 << 20

// Report is what the comparison of a day's files with each other and with the signed record
// has found.
type Report struct {
	Day       string
	Files     int      // compared with the manifest
	Missing   []string // not in the directory, so that nothing is said of them
	Revisions int
	Proven    int // the record has the hash of the revision
	// Lines are the revisions of which each member of the line is proven by the record. The
	// others have counts of people that a dump leaves out.
	Lines  int
	Origin string   // of the record
	Size   int64    // how many entries the signed head is of
	Key    string   // with which the signature was checked
	Faults []string // named, in plain words; at most 100
	More   int      // further faults
}

// fault notes that something differs.
func (r *Report) fault(format string, args ...any) {
	if len(r.Faults) >= maxFaults {
		r.More++
		return
	}
	r.Faults = append(r.Faults, fmt.Sprintf(format, args...))
}

// Verify compares the files of a day in a directory, offline. The key is the text NAME+ID+KEY;
// where it is empty the manifest's own is taken. Files that are not there are listed, and
// are no fault, but for proofs of revisions that are there. It fails where nothing could be
// compared.
func Verify(dir, key string) (Report, error) {
	r := Report{}
	body, err := readSmall(dir, manifestName)
	if err != nil {
		return r, fmt.Errorf("read what the day has: %w", err)
	}
	var m Manifest
	if err := jsonv2.Unmarshal(body, &m, jsonv2.RejectUnknownMembers(true)); err != nil {
		r.fault("%s: %v", manifestName, err)
		return r, nil
	}
	r.Day, r.Key = m.Day, key
	if key == "" {
		r.Key = m.RecordKey
	} else if m.RecordKey != key {
		r.fault("%s: the key of the record is %q, not %q", manifestName, m.RecordKey, key)
	}
	r.compareSums(dir, body, m)
	here := map[string]bool{}
	for _, f := range m.Files {
		switch err := r.compareFile(dir, f); {
		case errors.Is(err, fs.ErrNotExist):
			r.Missing = append(r.Missing, f.Name)
		case err != nil:
			return r, fmt.Errorf("read %s: %w", f.Name, err)
		default:
			here[f.Name] = true
		}
	}
	r.compareForms(dir, here)
	if here["incidents.ndjson.gz"] {
		r.compareRecord(dir, m)
	}
	return r, nil
}

func readSmall(dir, name string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, maxSmallFile+1))
	if err == nil && len(body) > maxSmallFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, maxSmallFile)
	}
	return body, err
}

// compareSums compares SHA256SUMS with the manifest: both say the same of each file.
func (r *Report) compareSums(dir string, manifest []byte, m Manifest) {
	body, err := readSmall(dir, sumsName)
	if errors.Is(err, fs.ErrNotExist) {
		r.Missing = append(r.Missing, sumsName)
		return
	}
	if err != nil {
		r.fault("%s: %v", sumsName, err)
		return
	}
	want := m.sums(manifest)
	if string(body) == want {
		r.Files++
		return
	}
	lines, right := strings.Split(string(body), "\n"), strings.Split(want, "\n")
	if len(lines) != len(right) {
		r.fault("%s has %d lines, and by %s it has %d", sumsName, len(lines)-1, manifestName, len(right)-1)
	}
	for i := range min(len(lines), len(right)) {
		if lines[i] == right[i] {
			continue
		}
		_, name, _ := strings.Cut(right[i], "  ")
		if name == manifestName {
			r.fault("%s differs from its checksum in %s", manifestName, sumsName)
			continue
		}
		r.fault("%s and %s differ on %s: %q and %q", sumsName, manifestName, name, lines[i], right[i])
	}
}

// compareFile compares a file with what the manifest says of it.
func (r *Report) compareFile(dir string, file File) error {
	if file.Name != filepath.Base(file.Name) {
		r.fault("%s: %q is no name of a file", manifestName, file.Name)
		return nil
	}
	f, err := os.Open(filepath.Join(dir, file.Name))
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return err
	}
	r.Files++
	if got := hex.EncodeToString(sum.Sum(nil)); n != file.Bytes || got != file.SHA256 {
		r.fault("%s differs from %s: it has %d bytes with the SHA-256 %s, and is to have %d with %s", file.Name,
			manifestName, n, got, file.Bytes, file.SHA256)
	}
	return nil
}

// compareRecord compares the revisions with their proofs, and those with the signed head.
func (r *Report) compareRecord(dir string, m Manifest) {
	p := proofs{of: map[revisionOfOne]record.Entry{}}
	if m.RecordKey != "" {
		signed, err := readSmall(dir, checkpointName)
		if err == nil {
			p.head, err = record.OpenHead(signed, r.Key)
		}
		if err != nil {
			r.fault("%s: %v: nothing proves the revisions", checkpointName, err)
			return
		}
		r.Origin, r.Size = p.head.Origin, p.head.Size
		if err := eachLine(dir, "proofs.ndjson.gz", func(row Proof) { p.take(r, row) }); err != nil {
			r.fault("proofs.ndjson.gz: %v", err)
		}
		p.compareChain(r)
	}
	if err := eachLine(dir, "incidents.ndjson.gz", func(row Revision) { p.compare(r, row) }); err != nil {
		r.fault("incidents.ndjson.gz: %v", err)
	}
	p.compareLeft(r)
	if unproven := r.Revisions - r.Proven; unproven != m.Unproven {
		r.fault("%d revisions have no proof, and by %s it is %d", unproven, manifestName, m.Unproven)
		for _, id := range p.lacking {
			r.fault("nothing proves revision %d of %s", id.revision, id.id)
		}
	}
}
