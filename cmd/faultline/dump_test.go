package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"faultline"
	"faultline/dump"
	"faultline/pace"
	"faultline/record"
	"faultline/store"
	"faultline/store/archive"
)

// dumped reads the lines of one file of a dump.
func dumped[T any](t *testing.T, file string) (rows []T) {
	t.Helper()
	body, err := os.ReadFile(file)
	must(t, err)
	z, err := gzip.NewReader(bytes.NewReader(body))
	must(t, err)
	for in := bufio.NewScanner(z); in.Scan(); {
		var row T
		must(t, json.Unmarshal(in.Bytes(), &row))
		rows = append(rows, row)
	}
	return rows
}

// move moves an incident that is over into the archive of a state directory.
func (r recorded) move(ctx context.Context, t *testing.T, stateDir string) {
	t.Helper()
	at := time.Date(2026, 3, 1, 12, 9, 0, 0, time.UTC)
	must(t, r.SaveRevision(ctx, r.lease, faultline.Incident{ID: "inc_01KJS000000000000000000000", Revision: 3,
		State: faultline.StateResolved, Title: "Fastly-fronted sites, 503", DetectedAt: at, UpdatedAt: at}))
	a, err := archive.New(archive.Config{Dir: filepath.Join(stateDir, archiveDir), Store: r.Store, Keep: time.Hour,
		Pace: time.Millisecond, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()
	go func() { ended <- a.Lead(ctx, mover{r}) }()
	pace.Eventually(t, "all incidents are moved", func() bool {
		left, err := r.CountIncidents(t.Context())
		return err == nil && left == 0
	})
	stop()
	for range 2 {
		must(t, <-ended)
	}
}

// mover moves incidents as the leader does.
type mover struct{ r recorded }

func (m mover) Propose(ctx context.Context, p store.Proposal) error {
	return m.r.Store.Propose(ctx, m.r.lease, p)
}
func (m mover) Move(ctx context.Context, p store.Proposal) error {
	return m.r.Store.Move(ctx, m.r.lease, p)
}

// What dump writes is what was published: each revision has the hash that the signed record
// has, and the list of sites says how each dependency is known.
func TestADumpIsWhatWasPublished(t *testing.T) {
	ctx, r, dir := t.Context(), newRecorded(t), t.TempDir()
	r.publish(ctx, t, 1)
	r.publish(ctx, t, 2)
	var out, said bytes.Buffer
	args := []string{"dump", "--redis-url", r.url, "--output", dir, "--day", "2026-03-01"}
	if code := run(ctx, args, world{stdout: &out, stderr: &said}); code != 0 {
		t.Fatalf("exit %d, %s", code, said.String())
	}
	day := filepath.Join(dir, "2026-03-01")
	revisions := dumped[faultline.Incident](t, filepath.Join(day, "incidents.ndjson.gz"))
	if len(revisions) != 2 {
		t.Fatalf("%d revisions, want 2", len(revisions))
	}
	state := t.TempDir()
	r.move(ctx, t, state)
	args = append(args, "--state-dir", state)
	if code := run(ctx, args, world{stdout: &out, stderr: &said}); code != 0 {
		t.Fatalf("with the archive: exit %d, %s", code, said.String())
	}
	if revisions = dumped[faultline.Incident](t, filepath.Join(day, "incidents.ndjson.gz")); len(revisions) != 3 {
		t.Fatalf("%d revisions with the archive, want 3", len(revisions))
	}
	for i, inc := range revisions {
		hash, err := record.Hash(inc)
		must(t, err)
		if inc.Revision != i+1 || inc.Hash != hash {
			t.Errorf("revision %d has the hash %s, and was published with %s", inc.Revision, hash, inc.Hash)
		}
	}
	known := 0
	for _, s := range dumped[dump.Site](t, filepath.Join(day, "sites.ndjson.gz")) {
		for _, d := range s.DependsOn {
			if d.Source != "" && d.Confidence > 0 {
				known++
			}
		}
	}
	if known == 0 {
		t.Error("no dependency says how it is known")
	}
	if code := run(ctx, []string{"dump", "--redis-url", r.url, "--output", dir, "--day", "today"},
		world{stdout: &out, stderr: &said}); code != exitUsage {
		t.Errorf("a day that is none: exit %d", code)
	}
}
