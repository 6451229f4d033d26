package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"faultline"
)

// Targets are in scans of scannedMB megabytes and in bytes a site. A scan is the limit
// because an evaluation that looked at every site would have to read that much.
const (
	// A ratio to a scan of the same machine moves little from one machine to another, as
	// milliseconds would.
	tickTarget  = 3.0 // scans that an evaluation may take
	bytesTarget = 200.0
	// 24 bytes for each of a million sites, the least that an evaluation of all would read.
	scannedMB = 24
	// How many evaluations and scans a round takes the mean of. A cause that was found
	// again stands for two minutes at most, then it must win over all that fails: each
	// round has one such evaluation.
	tickEach = 24
	scanEach = 40
	// youngRounds is how many rounds fit while incidents must win their cause at all.
	// Then the outage is played again, so that every round has the same work.
	youngRounds = 4
)

// tickSizes are the tables that the growth is shown on; the last is the figure's.
var tickSizes = []int{10_000, 100_000, 1_000_000}

// measureTick measures one evaluation of the engine beside one scan of 24 MB, for tables of
// several sizes, and what a mapped site takes of memory. It is the figure that says how many
// sites one core can follow.
func measureTick(ctx context.Context, opt options, log io.Writer) ([]figure, error) {
	// Growth is shown and not asserted: a figure of the largest table alone would hide
	// that the cost of an evaluation grows with all sites and not with those that have
	// news.
	var rows []tickRow
	var last measurement
	perSite := 0.0
	fmt.Fprintf(log, "tick: %9s %11s %7s %10s %9s %7s %6s\n", "sites", "components", "dirty", "anomalous", "tick ms",
		"scan ms", "ratio")
	for _, sites := range tickSizes {
		e := newEstate(opt.Seed, sites, estateAnomalous)
		// Memory is measured before any probe, so that it is what an idle entry of the
		// list costs.
		perSite = liveBytes(e.settle) / float64(sites)
		// Playing comes before measuring, and in the same engine: what is measured is an
		// engine in the middle of an outage.
		if err := checkEstate(e.play()); err != nil {
			return nil, fmt.Errorf("void: %d sites: %w", sites, err)
		}
		m, err := measure(ctx, opt.Rounds, mode{"evaluation", e.timed}, mode{"scan", newScan().timed})
		if err != nil {
			return nil, err
		}
		r := tickRow{Sites: sites, Components: estateComponents, Dirty: e.dirty, Anomalous: e.anomalous,
			Reported: len(e.watched),
			TickMS:   1e3 * m.series[0].median(), ScanMS: 1e3 * m.series[1].median()}
		r.Ratio = r.TickMS / r.ScanMS
		fmt.Fprintf(log, "tick: %9d %11d %7d %10d %9.2f %7.2f %6.2f\n", r.Sites, r.Components, r.Dirty, r.Anomalous,
			r.TickMS, r.ScanMS, r.Ratio)
		rows, last = append(rows, r), m
	}
	return []figure{tickFigure(rows, last), bytesFigure(perSite)}, nil
}

// tickRow is one line of the table of growth. Reported are the sites that any probe or report
// has come of in the last half hour; the name in JSON is older.
type tickRow struct {
	Sites      int     `json:"sites"`
	Components int     `json:"components"`
	Dirty      int     `json:"dirty"`
	Anomalous  int     `json:"anomalous"`
	Reported   int     `json:"heard"`
	TickMS     float64 `json:"tick_ms"`
	ScanMS     float64 `json:"scan_ms"`
	Ratio      float64 `json:"ratio"`
}

