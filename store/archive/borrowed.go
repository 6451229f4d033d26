package archive

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"faultline/store"
)

// Borrowed reads all incidents for a program that is no node: those of Redis, and those of
// the archive from the files of a directory, which may be that of a node or empty, and else
// from the nodes that run. The directory is only read. What nodes lend is written into
// scratch, which must be empty and is the caller's to remove. Files are asked for until ctx
// ends. Where one can't be had every read that needs it fails, so that no list lacks
// anything.
func Borrowed(ctx context.Context, dir, scratch string, st *store.Store, now func() time.Time,
	log *slog.Logger) (Source, error) {
	a, err := New(Config{Dir: scratch, Store: st, Now: now, Log: log})
	if err != nil {
		return Source{}, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return Source{}, fmt.Errorf("open the archive in %s: %w", dir, err)
	}
	a.fetch = func(seg store.Segment) error {
		if err := a.fetchFrom(ctx, dir, seg); err != nil {
			return fmt.Errorf("read %s of the archive: %w", seg.Name, err)
		}
		return nil
	}
	return Source{st, a}, nil
}

// fetchFrom sees to it that a file is there, if need be as a link to that of a directory.
func (a *Archive) fetchFrom(ctx context.Context, dir string, seg store.Segment) error {
	if Intact(a.cfg.Dir, seg) == nil {
		return nil // it was fetched after the list was read that the caller has
	}
	if _, err := local(dir, seg); err == nil {
		if err := os.Symlink(path(dir, seg.Name), path(a.cfg.Dir, seg.Name)); err != nil {
			return err
		}
		a.note(seg.Name, true)
		return nil
	}
	file, err := borrow(ctx, a.cfg.Store, seg, a.cfg.Now)
	if err != nil {
		return err
	}
	return a.hold(seg, file)
}

// fetched fetches a file that a list names.
func (a *Archive) fetched(s *state, name string) error {
	i := slices.IndexFunc(s.segments, func(seg store.Segment) bool { return seg.Name == name })
	return a.fetch(s.segments[i]) // all names come from the list
}
