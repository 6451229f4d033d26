package scenario

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"faultline"
)

// fault is a failure made ready for many questions. One is shared by all sites that it
// hits.
type fault struct {
	q         curve
	symptoms  picker[faultline.Symptom]
	detail    string
	status    int      // of a failing probe whose symptom holds none; 0: the usual
	asn       uint32   // of the viewers that it hits; 0: any
	countries []string // of the viewers that it hits; none: any
}

// effect is what one fault does to one site.
type effect struct {
	*fault
	weight float64
	back   int64 // when the site has returned
}

// viewer is where a visit comes from.
type viewer struct {
	asn     uint32
	country string
}

// severity is the chance that a visit fails. It is what a probe's chance and a report's
// urge are both made of, so that the two agree.
func (e effect) severity(at int64, from viewer) float64 {
	if at >= e.back || e.asn != 0 && e.asn != from.asn ||
		len(e.countries) > 0 && !slices.Contains(e.countries, from.country) {
		return 0
	}
	return e.weight * e.q.value(at)
}

// over reports whether the effect is silent from the moment on, up to another. It
// spares the crowd the draws for faults that are long over.
func (e effect) over(from, to int64) bool {
	return from >= e.back || to <= e.q[0].at || from >= e.q[len(e.q)-1].at && e.q[len(e.q)-1].v == 0
}

// faultsOf makes the failures of a spec ready and spreads them over its sites:
// the result has a list for each of them.
func faultsOf(s *Spec, rng *rand.Rand) [][]effect {
	effects := make([][]effect, len(s.Sites))
	for _, f := range s.Failures {
		ready := &fault{symptoms: newPicker(f.Symptoms), detail: f.Detail, status: f.Status, countries: f.Countries}
		if f.Component.Kind() == faultline.KindISP {
			ready.asn = asNumber(f.Component)
		}
		for _, p := range f.Q {
			ready.q = append(ready.q, knot{p.At.UnixMilli(), p.Q})
		}
		var only map[string]bool
		if len(f.Sites) > 0 {
			only = setOf(f.Sites)
		}
		var hit []int
		for i, site := range s.Sites {
			if site.Weight(f.Component) > 0 && (only == nil || only[site.Site]) {
				hit = append(hit, i)
			}
		}
		for k, back := range returns(f.Returns, len(hit), rng) {
			i := hit[k]
			effects[i] = append(effects[i], effect{ready, s.Sites[i].Weight(f.Component), back})
		}
	}
	return effects
}

// returns draws when each of n sites is back: evenly over the shares, in an order of
// chance. Without points no site is back before the failure itself ends.
func returns(points []Return, n int, rng *rand.Rand) []int64 {
	var back curve
	for _, p := range points {
		back = append(back, knot{p.At.UnixMilli(), p.Share})
	}
	out := make([]int64, n)
	for i, k := range rng.Perm(n) {
		out[i] = math.MaxInt64
		if len(back) > 0 {
			out[i] = back.reaches((float64(k) + 0.5) / float64(n))
		}
	}
	return out
}

// ownFaults draws the faults that a site has all by itself, from onset on. Each
// lasts for a while and the next one begins after it.
func ownFaults(s *Spec, symptoms picker[faultline.Symptom], rng *rand.Rand) []effect {
	if s.Noise.OwnFaultsPerDay == 0 {
		return nil
	}
	var out []effect
	gap := float64(24*time.Hour/time.Millisecond) / s.Noise.OwnFaultsPerDay
	length := s.Noise.OwnFaultMinutes * float64(time.Minute/time.Millisecond)
	at := float64(s.Onset.UnixMilli())
	for {
		at += gap * rng.ExpFloat64()
		if at >= float64(s.End.UnixMilli()) {
			return out
		}
		from, to := int64(at), int64(at+length*rng.ExpFloat64())+1
		out = append(out, effect{&fault{q: curve{{from, 1}}, symptoms: symptoms}, 1, to})
		at = float64(to)
	}
}

// asNumber reads the number of isp:AS812; 0 when there is none.
func asNumber(c faultline.Component) uint32 {
	n, err := strconv.ParseUint(strings.TrimPrefix(c.Name(), "AS"), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// setOf is a set of names.
func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}
