package transcript

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"faultline"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func beganAt(id string, revision int, onset time.Time) faultline.Incident {
	return faultline.Incident{ID: id, Revision: revision, Onset: faultline.Onset{At: onset}}
}

func TestHistoryPrintsLastRevisionsInOrderOfOnset(t *testing.T) {
	var out bytes.Buffer
	h := New(&out, AtTheEnd)
	for _, inc := range []faultline.Incident{
		beganAt("inc_C", 1, noon), beganAt("inc_A", 1, noon.Add(time.Hour)), beganAt("inc_B", 1, noon.Add(2*time.Hour)),
		beganAt("inc_D", 1, noon), beganAt("inc_B", 2, noon.Add(-time.Hour)),
	} {
		if err := h.Add([]faultline.Incident{inc}); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Close(); err != nil {
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
	h := New(&out, EachRevision)
	for n := 1; n <= 3; n++ {
		if err := h.Add([]faultline.Incident{beganAt("inc_A", n, noon)}); err != nil {
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
	h := New(closedPipe{}, EachRevision)
	err := h.Add([]faultline.Incident{beganAt("inc_A", 1, noon)})
	var failed OutputError
	if !errors.As(err, &failed) {
		t.Errorf("error is %v", err)
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, os.ErrClosed }

// A statement that arrives after a later one is written when it arrives, and no other in
// its place; an edited one is written again; nothing is written twice.
func TestStatementsAreWrittenAsTheyArrive(t *testing.T) {
	var out bytes.Buffer
	h := New(&out, InWords)
	said := func(minute int, text string) faultline.SaidStatement {
		return faultline.SaidStatement{At: noon.Add(time.Duration(minute) * time.Minute), Status: "update", Text: text}
	}
	for n, statements := range [][]faultline.SaidStatement{
		{said(10, "second")},
		{said(5, "first"), said(10, "second")},
		{said(5, "first"), said(10, "second, edited")},
		{said(20, "fourth"), said(15, "third"), said(5, "first"), said(10, "second, edited")},
	} {
		inc := beganAt("inc_A", n+1, noon)
		inc.State, inc.Statements = faultline.StateConfirmed, statements
		if err := h.Add([]faultline.Incident{inc}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		if _, text, ok := strings.Cut(line, ` says, `); ok {
			_, text, _ = strings.Cut(text, `"`)
			got = append(got, strings.TrimSuffix(strings.TrimSpace(text), `"`))
		}
	}
	if s := strings.Join(got, "; "); s != "second; first; second, edited; third; fourth" {
		t.Errorf("written: %s", s)
	}
}
