package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Archived reads a file of the archive and hands on each incident in it.
type Archived func(ctx context.Context, seg Segment, each func(ArchivedIncident) error) error

// ArchivedIncident is an incident of the archive with all its revisions.
type ArchivedIncident struct {
	ID        string
	OnsetMS   int64 // in ms since 1970
	Last      int   // the number of its last revision
	Recorded  int   // that of the first one in the public record; 0: none is
	Revisions []PlainRevision
}

// ErrNoArchive says that Redis has an archive, and nothing was named to read it from.
var ErrNoArchive = errors.New("a part of the incidents is in the archive, in the state directory of each node")

// archive writes the incidents of the archive, in the form in which Redis held them: who
// restores the backup needs no directory, and a leader moves them into the archive again.
// It returns their places in the index.
func (b backup) archive(ctx context.Context) (placed []item, err error) {
	stored, err := b.c.HGetAll(ctx, keyArchive).Result()
	if err != nil {
		return nil, fmt.Errorf("read the archive's list of files: %w", err)
	}
	all, err := segments(stored)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	if b.archived == nil {
		return nil, ErrNoArchive
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := b.archived(ctx, all[name], func(in ArchivedIncident) error {
			placed = append(placed, item{Key: keyIndex, Placed: in.ID, OnsetMS: in.OnsetMS})
			return b.incident(in)
		}); err != nil {
			return nil, fmt.Errorf("read %s of the archive: %w", name, err)
		}
	}
	return placed, nil
}

// incident writes one of the archive.
func (b backup) incident(in ArchivedIncident) error {
	fields := map[string]string{fieldLast: strconv.Itoa(in.Last)}
	if in.Recorded > 0 {
		fields[fieldRecorded] = strconv.Itoa(in.Recorded)
	}
	for _, rev := range in.Revisions {
		packed, err := deflate(rev.JSON)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(rev.JSON)
		fields[strconv.Itoa(rev.Revision)] = string(sum[:]) + string(packed)
	}
	out := item{Key: incidentKey(in.ID)}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		out.Hash = append(out.Hash, name, fields[name])
	}
	return b.key(out)
}
