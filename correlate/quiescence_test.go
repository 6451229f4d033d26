package correlate

import (
	"fmt"
	"testing"
	"time"

	"faultline"
	"faultline/correlate/evidence"
)

// quiescentTown is an engine whose sites have been seen well by two vantages for a while.
func quiescentTown(sites int) (e *Engine, probe func(site, at int, symptom faultline.Symptom)) {
	e = New(Config{})
	probe = func(site, at int, symptom faultline.Symptom) {
		for v := range 2 {
			e.Fold(faultline.Probe{At: ms(int64(at)*second + int64(v)), Site: fmt.Sprintf("s%d.example", site),
				Vantage: fmt.Sprintf("v%d", v), Symptom: symptom})
		}
	}
	for at := 0; at < 1200; at += 5 {
		for site := range sites {
			if at%30 == 0 {
				probe(site, 100_000+at, faultline.SymptomOK)
			}
		}
		e.Fold(faultline.Tick{At: ms(int64(100_000+at) * second)})
	}
	return e, probe
}

// What goes well is passed by until it fails, and what speaks against its failure is
// the same when it is asked for as if it had been weighed all along.
func TestQuiescentSitesAreWeighedWhenAsked(t *testing.T) {
	t.Parallel()
	e, probe := quiescentTown(20)
	if e.s.quiescent != 20 || len(e.s.unsettled) != 0 {
		t.Fatalf("%d sites are calm and %d are not, of 20", e.s.quiescent, len(e.s.unsettled))
	}
	at := 101_200
	for site := range clusterSites - 1 { // of more, it is asked how well the rest is
		probe(site, at, "http_503")
	}
	probe(4, at, faultline.SymptomOK)
	before := e.s.evidence[e.s.byID[4]].at
	e.Fold(faultline.Tick{At: ms(int64(at+5) * second)})
	if e.s.quiescent != 16 || len(e.s.unsettled) != 4 {
		t.Errorf("%d sites are calm, stirred are %v", e.s.quiescent, e.s.unsettled)
	}
	if j := &e.s.evidence[e.s.byID[4]]; j.at != before {
		t.Error("a success had a calm site weighed")
	}
	e.s.weighing = true
	asked := *e.evidenceOf(4)
	e.activate(4)
	e.s.unsettle(4)
	e.eval = 0
	e.Fold(faultline.Tick{At: ms(int64(at+5)*second + 1)}) // weighs the site again, as good as at the same time
	if again := e.s.evidence[e.s.byID[4]]; again.L != asked.L || asked.L[evidence.Windows-1] >= 0 {
		t.Errorf("asked for, its evidence is %v, weighed anew %v", asked.L, again.L)
	}
}

// A site that was calm and of which nothing more is heard is forgotten in time.
func TestQuiescenceEndsWhenNothingIsReported(t *testing.T) {
	t.Parallel()
	e, probe := quiescentTown(2)
	for at := 101_200; at < 101_200+45*60; at += 5 {
		if at%30 == 0 {
			probe(0, at, faultline.SymptomOK)
		}
		e.Fold(faultline.Tick{At: ms(int64(at) * second)})
		// The last result of site 1, of 101,170 s, is in reach for 32 minutes.
		if there := e.s.place(1) >= 0; there != (at <= 101_170+32*60) {
			t.Fatalf("at %d s it is judged: %v", at, there)
		}
	}
	if e.s.place(1) >= 0 || e.s.place(0) < 0 {
		t.Errorf("judged are %v", e.active)
	}
	if v := e.View(); v.SitesObserved != 1 {
		t.Errorf("%d sites are observed, one is", v.SitesObserved)
	}
}

// No more complaints are in reach than were counted, however late some come.
func TestComplaintsAreNeverTooFew(t *testing.T) {
	t.Parallel()
	var c complaints
	var all []int64
	now := int64(0)
	for i := range int64(3000) {
		now = 7_000*second + i*second
		at := now - (i*i*37)%(5*minute)
		all = append(all, at)
		c.add(at)
		n := 0
		for _, at := range all {
			if now-at <= ispWindow {
				n++
			}
		}
		if got := c.since(now - ispWindow); got < n {
			t.Fatalf("after %v %d are counted, %d are in reach", time.Duration(i)*time.Second, got, n)
		}
	}
	if got := c.since(now + 20*minute - ispWindow); got != 0 {
		t.Errorf("%d are counted long after", got)
	}
}
