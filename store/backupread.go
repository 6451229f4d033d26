package store

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
)

// The versions of whole and of incremental backups that are read.
var (
	wholeVersions       = []int{1, backupVersion}
	incrementalVersions = []int{2, incrementalVersion}
)

// readBackup hands each item of a backup on, after the first, which goes to compare, and
// returns the SHA-256 of the whole.
func readBackup(from io.Reader, versions []int, each func(item) error, compare ...func(item) error) (string, error) {
	const op = "read a backup"
	sum := sha256.New()
	all := io.TeeReader(from, sum)
	z, err := gzip.NewReader(bufio.NewReaderSize(all, backupBuffer))
	if err != nil {
		return "", fmt.Errorf("%s: this is no backup: %w", op, err)
	}
	in := gob.NewDecoder(z)
	var head item
	if err := in.Decode(&head); err != nil {
		return "", fmt.Errorf("%s: this is no backup: %w", op, err)
	}
	if !slices.Contains(versions, head.Version) {
		return "", fmt.Errorf("%s: this is %s, and one of the versions %v is needed", op, named(head.Version), versions)
	}
	for _, check := range compare {
		if err := check(head); err != nil {
			return "", err
		}
	}
	for {
		var r item
		if err := in.Decode(&r); err != nil {
			return "", fmt.Errorf("%s: the backup is damaged or not whole: %w", op, err)
		}
		if r.End {
			break
		}
		if err := each(r); err != nil {
			return "", err
		}
	}
	// The checksum of the file stands behind its last item.
	if _, err := io.Copy(io.Discard, z); err != nil { //nolint:gosec // nothing of it is kept
		return "", fmt.Errorf("%s: the backup is damaged: %w", op, err)
	}
	if _, err := io.Copy(io.Discard, all); err != nil { // what the reader has not asked for yet
		return "", fmt.Errorf("%s: %w", op, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// named says which kind of backup a version is of.
func named(version int) string {
	kind := "a backup"
	if slices.Contains(incrementalVersions, version) {
		kind = "an incremental backup"
	}
	return fmt.Sprintf("%s of version %d", kind, version)
}
