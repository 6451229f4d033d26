package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// main runs the seeds, prints each violation with the command that repeats it, and one line
// of JSON. It ends with code 1 if anything was violated.
func main() {
	seeds := flag.Uint64("seeds", 2_000, "how many seeds to run")
	from := flag.Uint64("from", 1, "the first seed")
	mutant := flag.String("mutant", "", "a mistake to plant: one of the names that -mutants lists")
	list := flag.Bool("mutants", false, "list the mistakes that can be planted")
	flag.Parse()
	if *list {
		for _, name := range mutants {
			fmt.Println(name)
		}
		return
	}
	// Each run allocates much and keeps little, so a fifth of the time went into collecting.
	debug.SetGCPercent(400)
	start := time.Now()
	failures, total := simulateAll(*from, *seeds, *mutant)
	for _, f := range failures {
		fmt.Fprintf(os.Stderr, "%v\n  go run ./bench/sim -from %d -seeds 1 -mutant %q\n", f.err, f.seed, *mutant)
	}
	fmt.Printf(`{"name":"sim.violations","value":%d,"target":0,"ok":%t,"seeds":%d,"seed":%d,"found":%d,"failovers":%d,`+
		`"seconds":%.1f}`+"\n", len(failures), len(failures) == 0, *seeds, *from, total.found, total.failovers,
		time.Since(start).Seconds())
	if len(failures) > 0 {
		os.Exit(1)
	}
}

// mutants are the mistakes that can be planted, one for each defence. A test sees that each
// is found: a check that finds no planted mistake checks nothing.
var mutants = []string{
	"acknowledged before it is written",
	"sent again under another key",
	"repeats are read",
	"no fence",
	"no way back but the newest checkpoint",
	"the leader's own clock",
	"the log is not compared with what was read",
	"nobody says what readers were shown",
	"checkpoints before revisions",
}

// failure is a seed at which something was violated.
type failure struct {
	seed uint64
	err  error
}

// totals are counts over all runs: a simulation in which nothing happens proves nothing.
type totals struct{ found, failovers int }

// simulateAll runs seeds on all cores. Each is by itself in one goroutine, so the order in
// which they end does not matter.
func simulateAll(from, count uint64, mutant string) (failures []failure, total totals) {
	var next atomic.Uint64
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < count; i = next.Add(1) - 1 {
				r, err := simulate(from+i, mutant)
				mu.Lock()
				total.failovers += r.fails
				if r.found {
					total.found++
				}
				if err != nil {
					failures = append(failures, failure{from + i, err})
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return failures, total
}
