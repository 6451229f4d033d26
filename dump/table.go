package dump

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"faultline/board/page"
)

// fileMode lets everybody read what is published.
const fileMode = 0o644

// rowGroup is how many rows of a Parquet file lie together. So many are held in memory
// while it is written.
const rowGroup = 20_000

// output is a file that is being written, with its checksum.
type output struct {
	name string
	file *os.File
	sum  hash.Hash
	io.Writer
}

// create opens a file for writing, in place of what was there.
func create(dir, name string) (*output, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, fileMode)
	if err != nil {
		return nil, err
	}
	o := &output{name: name, file: f, sum: sha256.New()}
	o.Writer = io.MultiWriter(f, o.sum)
	return o, nil
}

// finish closes the file and says what it is.
func (o *output) finish(rows int) (File, error) {
	if err := o.file.Sync(); err != nil {
		return File{}, err
	}
	info, err := o.file.Stat()
	if err != nil {
		return File{}, err
	}
	return File{Name: o.name, Rows: rows, Bytes: info.Size(), SHA256: hex.EncodeToString(o.sum.Sum(nil))},
		o.file.Close()
}

// table writes rows twice, as they come: as compressed lines of JSON, and as Parquet in
// columns. It returns the two files. Rows are handed on one by one, so that a day need
// not fit into memory.
func table[T, P any](dir, name string, columns func(T) P, rows func(each func(T) error) error) (files []File,
	err error) {
	lines, err := create(dir, name+".ndjson.gz")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closed(lines)) }()
	store, err := create(dir, name+".parquet")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closed(store)) }()
	z := gzip.NewWriter(lines)
	p := parquet.NewGenericWriter[P](store, parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault}),
		parquet.CreatedBy("faultline", "", ""), parquet.MaxRowsPerRowGroup(rowGroup))
	n := 0
	err = rows(func(row T) error {
		n++
		text, err := page.Render(row)
		if err != nil {
			return err
		}
		if _, err = z.Write(append(text, '\n')); err != nil {
			return err
		}
		_, err = p.Write([]P{columns(row)})
		return err
	})
	if err = errors.Join(err, z.Close(), p.Close()); err != nil {
		return nil, err
	}
	for _, o := range []*output{lines, store} {
		f, err := o.finish(n)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// closed closes a file that something went wrong with; one that was finished is closed.
func closed(o *output) error {
	if err := o.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// same is for rows that have the same form in both files.
func same[T any](row T) T { return row }
