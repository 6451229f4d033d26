package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"faultline"
	"faultline/correlate"
	"faultline/ingest/replay"
)

type replayCmd struct {
	Files  []string `arg:"" name:"file" help:"Files of event lines (NDJSON), plain or gzip, folded one after the other; - is standard input."`
	Follow bool     `env:"FAULTLINE_REPLAY_FOLLOW" help:"Print every revision as it happens, instead of the last ones at the end."`
	Tell   bool     `env:"FAULTLINE_REPLAY_TELL" help:"Tell what happens as it does, in words, a line where there is news."`
}

// Help is the longer text of --help.
func (replayCmd) Help() string {
	return `Reads no network, no Redis and no clock: time is what the lines say, and two runs print the same bytes. ` +
		`Each incident is one JSON object a line with all its sites, in order of onset. ` +
		`Malformed lines are named on standard error and skipped. Exit code 2: a file could not be read.`
}

func (c replayCmd) Run(ctx context.Context, w world) error {
	out := bufio.NewWriterSize(w.stdout, 1<<16)
	history := newHistory()
	if c.Follow || c.Tell {
		history.follow = out
	}
	if c.Tell {
		history.words = newTeller()
	}
	eng := correlate.New(correlate.Config{})
	_, err := replay.Files(ctx, c.Files, w.stderr, func(ev faultline.Event) error {
		return history.add(eng.Fold(ev))
	})
	var failed outputError
	switch {
	case errors.As(err, &failed) || ctx.Err() != nil:
		return err
	case err != nil:
		return usageError{err}
	}
	if history.follow == nil {
		if err := history.print(out); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return outputError{err}
	}
	return nil
}

// outputError: the answer could not be written.
type outputError struct{ error }

func (e outputError) Unwrap() error { return e.error }

// history keeps the last revision of every incident, or prints each at once.
type history struct {
	last   map[string]faultline.Incident
	follow *bufio.Writer
	words  *teller // nil: whole, in JSON
}

func newHistory() *history { return &history{last: map[string]faultline.Incident{}} }

func (h *history) add(revisions []faultline.Incident) error {
	for _, inc := range revisions {
		if h.follow == nil {
			h.last[inc.ID] = inc
			continue
		}
		if err := h.happened(inc); err != nil {
			return err
		}
	}
	if h.follow != nil && len(revisions) > 0 {
		if err := h.follow.Flush(); err != nil {
			return outputError{err}
		}
	}
	return nil
}

// happened writes one revision as it happens.
func (h *history) happened(inc faultline.Incident) error {
	if h.words == nil {
		return printIncident(h.follow, inc)
	}
	for _, line := range h.words.tell(inc) {
		if _, err := h.follow.WriteString(line + "\n"); err != nil {
			return outputError{err}
		}
	}
	return nil
}

// print writes the last revisions in order of onset.
func (h *history) print(out io.Writer) error {
	incidents := slices.SortedFunc(maps.Values(h.last), func(a, b faultline.Incident) int {
		return cmp.Or(a.Onset.At.Compare(b.Onset.At), cmp.Compare(a.ID, b.ID))
	})
	for _, inc := range incidents {
		if err := printIncident(out, inc); err != nil {
			return err
		}
	}
	return nil
}

func printIncident(out io.Writer, inc faultline.Incident) error {
	line, err := json.Marshal(inc)
	if err != nil {
		return fmt.Errorf("encode incident %s: %w", inc.ID, err)
	}
	if _, err := out.Write(append(line, '\n')); err != nil {
		return outputError{err}
	}
	return nil
}
