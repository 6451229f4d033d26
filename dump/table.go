package dump

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// fileMode lets everybody read what is published.
const fileMode = 0o644

// table writes rows as compressed lines, and says what the file is.
func table(dir, name string, rows func(each func(any) error) error) (File, error) {
	out := File{Name: name}
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, fileMode)
	if err != nil {
		return out, err
	}
	sum := sha256.New()
	z := gzip.NewWriter(io.MultiWriter(f, sum))
	err = rows(func(row any) error {
		text, err := line(row)
		if err != nil {
			return err
		}
		out.Rows++
		_, err = z.Write(text)
		return err
	})
	if err = errors.Join(err, z.Close(), f.Sync()); err != nil {
		return out, errors.Join(err, f.Close())
	}
	info, err := f.Stat()
	if err != nil {
		return out, errors.Join(err, f.Close())
	}
	out.Bytes, out.SHA256 = info.Size(), hex.EncodeToString(sum.Sum(nil))
	return out, f.Close()
}
