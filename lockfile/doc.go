// Package lockfile makes one process the only one that uses a directory, by a lock on a
// file in it.
//
// What belongs here: the lock, on each platform. What does not: which file it is, and what
// is done when another process has it.
package lockfile

import "errors"

// ErrLocked says that another process holds the lock.
var ErrLocked = errors.New("locked by another process")
