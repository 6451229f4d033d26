package correlate

import (
	"fmt"
	"testing"
	"time"

	"faultline"
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
			Components: []faultline.Component{faultline.NewComponent(faultline.KindCDN, fmt.Sprintf("cdn%d", i/benchShare))}})
	}
	for range 2 * benchRound {
		w.pass()
	}
	return w
}

// pass folds one second: the probes that are due in it, and its tick. It returns how
// many events that were.
func (w *benchWorld) pass() int {
	at := dawn.Add(time.Duration(w.second) * time.Second)
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
	w.engine.Fold(faultline.Tick{At: at})
	w.second++
	return folded + 1
}

// BenchmarkSecond is what one second of the world costs the fold, by how many sites
// it knows: while nothing fails, and while one component in a hundred does, at least
// one. It says how many events a second of processor time it folds.
func BenchmarkSecond(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("sites=%d", n), func(b *testing.B) {
			w := newBenchWorld(n)
			for _, state := range []string{"calm", "outage"} {
				w.failed = 0
				if state == "outage" {
					w.failed = max(n/100, benchShare)
				}
				b.Run(state, func(b *testing.B) {
					folded := 0
					for b.Loop() {
						folded += w.pass()
					}
					b.ReportMetric(float64(folded)/b.Elapsed().Seconds(), "events/s")
				})
			}
		})
	}
}
