package correlate

import (
	"fmt"
	"testing"
	"time"

	"faultline"
	"faultline/pace"
)

const (
	// benchShare is how many sites share one component of the benchmark's world.
	benchShare = 200
	// benchRound is in how many seconds every site is probed once.
	benchRound = 60
)

// benchWorld is a fold of n sites, each probed once a minute, whose past is a round
// or two of health.
type benchWorld struct {
	engine *Engine
	sites  []string
	second int
	failed int // the sites before this one answer 503
}

func newBenchWorld(n int) *benchWorld {
	w := &benchWorld{engine: New(Config{}), sites: make([]string, n)}
	w.engine.Fold(faultline.Epoch{At: dawn, Epoch: "bench"})
	w.engine.Fold(faultline.Vantage{Vantage: "lon-1", ASN: 64500, Country: "GB"})
	w.engine.Fold(faultline.Vantage{Vantage: "nyc-1", ASN: 64501, Country: "US"})
	for i := range w.sites {
		w.sites[i] = fmt.Sprintf("site%d.example%d.com", i, i)
		w.engine.Fold(faultline.SiteRecord{At: dawn, Site: w.sites[i], Rank: i + 1, Source: faultline.SourceCatalog,
			Components: []faultline.Component{faultline.NewComponent(faultline.KindCDN,
				fmt.Sprintf("cdn%d", i/benchShare))}})
	}
	for range 2 * benchRound {
		w.pass()
	}
	return w
}

// pass folds one second: the probes that are due in it, and its tick. It returns how
// many events that were.
func (w *benchWorld) pass() int {
	folded := w.probes()
	w.tick()
	return folded + 1
}

// now is the second that comes next.
func (w *benchWorld) now() time.Time { return dawn.Add(time.Duration(w.second) * time.Second) }

// evaluates reports whether the next tick weighs the evidence.
func (w *benchWorld) evaluates() bool { return w.now().UnixMilli() >= w.engine.eval+evalEvery }

// tick ends a second.
func (w *benchWorld) tick() {
	w.engine.Fold(faultline.Tick{At: w.now()})
	w.second++
}

// probes folds the probes that are due in a second and returns how many those are.
func (w *benchWorld) probes() int {
	at := w.now()
	folded := 0
	for i := w.second % benchRound; i < len(w.sites); i += benchRound {
		p := faultline.Probe{At: at, Site: w.sites[i], Vantage: "lon-1", Symptom: faultline.SymptomOK, Status: 200}
		if w.second/benchRound%2 == 1 {
			p.Vantage = "nyc-1"
		}
		if i < w.failed {
			p.Symptom, p.Status = "http_503", 503
		}
		w.engine.Fold(p)
		folded++
	}
	return folded
}

// benchSizes are how many sites the worlds know. A million take a minute to make, so
// that they are for the thorough run.
func benchSizes() []int {
	sizes := []int{1_000, 10_000, 100_000}
	if pace.Thorough {
		sizes = append(sizes, 1_000_000)
	}
	return sizes
}

// benchStates runs a benchmark of a world of each size, first while nothing fails, then
// while one component in a hundred does, at least one.
func benchStates(b *testing.B, run func(b *testing.B, w *benchWorld)) {
	b.Helper()
	for _, n := range benchSizes() {
		b.Run(fmt.Sprintf("sites=%d", n), func(b *testing.B) {
			w := newBenchWorld(n)
			for _, state := range []string{"calm", "outage"} {
				w.failed = 0
				if state == "outage" {
					w.failed = max(n/100, benchShare)
				}
				b.Run(state, func(b *testing.B) { run(b, w) })
			}
		})
	}
}

// BenchmarkSecond is what one second of the world costs the fold: its probes and, every
// five seconds, an evaluation. It says how many events a second of processor time it folds.
func BenchmarkSecond(b *testing.B) {
	benchStates(b, func(b *testing.B, w *benchWorld) {
		folded := 0
		for b.Loop() {
			folded += w.pass()
		}
		b.ReportMetric(float64(folded)/b.Elapsed().Seconds(), "events/s")
	})
}

// BenchmarkEvaluation is what one evaluation costs: the tick alone, after five seconds
// of probes that are not counted.
func BenchmarkEvaluation(b *testing.B) {
	benchStates(b, func(b *testing.B, w *benchWorld) {
		for b.Loop() {
			b.StopTimer()
			for w.probes(); !w.evaluates(); w.probes() {
				w.tick()
			}
			b.StartTimer()
			w.tick()
		}
	})
}
