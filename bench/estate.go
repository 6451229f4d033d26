package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strconv"
	"time"

	"faultline"
	"faultline/correlate"
)

// The shape of the tables that the groups tick and checkpoint measure on: a list of sites as
// it is in the world, with a few components that very many sites depend on, and very many
// components with a few sites.
const (
	estateComponents = 200_000
	estateAnomalous  = 5_000
	estateDirtyEach  = 100 // one site in so many has news at each evaluation
	estateCulprits   = 3
	estateVantages   = 3
	estateWatched    = 20_000 // sites that are probed, the anomalous among them

	evaluation = 5 * time.Second // of the engine's clock
	// Evaluations of quiet before the outage, and of outage before measuring: by
	// then its incidents are confirmed and their onset is no longer fitted each time.
	quietEvaluations  = 60
	outageEvaluations = 30
)

// kinds are the components of an estate: of each kind its share of estateComponents, and how
// unequal in size they are. skew is the exponent by which a random number between 0 and 1 is
// raised: the larger, the more sites share the first components.
var kinds = []struct {
	kind  string
	share float64
	skew  float64
}{
	{faultline.KindCDN, 0.001, 4}, {faultline.KindCA, 0.0005, 4}, {faultline.KindTLD, 0.005, 5},
	{faultline.KindDNS, 0.0585, 3}, {faultline.KindASN, 0.335, 2.5}, {faultline.KindPrefix, 0.6, 1.5},
}

// estate is an engine with a list of sites and with probes. One per cent of the watched sites
// have news at each evaluation, which is what a minute between checks and five seconds
// between evaluations come to.
type estate struct {
	eng       *correlate.Engine
	rng       *rand.Rand
	sites     int
	names     []string
	anomalous int
	watched   []int // the sites that probes look at, in turn
	dirty     int   // of them at each evaluation
	next      int   // of watched
	now       time.Time
	failing   bool
	seed      uint64
	rounds    int // that were timed since it was played
}

// newEstate makes an engine with many sites of which some are to fail, all drawn from a seed,
// so that every run measures the same work.
func newEstate(seed uint64, sites, anomalous int) *estate {
	e := &estate{eng: correlate.New(correlate.Config{}), rng: rand.New(rand.NewPCG(seed, 0x65737461)),
		seed: seed, sites: sites, anomalous: anomalous, now: trafficStart, dirty: sites / estateDirtyEach}
	for i := range sites {
		e.names = append(e.names, "site"+strconv.Itoa(i)+".example")
	}
	return e
}

// again makes the estate what it was when it had been played, and lets the garbage of the one
// before be collected, so that no later round pays for it.
func (e *estate) again() {
	*e = *newEstate(e.seed, e.sites, e.anomalous)
	e.settle()
	e.play()
	runtime.GC() // of the one before
}

// settle folds the list of sites and the vantages. The anomalous sites share three
// components, which are the outages to be found.
func (e *estate) settle() {
	var components [][]faultline.Component
	for _, k := range kinds {
		var of []faultline.Component
		for i := range int(math.Ceil(k.share * estateComponents)) {
			of = append(of, faultline.NewComponent(k.kind, fmt.Sprint(k.kind[0:1], i)))
		}
		components = append(components, of)
	}
	for i, name := range e.names {
		r := faultline.SiteRecord{Site: name, Rank: i + 1}
		for k, of := range components {
			r.Components = append(r.Components, of[int(math.Pow(e.rng.Float64(), kinds[k].skew)*float64(len(of)))])
		}
		if i < e.anomalous {
			r.Components[0] = faultline.NewComponent(faultline.KindCDN, culpritName(i%estateCulprits))
		}
		e.eng.Fold(r)
	}
	for v := range estateVantages {
		e.eng.Fold(faultline.Vantage{Vantage: "v" + strconv.Itoa(v), ASN: uint32(1 + v),
			Country: []string{"US", "DE", "JP"}[v]})
	}
	e.watched = nil
	for i := range min(e.sites, estateWatched) {
		e.watched = append(e.watched, i)
	}
	e.rng.Shuffle(len(e.watched), func(i, j int) { e.watched[i], e.watched[j] = e.watched[j], e.watched[i] })
}

// culpritName is the component number n that fails.
func culpritName(n int) string { return "culprit" + strconv.Itoa(n) }

// news folds so many probes, of one watched site after the other, as they come in until the
// next evaluation. Those of anomalous sites fail during the outage.
func (e *estate) news(n int) {
	for range n {
		site := e.watched[e.next%len(e.watched)]
		vantage := (e.next/len(e.watched) + site) % estateVantages
		e.next++
		p := faultline.Probe{Site: e.names[site], Vantage: "v" + strconv.Itoa(vantage), Symptom: faultline.SymptomOK,
			Status: 200, LatencyMS: 80,
			At: e.now.Add(time.Duration(e.rng.IntN(int(evaluation/time.Millisecond))) * time.Millisecond)}
		if e.failing && site < e.anomalous {
			p.Symptom, p.Status = "http_503", 503
		}
		e.eng.Fold(p)
	}
}

// evaluate moves the clock on by five seconds and has the evidence weighed. It returns the
// revisions that came of it.
func (e *estate) evaluate() []faultline.Incident {
	e.now = e.now.Add(evaluation)
	return e.eng.Fold(faultline.Tick{At: e.now})
}

// play brings the estate to the middle of its outage and returns the incidents
// that are open then, by cause.
func (e *estate) play() map[faultline.Component]faultline.Incident {
	e.eng.Fold(faultline.Tick{At: e.now})
	// In the quiet time, and when the outage begins, everything is looked at often
	// enough to be known, however few have news at each evaluation later.
	each := len(e.watched) / 2
	open := map[faultline.Component]faultline.Incident{}
	for round := range quietEvaluations + outageEvaluations {
		e.failing = round >= quietEvaluations
		e.news(each)
		for _, in := range e.evaluate() {
			if in.Cause != nil && in.State.Open() {
				open[in.Cause.Component] = in
			}
		}
	}
	return open
}