// checkEstate says whether the engine sees what was planted: three confirmed incidents, and
// nine tenths of the failing sites. Without it, an engine that finds nothing would be the
// fastest.
func checkEstate(open map[faultline.Component]faultline.Incident) error {
	failing := 0
	for n := range estateCulprits {
		c := faultline.NewComponent(faultline.KindCDN, culpritName(n))
		in, ok := open[c]
		if !ok || in.ConfirmedAt == nil {
			return fmt.Errorf("no confirmed incident of %s among %d", c, len(open))
		}
		failing += in.Impact.Failing
	}
	if failing < estateAnomalous*9/10 {
		return fmt.Errorf("%d sites fail, %d do", failing, estateAnomalous)
	}
	return nil
}

// timed is the mean CPU time of an evaluation, in seconds. What comes in between is folded
// outside of the measured time.
func (e *estate) timed(context.Context) (float64, error) {
	if e.rounds == youngRounds {
		e.again()
	}
	e.rounds++
	total := time.Duration(0)
	for range tickEach {
		// The events are folded outside of the measured time, since the group replay
		// measures folding.
		e.news(e.dirty)
		took, err := ownCPU(func() error { e.evaluate(); return nil })
		if err != nil {
			return 0, err
		}
		total += took
	}
	return total.Seconds() / tickEach, nil
}

// scan is the limit: 24 MB that are read once, in order.
type scan struct{ words []uint32 }

// newScan fills the memory with numbers whose sum is known.
func newScan() *scan {
	s := &scan{make([]uint32, scannedMB<<20/4)}
	// Each word is written once, which also makes the kernel give real pages: memory that
	// was never written is read from one page of zeros, and the scan would measure the
	// cache.
	for i := range s.words {
		s.words[i] = uint32(i)
	}
	return s
}

// timed is the mean CPU time of a scan, in seconds. The sum is checked, so that the compiler
// cannot leave the reading out.
func (s *scan) timed(context.Context) (float64, error) {
	sum := uint64(0)
	took, err := ownCPU(func() error {
		for range scanEach {
			for _, w := range s.words {
				sum += uint64(w)
			}
		}
		return nil
	})
	// The numbers 0 to n-1 have the sum n(n-1)/2, and each scan adds it once.
	if n := uint64(len(s.words)); err == nil && sum != scanEach*n*(n-1)/2 {
		err = errors.New("void: the scan read something else")
	}
	return took.Seconds() / scanEach, err
}

// liveBytes is by how much f makes the live heap grow.
func liveBytes(f func()) float64 {
	before := live()
	f()
	return float64(live()) - float64(before)
}

// live is the heap that is in use after two collections, in bytes.
// runtime.ReadMemStats stops the world, so that it is called outside of what is timed.
func live() uint64 {
	runtime.GC()
	runtime.GC() // the first may leave what finalizers hold
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// tickFigure is the ratio for the largest table.
func tickFigure(rows []tickRow, m measurement) figure {
	ratio := rows[len(rows)-1].Ratio
	f := figure{
		Name: "tick.evaluation", Value: ratio, Target: tickTarget, Better: lower,
		OK: meets(ratio, tickTarget, lower), Unit: "scans of 24 MB",
		Limit: "one scan of 24 MB in the same rounds", Runs: len(m.series[0]), Spread: m.widest(),
		Detail: map[string]any{"growth": rows, "table": "the row of a million sites"},
	}
	// A figure on a disturbed machine is printed nevertheless, with this word beside it:
	// to leave it out would hide that it was tried.
	if m.inconclusive {
		f.Detail["verdict"] = "inconclusive"
	}
	return f
}

// bytesFigure is the memory of one site, without its name, which the list of sites must hold
// anyway.
func bytesFigure(perSite float64) figure {
	return figure{
		Name: "tick.bytes", Value: perSite, Target: bytesTarget, Better: lower, OK: meets(perSite, bytesTarget, lower),
		Unit:  "bytes a mapped site, names of sites apart",
		Limit: "the live heap after a collection, before and after the map is folded",
		Runs:  1, Detail: map[string]any{"sites": tickSizes[len(tickSizes)-1], "components": estateComponents,
			"components_a_site": len(kinds)},
	}
}
