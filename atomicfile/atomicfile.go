package atomicfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// tempName is how files are called that are still being written. They begin with a dot and
// end with a random number, so that no reader which goes by the end of a name takes one.
const tempName = ".new-*"

// ErrNotRegular says that a directory, a device or a pipe is where a file is to be replaced.
var ErrNotRegular = errors.New("it is no regular file")

// File is the content that a file is to have. It is written into a file beside it, which
// takes its place at [File.Commit]. It is not safe for concurrent use.
type File struct {
	*os.File
	path string // of the file that is replaced
	over bool   // it was committed or abandoned
}

// Create begins to replace the file at a path, in a directory that is there. Only this user
// may read the new file (mode 0600). The caller ends with [File.Commit] or
// [File.CommitUnsynced], and defers [File.Abandon] for the case that it comes to neither.
func Create(path string) (*File, error) {
	// What a link leads to is replaced, and not the link: /dev/stdout is one.
	if led, err := filepath.EvalSymlinks(path); err == nil {
		path = led
	}
	// A rename would put a file in the place of a device, and root may do so: whatever writes to
	// /dev/null afterwards would fill the disk.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", path, ErrNotRegular)
	}
	f, err := os.CreateTemp(filepath.Dir(path), tempName) // beside it: rename works within one file system
	if err != nil {
		return nil, err
	}
	return &File{File: f, path: path}, nil
}

// Commit puts the new content in place. When it returns without an error, the content and
// its name are on disk and survive a power failure. After an error the old file is still
// there, unless only the directory could not be synchronised.
func (f *File) Commit() error {
	// The content has to be on disk before its name is: file systems may write a rename
	// first, and a power failure in between would leave an empty file under the old name.
	if err := f.put(f.Sync()); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(f.path))
}

// CommitUnsynced puts the new content in place and does not wait for the disk, which takes
// milliseconds. It is for caches that recognise a damaged file by its checksum and can make
// it again.
func (f *File) CommitUnsynced() error { return f.put(nil) }

// put closes the new file and renames it, unless something went wrong before.
func (f *File) put(err error) error {
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	f.over = true
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// Abandon removes what was written so far; the old file stays. After a commit it does
// nothing.
func (f *File) Abandon() {
	if f.over {
		return
	}
	f.over = true
	// The error that made the caller give up is the one that matters.
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// Write replaces a file by a content and returns when that is on disk; see [File.Commit].
func Write(path string, content []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Abandon()
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Commit()
}
