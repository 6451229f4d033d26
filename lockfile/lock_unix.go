//go:build unix

package lockfile

import (
	"errors"
	"os"
	"syscall"
)

// Take takes an exclusive lock on an open file, or returns [ErrLocked] at once. The lock
// belongs to the open file: it is held until every process that has inherited the
// descriptor is gone or has closed it, whatever way they ended.
func Take(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}
