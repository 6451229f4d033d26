package lockfile

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// Take takes an exclusive lock on an open file, or returns [ErrLocked] at once. The lock
// belongs to the open file: it is held until the file is closed, whatever way its process
// ended.
func Take(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrLocked
	}
	return err
}
