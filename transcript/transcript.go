// Package transcript prints what a fold makes of event lines: each incident at the
// end, each revision as it happens, or words where there is news.
//
// What belongs here: which lines are printed, and in which words. What does not:
// reading events (package ingest/replay) and folding them (package correlate).
package transcript

import (
	"bufio"
	"cmp"
	"encoding/json"
	"faultline"
	"fmt"
	"io"
	"maps"
	"slices"
)

// OutputError says that what was to be printed could not be written.
// It sets a broken pipe of the reader apart from a fault of the events.
type OutputError struct{ Err error }

// Error is the text of the write that failed.
func (e OutputError) Error() string { return e.Err.Error() }

// Unwrap is the error of the write, for [errors.Is].
func (e OutputError) Unwrap() error { return e.Err }

// Form says how incidents are printed.
type Form int

// The forms of a transcript.
const (
	AtTheEnd     Form = iota // the last revision of each, as JSON, in order of onset
	EachRevision             // every revision as it happens, as JSON
	InWords                  // in words, a line where there is news
)

// Transcript prints incidents as a fold makes them.
type Transcript struct {
	out  *bufio.Writer
	form Form
	// It grows with the incidents of the whole input, and not with its lines.
	last  map[string]faultline.Incident // of each, with [AtTheEnd]
	words words                         // with [InWords]
}

// New returns a Transcript that prints to out.
func New(out io.Writer, form Form) *Transcript {
	return &Transcript{out: bufio.NewWriterSize(out, 1<<16), form: form,
		last: map[string]faultline.Incident{}, words: words{last: map[string]faultline.Incident{}}}
}

// Add takes the revisions that one event made.
func (h *Transcript) Add(revisions []faultline.Incident) error {
	for _, inc := range revisions {
		if h.form == AtTheEnd {
			h.last[inc.ID] = inc
			continue
		}
		if err := h.happened(inc); err != nil {
			return err
		}
	}
	// Each event's revisions appear at once, since people and programs follow the output
	// while it is made.
	if h.form != AtTheEnd && len(revisions) > 0 {
		if err := h.out.Flush(); err != nil {
			return OutputError{err}
		}
	}
	return nil
}

// happened writes one revision as it happens.
func (h *Transcript) happened(inc faultline.Incident) error {
	if h.form == EachRevision {
		return printIncident(h.out, inc)
	}
	for _, line := range h.words.lines(inc) {
		if _, err := h.out.WriteString(line + "\n"); err != nil {
			return OutputError{err}
		}
	}
	return nil
}

// Close prints what is printed at the end. It does not close what New was given.
func (h *Transcript) Close() error {
	incidents := slices.SortedFunc(maps.Values(h.last), func(a, b faultline.Incident) int {
		// By id where two began at one moment, so that two replays print the same bytes.
		return cmp.Or(a.Onset.At.Compare(b.Onset.At), cmp.Compare(a.ID, b.ID))
	})
	for _, inc := range incidents {
		if err := printIncident(h.out, inc); err != nil {
			return err
		}
	}
	if err := h.out.Flush(); err != nil {
		return OutputError{err}
	}
	return nil
}

// The timeline is left out: each line would repeat what the lines before it said.
func printIncident(out io.Writer, inc faultline.Incident) error {
	line, err := json.Marshal(inc.WithoutTimeline())
	if err != nil {
		return fmt.Errorf("encode incident %s: %w", inc.ID, err)
	}
	if _, err := out.Write(append(line, '\n')); err != nil {
		return OutputError{err}
	}
	return nil
}
