package archive

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"faultline"
	"faultline/atomicfile"
	"faultline/store"
)

// A file is a zip, so that an operator can open it without this program.
const (
	indexFile = "index.json"
	suffix    = ".zip"
	dirMode   = 0o700
	// maxEntryBytes bounds what one file in an archive may unfold to.
	// A damaged or forged file must not unfold until memory is full.
	maxEntryBytes = 64 << 20
)

// entry is one incident in the index of a file. The index is sorted by id, for a binary
// search.
type entry struct {
	ID      string `json:"id"`
	OnsetMS int64  `json:"onset_ms"`
	Last    int    `json:"last"`
	// Recorded is the number of the first revision that the public record has; 0: none.
	Recorded int `json:"recorded,omitempty"`
}

// written is an incident that is to be written into a file.
type written struct {
	entry
	revisions []store.PlainRevision
}

// encode makes a file of incidents, and describes it. The same incidents give the same
// bytes, so the name, which is the file's checksum, is the same whichever node writes
// it.
func encode(list []written) ([]byte, store.Segment, error) {
	slices.SortFunc(list, func(a, b written) int { return cmp.Compare(a.ID, b.ID) })
	// The list is sorted by id, so that its ends are the least and the greatest.
	seg := store.Segment{Incidents: len(list), FirstID: list[0].ID, LastID: list[len(list)-1].ID,
		FromMS: list[0].OnsetMS, UntilMS: list[0].OnsetMS}
	var index []entry
	for _, w := range list {
		index = append(index, w.entry)
		seg.FromMS, seg.UntilMS = min(seg.FromMS, w.OnsetMS), max(seg.UntilMS, w.OnsetMS)
	}
	text, err := json.Marshal(index)
	if err != nil {
		return nil, seg, err
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	// Files are written once and kept for years, so that time is spent on their size.
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	if err := add(z, indexFile, text); err != nil {
		return nil, seg, err
	}
	for _, w := range list {
		for _, r := range w.revisions {
			if err := add(z, revisionFile(w.ID, r.Revision), r.JSON); err != nil {
				return nil, seg, err
			}
		}
	}
	if err := z.Close(); err != nil {
		return nil, seg, err
	}
	sum := sha256.Sum256(out.Bytes())
	seg.Name, seg.Bytes = hex.EncodeToString(sum[:]), out.Len()
	return out.Bytes(), seg, nil
}

// add writes one file into the zip.
func add(z *zip.Writer, name string, body []byte) error {
	// Create notes no time of modification, so that the bytes do not depend on when a
	// file was made.
	w, err := z.Create(name)
	if err != nil {
		return err
	}
	_, err = w.Write(body)
	return err
}

// revisionFile is the name of a revision inside the zip.
func revisionFile(id string, revision int) string { return id + "/" + strconv.Itoa(revision) + ".json" }

// put writes a file down so that it is there whole, after a power failure too, or not at
// all. One whose content is not what its name says is refused.
func put(dir string, seg store.Segment, file []byte) error {
	if err := intact(seg, file); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return err
	}
	return atomicfile.Write(path(dir, seg.Name), file)
}

// intact compares a file with its name.
func intact(seg store.Segment, file []byte) error {
	if sum := sha256.Sum256(file); hex.EncodeToString(sum[:]) != seg.Name || len(file) != seg.Bytes {
		return errors.New("its content is not what its name says")
	}
	return nil
}

// path is where a file of the archive is. The name comes from Redis, so only its last
// element is used.
func path(dir, name string) string { return filepath.Join(dir, filepath.Base(name)+suffix) }

// opened is a file that is being read.
type opened struct {
	files  []*zip.File
	index  []entry
	closer io.Closer // nil: nothing is to be closed
}

// open opens a file and reads its index.
func open(dir, name string) (*opened, error) {
	z, err := zip.OpenReader(path(dir, name))
	if err != nil {
		return nil, err
	}
	o, err := indexed(&z.Reader, z)
	if err != nil {
		return nil, errors.Join(err, z.Close())
	}
	return o, nil
}

// decode is open for a file in memory.
func decode(file []byte) (*opened, error) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	return indexed(z, nil)
}

// indexed reads the index of a zip.
func indexed(z *zip.Reader, closer io.Closer) (*opened, error) {
	o := &opened{files: z.File, closer: closer}
	body, err := o.read(indexFile)
	if err == nil {
		err = json.Unmarshal(body, &o.index)
	}
	return o, err
}

func (o *opened) close() { _ = o.closer.Close() } // it was only read

// read returns one file of the archive. One that is not there is [faultline.ErrNotFound].
func (o *opened) read(name string) ([]byte, error) {
	i := slices.IndexFunc(o.files, func(f *zip.File) bool { return f.Name == name })
	if i < 0 {
		return nil, faultline.ErrNotFound
	}
	return readFile(o.files[i])
}

// readFile returns what is in one file, compared with its checksum.
func readFile(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	// The zip's reader compares the checksum at the end of an entry, so that it must be
	// read to its end.
	body, err := io.ReadAll(io.LimitReader(r, maxEntryBytes))
	return body, errors.Join(err, r.Close())
}

// find returns what the index says of an incident.
func (o *opened) find(id string) (entry, bool) {
	i, ok := slices.BinarySearchFunc(o.index, id, func(e entry, id string) int { return cmp.Compare(e.ID, id) })
	if !ok {
		return entry{}, false
	}
	return o.index[i], true
}

// incident reads one revision. A revision that cannot be read is an error and not a
// missing one.
func (o *opened) incident(id string, revision int) (faultline.Incident, error) {
	var inc faultline.Incident
	body, err := o.read(revisionFile(id, revision))
	if err != nil {
		return inc, err
	}
	if inc, err = (store.PlainRevision{Revision: revision, JSON: body}).Incident(); err != nil {
		return inc, fmt.Errorf("revision %d of %s: %w", revision, id, err)
	}
	return inc, nil
}
