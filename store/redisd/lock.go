package redisd

import (
	"fmt"
	"os"

	"faultline/lockfile"
)

// errLocked: another process holds the lock.
var errLocked = lockfile.ErrLocked

// lockFile takes an exclusive lock on the file at path, which is created if
// need be. The lock belongs to the open file: it is held until every process
// that has inherited the descriptor is gone or has closed it, whatever way they
// ended. While another holds it the answer is errLocked, at once.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err = lockfile.Take(f); err == nil {
		return f, nil
	}
	f.Close()
	return nil, fmt.Errorf("lock %s: %w", path, err)
}
