package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faultline"
)

func beganAt(id string, revision int, onset time.Time) faultline.Incident {
	return faultline.Incident{ID: id, Revision: revision, Onset: faultline.Onset{At: onset}}
}

func TestHistoryPrintsLastRevisionsInOrderOfOnset(t *testing.T) {
	h := newHistory()
	for _, inc := range []faultline.Incident{
		beganAt("inc_C", 1, noon), beganAt("inc_A", 1, noon.Add(time.Hour)), beganAt("inc_B", 1, noon.Add(2*time.Hour)),
		beganAt("inc_D", 1, noon), beganAt("inc_B", 2, noon.Add(-time.Hour)),
	} {
		if err := h.add([]faultline.Incident{inc}); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := h.print(&out); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		got = append(got, line[len(`{"id":"`):strings.Index(line, `,"state"`)])
	}
	want := `inc_B","revision":2 inc_C","revision":1 inc_D","revision":1 inc_A","revision":1`
	if s := strings.Join(got, " "); s != want {
		t.Errorf("printed %s", s)
	}
}

func TestHistoryFollowsAtOnce(t *testing.T) {
	var out bytes.Buffer
	h := newHistory()
	h.follow = bufio.NewWriter(&out)
	for n := 1; n <= 3; n++ {
		if err := h.add([]faultline.Incident{beganAt("inc_A", n, noon)}); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(out.String(), "\n"); lines != n {
			t.Errorf("%d lines are out after %d revisions", lines, n)
		}
	}
	if len(h.last) != 0 {
		t.Error("it keeps what it has printed")
	}
}

// A pipe that is closed is no mistake of the caller.
func TestReplayOutputThatFailsIsNoUsageError(t *testing.T) {
	h := newHistory()
	h.follow = bufio.NewWriterSize(closedPipe{}, 1)
	err := h.add([]faultline.Incident{beganAt("inc_A", 1, noon)})
	var failed outputError
	if !errors.As(err, &failed) {
		t.Errorf("error is %v", err)
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestReplayNamesMalformedLinesAndGoesOn(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lines.ndjson")
	lines := `{"type":"report","at":"2026-03-01T12:00:00Z","site":"a.com","reporter":"r1"}
{"type":"report","at":"yesterday","site":"a.com","reporter":"r2"}
`
	if err := os.WriteFile(name, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(t, "replay", name)
	if code != 0 || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "lines.ndjson:2:") {
		t.Errorf("exit %d, printed %q and %q", code, out, errs)
	}
	if code, out, _ := command(t, "replay", name, name+".gone"); code != exitUsage || out != "" {
		t.Errorf("a missing file: exit %d, printed %q", code, out)
	}
}
