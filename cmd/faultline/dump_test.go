package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"faultline"
	"faultline/dump"
	"faultline/record"
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
