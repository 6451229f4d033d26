// Command replays plays every outage of the past through the engine, as a drill does, and
// writes what it said into scenario/history/recorded, and how it did into
// docs/replays.md. It runs at the root of the module, by `make replays`.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"faultline"
	"faultline/correlate"
	"faultline/ingest/infra"
	"faultline/scenario"
	"faultline/scenario/history"
)

// Where things go, from the root of the module.
const (
	recordings = "scenario/history/recorded"
	table      = "docs/replays.md"
)

// main records the outages that are named, or all.
func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "replays:", err)
		os.Exit(1)
	}
}

// run makes the recordings of those names, or of all, and then the table of all.
func run(names []string) error {
	if len(names) == 0 {
		names = scenario.Names()
	}
	for _, name := range names {
		spec, err := scenario.Builtin(name)
		if err != nil {
			return err
		}
		if spec.Record == nil {
			continue
		}
		revisions, err := play(spec)
		if err != nil {
			return err
		}
		score := history.Rate(spec, revisions)
		packed, err := history.Pack(score, revisions)
		if err != nil {
			return err
		}
		if err := write(recordingOf(name), packed); err != nil {
			return err
		}
		fmt.Printf("%-30s %4d revisions, named %s after %d s\n", name, len(revisions), score.Named, score.Seconds)
	}
	return writeTable()
}

// writeTable reads all recordings back as they lie on the disk.
func writeTable() error {
	var replays []history.Replay
	for _, name := range scenario.Names() {
		spec, err := scenario.Builtin(name)
		if err != nil {
			return err
		}
		if spec.Record == nil {
			continue
		}
		packed, err := os.ReadFile(recordingOf(name))
		if err != nil {
			return err
		}
		score, revisions, err := history.Unpack(packed)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		replays = append(replays, history.Replay{Spec: spec, Score: score, Revisions: revisions})
	}
	return write(table, history.Table(replays))
}

// recordingOf is the file of an outage's recording.
func recordingOf(name string) string {
	return filepath.Clean(filepath.Join(recordings, name+".ndjson.gz"))
}

// play folds a scenario with a tick before the events of each second, as a drill does,
// and returns every revision in the order in which it was published.
func play(spec scenario.Spec) ([]faultline.Incident, error) {
	known, err := infra.FoldProviders()
	if err != nil {
		return nil, err
	}
	engine := correlate.New(correlate.Config{Drill: true, Providers: known})
	var out []faultline.Incident
	fold := func(ev faultline.Event) { out = append(out, engine.Fold(ev)...) }
	fold(faultline.Epoch{At: spec.Start, Epoch: spec.Name})
	clock := spec.Start
	for at, ev := range spec.Arrivals() {
		for ; clock.Before(at); clock = clock.Add(time.Second) {
			fold(faultline.Tick{At: clock})
		}
		fold(ev)
	}
	return out, nil
}

// write replaces a file of the sources.
func write(name string, data []byte) error {
	//nolint:gosec // a file of the sources, to be read by everyone
	return os.WriteFile(name, data, 0o644)
}
