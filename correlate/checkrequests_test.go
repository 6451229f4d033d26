package correlate

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"faultline"
)

// granted folds a world in which every vantage looks where the engine wishes it
// to, two seconds later and at most every 30 seconds, and returns when a cause was
// first confirmed (zero: never), with the wishes made until then.
func granted(t *testing.T, w *world, grant bool) (confirmed time.Time, cause faultline.Component,
	requested []faultline.CheckRequest) {
	t.Helper()
	e, rng := New(Config{}), rand.New(rand.NewPCG(9, 9))
	last := map[string]time.Time{}
	for _, ev := range w.events() {
		for _, in := range e.Fold(ev) {
			if in.ConfirmedAt != nil && confirmed.IsZero() {
				confirmed = *in.ConfirmedAt
				cause = in.Cause.Component
			}
		}
		tick, ok := ev.(faultline.Tick)
		if !ok || !confirmed.IsZero() {
			continue
		}
		now := e.CheckRequests()
		requested = append(requested, now...)
		if !grant {
			continue
		}
		for _, p := range w.asked(now, tick.At, last) {
			e.Fold(w.checked(p, rng))
		}
	}
	return confirmed, cause, requested
}

// asked are the checks that all vantages do for some requests: at most one of a site in
// 30 seconds.
func (w *world) asked(
	requests []faultline.CheckRequest, now time.Time, last map[string]time.Time,
) (checks []faultline.Probe) {
	for _, request := range requests {
		for _, v := range w.vantages {
			if key := request.Site + v.Vantage; now.Sub(last[key]) >= 30*time.Second {
				last[key] = now
				checks = append(checks, faultline.Probe{At: now, Site: request.Site, Vantage: v.Vantage})
			}
		}
	}
	return checks
}

// checked is a probe with what the faults of the world make it find.
func (w *world) checked(p faultline.Probe, rng *rand.Rand) faultline.Probe {
	p.Symptom = faultline.SymptomOK
	found := p
	for _, f := range w.faults {
		if f.fails(p, rng) {
			found.Symptom = f.symptom
		}
	}
	return found
}

func TestCheckRequestsConfirmACauseInSeconds(t *testing.T) {
	t.Parallel()
	w := quietTown(50, 120)
	w.cadence = 20 * time.Minute
	w.faults = []fault{{sites: w.on("cdn:x"), from: 95, to: 120, symptom: "http_503"}}
	w.crowds = []crowdOf{{sites: w.on("cdn:x"), from: 95, to: 120, perMinute: 20, asns: asns(3000, 12),
		symptom: "http_503"}}
	alone, _, _ := granted(t, w, false)
	helped, cause, _ := granted(t, w, true)
	t.Logf("confirmed %s after the onset; without wishes %s", helped.Sub(after(95)), alone.Sub(after(95)))
	if cause != "cdn:x" || helped.IsZero() || helped.Sub(after(95)) > 75*time.Second || !alone.IsZero() &&
		alone.Sub(after(95)) < 3*helped.Sub(after(95)) {
		t.Errorf("confirmed at %v (%s), without wishes at %v", helped, cause, alone)
	}
}

func TestCheckRequestsAreOfMembersAndOfControls(t *testing.T) {
	t.Parallel()
	w := quietTown(130, 37)
	w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 37, symptom: "http_503"}}
	e := New(Config{})
	members, controls := map[string]bool{}, map[string]bool{}
	for _, ev := range w.events() {
		e.Fold(ev)
		if _, ok := ev.(faultline.Tick); !ok || e.Clock().Before(after(35)) || e.Clock().After(after(37)) {
			continue
		}
		requests, before := e.CheckRequests(), e.Checkpoint()
		if again := e.CheckRequests(); !slices.Equal(again, requests) || !bytes.Equal(before, e.Checkpoint()) {
			t.Fatal("a wish changes what is wished, or known")
		}
		seen := map[string]bool{}
		for _, request := range requests {
			on := slices.Contains(w.on("cdn:x"), request.Site)
			switch {
			case seen[request.Site] || !request.Until.After(e.Clock()) || request.Until.Sub(e.Clock()) > time.Minute:
				t.Fatalf("%+v at %s", request, e.Clock())
			case request.Component == "cdn:x" && request.Reason == faultline.CheckSuspect && on:
				members[request.Site] = true
			case request.Component == "cdn:x" && request.Reason == faultline.CheckControl && !on:
				controls[request.Site] = true
			case request.Component == "cdn:x":
				t.Fatalf("%+v", request)
			}
			seen[request.Site] = true
		}
		if len(requests) > faultline.MaxCheckRequests {
			t.Fatalf("%d wishes", len(requests))
		}
	}
	if len(members) < requestMembers || len(controls) < requestControls {
		t.Errorf("%d members and %d controls", len(members), len(controls))
	}
}

func TestAQuietWorldRequestsNoChecks(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 45)
	if _, _, requested := granted(t, w, false); len(requested) != 0 {
		t.Errorf("%d wishes, such as %+v", len(requested), requested[0])
	}
}

func TestWhatPeopleComplainOfIsChecked(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 56)
	w.blind([]string{"s007.example"})
	w.grumble(1)
	w.crowds = append(w.crowds, crowdOf{sites: []string{"s007.example"}, from: 50, to: 60, perMinute: 30,
		asns: asns(3000, 12), symptom: "timeout"})
	_, _, requested := granted(t, w, false)
	if !slices.ContainsFunc(requested, func(w faultline.CheckRequest) bool { return w.Site == "s007.example" }) {
		t.Error("nobody looks at a site that many complain of")
	}
}
