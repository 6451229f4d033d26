package correlate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"faultline"
	"faultline/correlate/evidence"
)

// settled is an engine whose clock stands at minute m and that has seen nothing.
func settled(m float64) *Engine {
	e := New(Config{})
	e.Fold(faultline.Tick{At: after(m)})
	return e
}

// Reports are kept in order of time, whatever order they come in.
func TestReportsAreKeptInOrder(t *testing.T) {
	t.Parallel()
	for _, symptom := range []faultline.Symptom{"timeout", faultline.SymptomOK} {
		e := settled(60)
		for i, ago := range []int{20, 5, 10, 5, 0, 90, 1} {
			e.Fold(faultline.Report{At: e.Clock().Add(-time.Duration(ago) * time.Second), Site: "a.example",
				Reporter: fmt.Sprint(i), ASN: 1, Symptom: symptom})
		}
		c := e.sites.rows[0].Crowd
		kept := append(c.Recent, c.Well...)
		if len(kept) != 7 || !slices.IsSortedFunc(kept, func(a, b evidence.Report) int { return int(a.At - b.At) }) {
			t.Errorf("%s: %+v", symptom, kept)
		}
	}
}

func TestReportsAreCountedOnce(t *testing.T) {
	t.Parallel()
	first := faultline.Report{At: after(60), Site: "a.example", Reporter: "anna", ASN: 5}
	for name, c := range map[string]struct {
		change func(*faultline.Report)
		want   faultline.Counters
	}{
		"the same line again": {func(*faultline.Report) {},
			faultline.Counters{Reports: 1, ReportsRepeated: 1}},
		"9 minutes and 59 seconds later": {func(r *faultline.Report) { r.At = after(70).Add(-time.Second) },
			faultline.Counters{Reports: 1, ReportsRepeated: 1}},
		"10 minutes later": {func(r *faultline.Report) { r.At = after(70) },
			faultline.Counters{Reports: 2}},
		"4 minutes earlier": {func(r *faultline.Report) { r.At = after(56) },
			faultline.Counters{Reports: 1, ReportsRepeated: 1}},
		"another symptom": {func(r *faultline.Report) { r.Symptom = "dns" },
			faultline.Counters{Reports: 1, ReportsRepeated: 1}},
		"another site": {func(r *faultline.Report) { r.Site = "b.example" },
			faultline.Counters{Reports: 2}},
		"another person": {func(r *faultline.Report) { r.Reporter = "bert" },
			faultline.Counters{Reports: 2}},
		"5 minutes behind the clock": {func(r *faultline.Report) { r.At, r.Reporter = after(55), "bert" },
			faultline.Counters{Reports: 2}},
		"more than that": {func(r *faultline.Report) {
			r.At,
				r.Reporter = after(55).Add(-time.Millisecond), "bert"
		}, faultline.Counters{Reports: 1, Late: 1}},
		"2 minutes ahead": {func(r *faultline.Report) { r.At, r.Reporter = after(62), "bert" },
			faultline.Counters{Reports: 2}},
		"more than that, clamped, counted": {func(r *faultline.Report) {
			r.At,
				r.Reporter = after(62).Add(time.Millisecond), "bert"
		}, faultline.Counters{Reports: 2, Future: 1}},
		"far ahead, by the same person": {func(r *faultline.Report) { r.At = after(75) },
			faultline.Counters{Reports: 1, ReportsRepeated: 1, Future: 1}},
	} {
		e := settled(60)
		e.Fold(first)
		second := first
		c.change(&second)
		if name == "9 minutes and 59 seconds later" || name == "10 minutes later" {
			e.Fold(faultline.Tick{At: second.At})
		}
		e.Fold(second)
		if got := e.View().Counters; got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestProbesAreCountedOnce(t *testing.T) {
	t.Parallel()
	first := faultline.Probe{At: after(60), Site: "a.example", Vantage: "lon-1", Symptom: "ok", Status: 200}
	for name, c := range map[string]struct {
		change func(*faultline.Probe)
		want   faultline.Counters
	}{
		"the same line again": {func(*faultline.Probe) {}, faultline.Counters{Probes: 1, ProbesRepeated: 1}},
		"with another outcome": {func(p *faultline.Probe) { p.Symptom, p.Status = "http_503", 503 },
			faultline.Counters{Probes: 1, ProbesRepeated: 1}},
		"a millisecond later": {func(p *faultline.Probe) { p.At = p.At.Add(time.Millisecond) },
			faultline.Counters{Probes: 2}},
		"another vantage": {func(p *faultline.Probe) { p.Vantage = "nyc-1" }, faultline.Counters{Probes: 2}},
		"another site":    {func(p *faultline.Probe) { p.Site = "b.example" }, faultline.Counters{Probes: 2}},
		"refused, yet counted": {func(p *faultline.Probe) { p.Vantage, p.Status = "nyc-1", 403 },
			faultline.Counters{Probes: 2}},
		"6 minutes behind": {func(p *faultline.Probe) { p.At = after(54) },
			faultline.Counters{Probes: 1, Late: 1}},
		"3 minutes ahead, clamped": {func(p *faultline.Probe) { p.At, p.Vantage = after(63), "nyc-1" },
			faultline.Counters{Probes: 2, Future: 1}},
		"clamped onto another one": {func(p *faultline.Probe) { p.At = after(63) },
			faultline.Counters{Probes: 1, ProbesRepeated: 1, Future: 1}},
	} {
		e := settled(60)
		e.Fold(first)
		second := first
		c.change(&second)
		e.Fold(second)
		if got := e.View().Counters; got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// Whatever comes in is counted exactly once.
func TestCountersConserve(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 7))
	w := cdnOutage(40)
	w.grumble(5)
	evs := w.happenings()
	var dirty []faultline.Event
	for _, ev := range evs {
		skew := time.Duration(0)
		switch rng.IntN(20) {
		case 0:
			skew = -time.Duration(rng.IntN(600)) * time.Second
		case 1:
			skew = time.Duration(rng.IntN(600)) * time.Second
		case 2:
			dirty = append(dirty, ev)
		}
		switch v := ev.(type) {
		case faultline.Report:
			v.At = v.At.Add(skew)
			dirty = append(dirty, v)
		case faultline.Probe:
			v.At = v.At.Add(skew)
			dirty = append(dirty, v)
		}
	}
	e, folded := New(Config{}), int64(0)
	clock := dawn
	for i, ev := range dirty {
		if i%100 == 0 {
			clock = clock.Add(time.Duration(w.minutes) * time.Minute * 100 / time.Duration(len(dirty)))
			e.Fold(faultline.Tick{At: clock})
		}
		e.Fold(ev)
		folded++
	}
	c := e.View().Counters
	if sum := c.Reports + c.ReportsRepeated + c.Probes + c.ProbesRepeated + c.Late + c.Refused; sum != folded {
		t.Errorf("folded %d events, counted %d: %+v", folded, sum, c)
	}
	if c.Late == 0 || c.Future == 0 || c.ReportsRepeated == 0 || c.ProbesRepeated == 0 || c.Refused != 0 {
		t.Errorf("the input was not dirty enough: %+v", c)
	}
}

// A prober that is refused says nothing of the site, whatever its symptom field says.
func TestBlockedProbesAreNoEvidence(t *testing.T) {
	t.Parallel()
	for _, symptom := range []faultline.Symptom{"http_503", "http_403"} {
		w := quietTown(30, 42)
		w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 42, symptom: symptom}}
		evs := w.events()
		refused := int64(0)
		for i, ev := range evs {
			if p, ok := ev.(faultline.Probe); ok && p.Symptom == symptom {
				p.Status = map[string]int{"lon-1": 401, "nyc-1": 403, "sgp-1": 429}[p.Vantage]
				evs[i] = p
				refused++
			}
		}
		s := play(t, New(Config{}), evs)
		if len(s.revisions) != 0 || refused < 100 {
			t.Errorf("%d refused probes that say %s: %d revisions", refused, symptom, len(s.revisions))
		}
		for _, x := range s.engine.View().Sites {
			t.Errorf("%s: %s is listed with %d of %d probes failed", symptom, x.Site, x.ProbesFailed, x.Probes)
		}
	}
}

