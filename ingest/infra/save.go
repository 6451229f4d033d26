package infra

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"

	"faultline/atomicfile"
)

// Save writes the ranges to a file, with those of the file so far whose source could not
// be fetched this time. It writes beside the file and then puts that in its place.
func (f RangeFile) Save(name string) error {
	earlier, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the ranges so far: %w", err)
	}
	var before RangeFile
	if err == nil && json.Unmarshal(earlier, &before) == nil { // a file that can't be read is replaced
		f.Keep(before)
	}
	var doc bytes.Buffer
	if err := f.Write(&doc); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("save ranges: %w", err)
	}
	if err := atomicfile.Write(name, doc.Bytes()); err != nil {
		return fmt.Errorf("save ranges: %w", err)
	}
	return nil
}
