package correlate

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"faultline"
)

// foldAll returns the revisions that events make.
func foldAll(e *Engine, evs []faultline.Event) []faultline.Incident {
	var revs []faultline.Incident
	for _, ev := range evs {
		revs = append(revs, e.Fold(ev)...)
	}
	return revs
}

// A stream that is folded by two engines, the second from the checkpoint of the
// first, tells what one engine tells.
func TestPropertySplitStreamsTellTheSame(t *testing.T) {
	t.Parallel()
	evs := hamlet().events()
	want := mustJSON(t, play(t, New(Config{}), evs).revisions)
	at := rapid.IntRange(0, len(evs))
	for seed := range worldsDrawn {
		cut := at.Example(seed)
		first := New(Config{})
		revs := foldAll(first, evs[:cut])
		second, err := Restore(Config{}, first.Checkpoint())
		if err != nil {
			t.Fatal(err)
		}
		if got := mustJSON(t, append(revs, foldAll(second, evs[cut:])...)); !bytes.Equal(got, want) {
			t.Fatalf("split after %d of %d lines: other incidents", cut, len(evs))
		}
	}
}

// The order of what arrives between two looks at the evidence changes nothing.
func TestPropertyOrderWithinALookChangesNothing(t *testing.T) {
	t.Parallel()
	w := hamlet()
	w.cadence = 2 * time.Second // several of each track between two looks
	evs := w.events()
	want := mustJSON(t, play(t, New(Config{}), evs).revisions)
	shuffles := rapid.Custom(func(rt *rapid.T) []faultline.Event {
		var out, came []faultline.Event // since the last evaluation
		for _, ev := range evs {
			if movable(ev) {
				came = append(came, ev)
				continue
			}
			if ev.Time().UnixMilli()%evalEvery == 0 && len(came) > 0 {
				out = append(out, rapid.Permutation(came).Draw(rt, "what came")...)
				came = came[:0]
			}
			out = append(out, ev)
		}
		return append(out, came...)
	})
	for seed := range worldsDrawn {
		if got := mustJSON(t, foldAll(New(Config{}), shuffles.Example(seed))); !bytes.Equal(got, want) {
			t.Fatalf("seed %d: another order tells of other incidents", seed)
		}
	}
}

// movable lines are what was seen and said; the map and the clock keep their place.
func movable(ev faultline.Event) bool {
	switch ev.(type) {
	case faultline.Probe, faultline.Report:
		return true
	}
	return false
}

// gist is what must not depend on the order in which lines came or on who says
// nothing: what was told of which cause, and which sites it took down.
func gist(revs []faultline.Incident) string {
	last := map[string]string{}
	var ids []string
	for _, r := range revs {
		if r.ConfirmedAt == nil {
			continue
		}
		if last[r.ID] == "" {
			ids = append(ids, r.ID)
		}
		names := siteNames(r)
		slices.Sort(names)
		last[r.ID] = fmt.Sprintln(causeOf(r), r.State, names)
	}
	out := ""
	for _, id := range ids {
		out += last[id]
	}
	return out
}

// wantGist is the gist of a world that must tell something.
func wantGist(t *testing.T, s *story) string {
	t.Helper()
	got := gist(s.revisions)
	if got == "" {
		t.Fatal("the world tells nothing")
	}
	return got
}

// Lines that arrive up to four minutes late tell of the same outage.
func TestPropertyLatenessChangesNothing(t *testing.T) {
	t.Parallel()
	w := hamlet()
	w.minutes = 12 // what is late still comes
	w.faults[0].to = 8
	evs := w.events()
	want := wantGist(t, play(t, New(Config{}), evs))
	delays := rapid.Custom(func(rt *rapid.T) []faultline.Event { // one line in twenty is late
		type arrival struct {
			ev faultline.Event
			at time.Time
		}
		var out []arrival
		clock := dawn
		for _, ev := range evs {
			if at := ev.Time(); at.After(clock) {
				clock = at
			}
			late := time.Duration(0)
			if movable(ev) && rapid.IntRange(0, 19).Draw(rt, "is late") == 0 {
				late = time.Duration(rapid.IntRange(0, 240).Draw(rt, "seconds")) * time.Second
			}
			out = append(out, arrival{ev, clock.Add(late)})
		}
		slices.SortStableFunc(out, func(a, b arrival) int { return a.at.Compare(b.at) })
		late := make([]faultline.Event, len(out))
		for i, a := range out {
			late[i] = a.ev
		}
		return late
	})
	for seed := range worldsDrawn {
		e := New(Config{})
		if got := gist(foldAll(e, delays.Example(seed))); got != want {
			t.Errorf("seed %d: told of\n%sin time of\n%s", seed, got, want)
		}
		if late := e.View().Counters.Late; late != 0 {
			t.Errorf("seed %d: %d lines were too late", seed, late)
		}
	}
}

// Sites that nothing is reported of change nothing of what is published, on whatever they
// stand.
func TestPropertySilentSitesChangeNothing(t *testing.T) {
	t.Parallel()
	evs := hamlet().events()
	plain := play(t, New(Config{}), evs)
	want := wantGist(t, plain)
	silent := rapid.Custom(func(rt *rapid.T) []faultline.Event {
		var out []faultline.Event
		for i := range rapid.IntRange(1, 60).Draw(rt, "sites") {
			s := faultline.SiteRecord{Site: fmt.Sprintf("silent%d.example", i),
				Rank: rapid.IntRange(0, 100_000).Draw(rt, "rank")}
			for _, kind := range []string{faultline.KindCDN, faultline.KindDNS, faultline.KindASN} {
				if name := rapid.SampledFrom([]string{"", "x", "y", "p", "AS64500", "new"}).Draw(rt, kind); name != "" {
					s.Components = append(s.Components, faultline.NewComponent(kind, name))
				}
			}
			out = append(out, s)
		}
		return out
	})
	for seed := range worldsDrawn {
		more := silent.Example(seed)
		at := 1 + seed*len(evs)/(2*worldsDrawn) // at the beginning, and later
		revs := foldAll(New(Config{}), slices.Concat(evs[:at], more, evs[at:]))
		if got := gist(revs); got != want {
			t.Errorf("seed %d: with %d silent sites told of\n%swithout them of\n%s", seed, len(more), got, want)
		}
		if a, b := confirmedAt(revs), confirmedAt(plain.revisions); a.Sub(b).Abs() > 5*time.Second {
			t.Errorf("seed %d: confirmed at %v, without silent sites at %v", seed, a, b)
		}
	}
}

func confirmedAt(revs []faultline.Incident) time.Time {
	for _, r := range revs {
		if r.ConfirmedAt != nil {
			return *r.ConfirmedAt
		}
	}
	return time.Time{}
}
