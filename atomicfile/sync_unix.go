//go:build unix

package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
)

// SyncDir waits until the names in a directory are on disk. Whoever creates, links or
// renames a file that must survive a power failure calls it afterwards: fsync of a file
// makes its content durable and says nothing about its name (fsync(2), NOTES).
func SyncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
