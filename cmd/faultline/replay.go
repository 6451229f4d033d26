package main

import (
	"context"
	"errors"

	"faultline"
	"faultline/correlate"
	"faultline/ingest/infra"
	"faultline/ingest/replay"
	"faultline/transcript"
)

// replayCmd computes incidents from event lines, without Redis and without a network. It is
// how a change of the correlator is judged: the same lines before and after.
type replayCmd struct {
	Files  []string `arg:"" name:"file" help:"Files of event lines (NDJSON), plain or compressed, read one after the other; - is standard input."`
	Follow bool     `env:"FAULTLINE_REPLAY_FOLLOW" help:"Print every revision as it is made, instead of the last ones at the end."`
	Tell   bool     `env:"FAULTLINE_REPLAY_TELL" help:"Print what happens in plain sentences, one line for each change."`
}

// Help is the longer text of --help.
func (replayCmd) Help() string {
	return `Reads no network, no Redis and no clock: time is what the lines say, and two runs print the same bytes. ` +
		`Each incident is one JSON object a line with all its sites, in order of onset. ` +
		`Malformed lines are named on standard error and skipped. Exit code 2: a file could not be read.`
}

// Run folds every line in order. Time comes from the lines alone, so a replay gives the same bytes
// each time.
func (c replayCmd) Run(ctx context.Context, w world) error {
	form := transcript.AtTheEnd
	switch {
	case c.Tell:
		form = transcript.InWords
	case c.Follow:
		form = transcript.EachRevision
	}
	history := transcript.New(w.stdout, form)
	// The engine gets the built-in providers, and not those of any operator: what a replay
	// prints must not depend on the machine that it runs on.
	known, err := infra.FoldProviders()
	if err != nil {
		return err
	}
	eng := correlate.New(correlate.Config{Providers: known})
	_, err = replay.Files(ctx, c.Files, w.stderr, func(ev faultline.Event) error {
		return history.Add(eng.Fold(ev))
	})
	// A reader of the output that has gone away, as head does, and an interrupted replay are
	// no mistakes of the caller. Anything else is a file that cannot be read.
	var failed transcript.OutputError
	switch {
	case errors.As(err, &failed) || ctx.Err() != nil:
		return err
	case err != nil:
		return usageError{err}
	}
	return history.Close()
}
