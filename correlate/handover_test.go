package correlate

import (
	"slices"
	"testing"
	"time"

	"faultline"
	"faultline/correlate/cause"
)

// An incident ends when what it alone holds is back, although sites that it shares
// with another one fail on.
func TestContestedSitesHoldNoIncidentOpen(t *testing.T) {
	t.Parallel()
	w := quietTown(100, 75)
	w.faults = []fault{
		{sites: w.on("cdn:x"), from: 35, to: 45, symptom: "http_503"},
		{sites: w.on("dns:q"), from: 39, to: 60, symptom: "dns"},
	}
	ends := map[faultline.Component]float64{"cdn:x": 45, "dns:q": 60}
	for _, in := range w.runPublished(t).published() {
		end, ok := ends[causeOf(in)]
		if !ok || in.ResolvedAt == nil {
			t.Errorf("%s is %s", causeOf(in), in.State)
			continue
		}
		delete(ends, causeOf(in))
		if off := in.ResolvedAt.Sub(after(end)).Abs(); off > 3*time.Minute {
			t.Errorf("%s resolved %v from its end", causeOf(in), off)
		}
	}
	if len(ends) > 0 {
		t.Errorf("not told of %v", ends)
	}
}

// A twin of an open cause whose few sites the map misplaces is no second incident.
func TestWhatATwinLeavesIsNoCause(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 52)
	for i := range w.sites { // the provider's own network holds its sites and a few that the map lost
		if slices.Contains(w.sites[i].Components, "cdn:x") || i%15 == 4 {
			w.sites[i].Components = append(w.sites[i].Components, "prefix:192.0.2.0/24")
		}
	}
	failing := w.on("prefix:192.0.2.0/24")
	w.faults = []fault{{sites: failing, from: 35, to: 48, symptom: "http_503"}}
	published := w.runPublished(t).published()
	if len(published) != 1 {
		t.Fatalf("%d incidents told", len(published))
	}
	if f := f1(published[0].Sites, failing); f < 0.95 {
		t.Errorf("%s: sites match with F1 %.2f", causeOf(published[0]), f)
	}
}

// What is left of a component belongs to the incident that most of it is in, if it
// began with that, and to nothing else.
func TestLeftByTheIncidentThatMostIsIn(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 42)
	for i := range w.sites {
		if slices.Contains(w.sites[i].Components, "cdn:x") || i%15 == 4 {
			w.sites[i].Components = append(w.sites[i].Components, "prefix:192.0.2.0/24")
		}
	}
	w.faults = []fault{{sites: w.on("prefix:192.0.2.0/24"), from: 35, to: 42, symptom: "http_503"}}
	e := New(Config{})
	play(t, e, w.events())
	c, _ := e.components.find("prefix:192.0.2.0/24")
	id, _ := e.sites.find("s004.example") // on it, and not on the CDN
	in := e.incident(e.sites.rows[id].Incident)
	if in == nil {
		t.Fatal("it is in no incident")
	}
	e.sites.rows[id].Incident = 0
	f := cause.Cause{Component: c, Window: 3, Own: []uint32{id}}
	if got := e.leftBy(f); got != in {
		t.Errorf("left by %v", got)
	}
	in.Onset[0], in.Onset[2] = in.Onset[0]-10*minute, in.Onset[2]-10*minute
	if got := e.leftBy(f); got != nil {
		t.Errorf("what began ten minutes later is left by %s", got.Cause)
	}
}
