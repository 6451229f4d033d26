package scenario

import (
	"cmp"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"faultline"
)

// step is how much of the scenario is made at once; memory holds one step and
// what is still on its way.
const step = int64(time.Minute / time.Millisecond)

// Events yields what Faultline would have seen, in order of arrival: the
// vantages and the map, then reports, probes and statements. The spec must pass
// [Spec.Check]. The same spec yields the same events every time.
func (s Spec) Events() iter.Seq[faultline.Event] {
	return func(yield func(faultline.Event) bool) {
		for _, ev := range s.Arrivals() {
			if !yield(ev) {
				return
			}
		}
	}
}

// Arrivals is [Spec.Events] with the moment at which each event arrives: that of
// a report is its own, a probe is known a little after it was made.
func (s Spec) Arrivals() iter.Seq2[time.Time, faultline.Event] {
	return func(yield func(time.Time, faultline.Event) bool) {
		// The reader has stopped: an iterator must not call yield again after it returned
		// false.
		if !s.preamble(yield) {
			return
		}
		w := newWorld(&s)
		end := s.End.UnixMilli()
		for from := s.Start.UnixMilli(); from < end; from += step {
			for _, a := range w.advance(from, min(from+step, end)) {
				if !yield(time.UnixMilli(a.at).UTC(), a.ev) {
					return
				}
			}
		}
	}
}

// preamble yields what is known from the start.
func (s Spec) preamble(yield func(time.Time, faultline.Event) bool) bool {
	at := faultline.Millis(s.Start)
	for _, v := range s.Vantages {
		if !yield(at, faultline.Vantage{Vantage: v.Vantage, ASN: v.ASN, Country: v.Country}) {
			return false
		}
	}
	for _, r := range s.Records() {
		if !yield(at, r) {
			return false
		}
	}
	return true
}

// Records returns the map of the scenario: what each site is said to depend on,
// its top-level domain among it, in the order of the spec.
func (s Spec) Records() []faultline.SiteRecord {
	records := make([]faultline.SiteRecord, 0, len(s.Sites))
	for _, site := range s.Sites {
		published := site.Components
		if site.Mapped != nil {
			published = site.Mapped
		}
		// The spec's own list must stay as it is, since it may be played again.
		components := append(slices.Clone(published), tld(site.Site))
		slices.Sort(components)
		records = append(records, faultline.SiteRecord{
			Site: site.Site, Rank: site.Rank, Components: components, Source: faultline.SourceCatalog,
		})
	}
	return records
}

// arrival is an event with when it arrives, in milliseconds.
type arrival struct {
	at int64
	ev faultline.Event
}

// world is a scenario being played.
type world struct {
	watch   watch
	crowd   crowd
	said    []arrival // statements to come
	attacks []attack
	dirt    dirt
	reading reading
	pending []arrival // made and not yet arrived
	out     []arrival
}

func newWorld(s *Spec) *world {
	// The order of these calls decides nothing: each draws from a stream of its own.
	effects := faultsOf(s, source(s.Seed, "returns", ""))
	noise := newPicker(s.Noise.Symptoms)
	for i, site := range s.Sites {
		effects[i] = append(effects[i], ownFaults(s, noise, source(s.Seed, "own", site.Site))...)
	}
	w := &world{
		watch: newWatch(s, effects, noise), crowd: newCrowd(s, effects),
		attacks: attacksOf(s), dirt: newDirt(s), reading: newReading(s),
	}
	for _, st := range s.Statements {
		st.At = faultline.Millis(st.At)
		w.said = append(w.said, arrival{st.At.UnixMilli(), st})
	}
	return w
}

// advance makes what happens in [from, to) and returns what arrives in it, in
// order. The result is good until the next call.
func (w *world) advance(from, to int64) []arrival {
	// What is pending from here on was made in this step. Only that is repeated or
	// delayed, or a late event would be delayed again in each step.
	made := len(w.pending)
	w.pending = w.watch.probe(w.pending, to)
	w.pending = w.crowd.report(w.pending, from, to)
	for i := range w.attacks {
		w.pending = w.attacks[i].report(w.pending, from, to)
	}
	w.pending = w.dirt.soil(w.pending, made)
	w.pending = w.reading.count(w.pending, from, to)
	for _, a := range w.said {
		if a.at >= from && a.at < to {
			w.pending = append(w.pending, a)
		}
	}
	// Stable, so that events of one millisecond keep the order in which they were made,
	// on every machine.
	slices.SortStableFunc(w.pending, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	n, _ := slices.BinarySearchFunc(w.pending, to, func(a arrival, t int64) int { return cmp.Compare(a.at, t) })
	w.out = append(w.out[:0], w.pending[:n]...)
	w.pending = append(w.pending[:0], w.pending[n:]...)
	return w.out
}

// source is a stream of chance of its own for each purpose and name, so that a
// site more or less leaves all others as they were.
func source(seed uint64, purpose, name string) *rand.Rand {
	return rand.New(pcg(seed, purpose, name))
}

func pcg(seed uint64, purpose, name string) *rand.PCG {
	h := fnv.New64a()
	// The zero byte keeps "a"+"bc" and "ab"+"c" apart.
	h.Write([]byte(purpose + "\x00" + name))
	return rand.NewPCG(seed, h.Sum64())
}
