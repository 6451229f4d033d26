package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"faultline"
	"faultline/store"
	"faultline/task"
)

const (
	// A backup asks the nodes for a file so often, and waits so long in between.
	// Half a minute in all, in which a node looks several times for what others want.
	borrowTries = 60
	borrowPause = 500 * time.Millisecond
)

// Reader reads whole files for a backup: from a directory, which may be that of a node or
// empty, and what is not there from the nodes that run.
func Reader(dir string, st *store.Store, now func() time.Time) store.Archived {
	return func(ctx context.Context, seg store.Segment, each func(store.ArchivedIncident) error) error {
		file, err := local(dir, seg)
		if err != nil {
			if file, err = borrow(ctx, st, seg, now); err != nil {
				return err
			}
		}
		return incidents(file, each)
	}
}

// local reads a file of a directory, compared with its name.
func local(dir string, seg store.Segment) ([]byte, error) {
	file, err := os.ReadFile(path(dir, seg.Name))
	if err != nil {
		return nil, err
	}
	return file, intact(seg, file)
}

// borrow asks the nodes for a file until one has put it into Redis.
// A program that makes a backup cannot reach nodes directly, and asks through Redis as a
// new node does.
func borrow(ctx context.Context, st *store.Store, seg store.Segment, now func() time.Time) ([]byte, error) {
	for range borrowTries {
		file, err := st.Borrow(ctx, seg)
		if err == nil {
			return file, intact(seg, file)
		}
		if !errors.Is(err, faultline.ErrNotFound) {
			return nil, err
		}
		// It is asked for again each time, because a request lives for a short while
		// only.
		if err := st.WantSegments(ctx, []string{seg.Name}, now()); err != nil {
			return nil, err
		}
		if !task.Pause(ctx, borrowPause) {
			return nil, ctx.Err()
		}
	}
	return nil, fmt.Errorf("it is not in the state directory, and no node that runs has it: run this where a node " +
		"has run, with its --state-dir")
}

// incidents hands on what is in a file, as it was stored.
func incidents(file []byte, each func(store.ArchivedIncident) error) error {
	o, err := decode(file)
	if err != nil {
		return err
	}
	// The whole file is held in memory, which is bounded by what one file may hold.
	revisions := map[string][]store.PlainRevision{}
	for _, f := range o.files {
		id, name, _ := strings.Cut(strings.TrimSuffix(f.Name, ".json"), "/")
		n, err := strconv.Atoi(name)
		if err != nil {
			continue // the index
		}
		body, err := readFile(f)
		if err != nil {
			return err
		}
		revisions[id] = append(revisions[id], store.PlainRevision{Revision: n, JSON: body})
	}
	for _, e := range o.index {
		in := store.ArchivedIncident{ID: e.ID, OnsetMS: e.OnsetMS, Last: e.Last, Recorded: e.Recorded,
			Revisions: revisions[e.ID]}
		if err := each(in); err != nil {
			return err
		}
	}
	return nil
}