// Lines that arrive twice, or out of order by up to two seconds, change nothing of
// what is found.
func TestDisorderChangesNothing(t *testing.T) {
	t.Parallel()
	w := cdnOutage(30)
	w.minutes = 50
	w.grumble(1)
	w.crowds = append(w.crowds, crowdOf{sites: w.on("cdn:x"), from: 36, to: 47, perMinute: 20, asns: asns(3000, 12),
		symptom: "http_503"})
	clean := play(t, New(Config{}), w.withTicks(w.lines()))
	want := clean.wantOne(t, "cdn:x")

	twice := make([]faultline.Event, 0, 2*len(w.lines()))
	for _, ev := range w.lines() {
		twice = append(twice, ev, ev)
	}
	s := play(t, New(Config{}), w.withTicks(twice))
	if got, want := mustJSON(t, s.revisions), mustJSON(t, clean.revisions); string(got) != string(want) {
		t.Error("doubled lines make other incidents")
	}
	if a, b := clean.engine.View().Counters, s.engine.View().Counters; a.Reports != b.Reports || a.Probes != b.Probes ||
		b.ReportsRepeated != a.Reports || b.ProbesRepeated != a.Probes {
		t.Errorf("clean %+v, doubled %+v", a, b)
	}

	for seed := range uint64(2) {
		in := play(t, New(Config{}), w.withTicks(shuffled(w.lines(), seed))).wantOne(t, "cdn:x")
		if !slices.Equal(siteNames(in), siteNames(want)) || in.Onset.At.Sub(want.Onset.At).Abs() > 5*time.Second ||
			in.ConfirmedAt.Sub(*want.ConfirmedAt).Abs() > 10*time.Second ||
			in.Evidence.ProbesFailed != want.Evidence.ProbesFailed {
			t.Errorf("seed %d: %s, onset %v, evidence %+v; in order: %s, %v, %+v", seed, in.Title, in.Onset,
				in.Evidence, want.Title, want.Onset, want.Evidence)
		}
	}
}

// lines is the world without its ticks: the map, then what is seen and said.
func (w *world) lines() []faultline.Event {
	var out []faultline.Event
	for _, v := range w.vantages {
		out = append(out, v)
	}
	for _, s := range w.sites {
		out = append(out, s)
	}
	return append(out, w.happenings()...)
}

// shuffled delays each line by up to two seconds, its own time unchanged.
func shuffled(evs []faultline.Event, seed uint64) []faultline.Event {
	rng := rand.New(rand.NewPCG(seed, 2))
	type arrival struct {
		ev faultline.Event
		at time.Time
	}
	out := make([]arrival, len(evs))
	for i, ev := range evs {
		out[i] = arrival{ev, ev.Time().Add(time.Duration(rng.IntN(2000)) * time.Millisecond)}
		if ev.Time().IsZero() {
			out[i].at = time.Time{}
		}
	}
	slices.SortStableFunc(out, func(a, b arrival) int { return a.at.Compare(b.at) })
	for i, a := range out {
		evs[i] = a.ev
	}
	return evs
}

func siteNames(in faultline.Incident) []string {
	var names []string
	for _, s := range in.Sites {
		names = append(names, s.Site)
	}
	return names
}
