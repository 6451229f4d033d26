package redisd

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// socketLimit is how long the path of a unix socket may be: the system keeps it
// in 104 bytes (BSD) or 108 (Linux), with the final zero.
const socketLimit = 100

// socketPath is where the private Redis of dir listens: in dir, or, when that
// is too long for a socket, in a directory of our own under temp whose name
// follows from dir, so that every process that works on dir finds it.
func socketPath(dir, temp string) (string, error) {
	const name = "redis.sock"
	if path := filepath.Join(dir, name); len(path) <= socketLimit {
		return path, nil
	}
	sum := sha256.Sum256([]byte(dir))
	short := filepath.Join(temp, "faultline-"+hex.EncodeToString(sum[:8]))
	path := filepath.Join(short, name)
	if len(path) > socketLimit {
		return "", fmt.Errorf("no room for a unix socket: %s and %s are both too long", dir, temp)
	}
	if err := ownDir(short); err != nil {
		return "", err
	}
	return path, nil
}

// ownDir makes a directory that only we may enter, and refuses one that another
// user has put there first.
func ownDir(path string) error {
	if err := os.Mkdir(path, 0o700); err == nil || !os.IsExist(err) {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() || !isOurs(info) {
		return fmt.Errorf("%s is there already and is not ours alone", path)
	}
	return nil
}
