//go:build unix

package redisd

import (
	"io/fs"
	"os"
	"syscall"
)

// isOurs reports whether a directory belongs to our user, who alone may enter it.
func isOurs(info fs.FileInfo) bool {
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode().Perm() == 0o700 && int(owner.Uid) == os.Getuid()
}
