package main

import (
	"os"
	"path/filepath"
	"testing"

	"faultline"
	"faultline/correlate"
	"faultline/ingest/replay"
)

// profiledLines are enough for the outage in the middle of them to be found and to end.
const profiledLines = 5_000_000

// BenchmarkReplay is what `make profile` takes the profile of that the program is built
// by: a replay of the lines that the group replay measures, in one process.
func BenchmarkReplay(b *testing.B) {
	file := filepath.Join(b.TempDir(), "traffic.ndjson")
	if err := writeTraffic(file, options{Seed: 1, Lines: profiledLines}); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		engine, revisions := correlate.New(correlate.Config{}), 0
		if _, err := replay.Files(b.Context(), []string{file}, os.Stderr, func(ev faultline.Event) error {
			revisions += len(engine.Fold(ev))
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		if revisions == 0 {
			b.Fatal("nothing was found in it")
		}
	}
	b.ReportMetric(float64(profiledLines)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
