package scenario_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/scenario"
)

// lines writes all events of a scenario as event lines.
func lines(t *testing.T, s scenario.Spec) []byte {
	t.Helper()
	var out []byte
	for ev := range s.Events() {
		var err error
		if out, err = faultline.AppendLine(out, ev); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestTheSameSpecAndSeedGiveTheSameBytes(t *testing.T) {
	first := lines(t, builtin(t, fastly))
	if again := lines(t, builtin(t, fastly)); !bytes.Equal(first, again) {
		t.Error("two expansions differ")
	}
	other := builtin(t, fastly)
	other.Seed++
	if bytes.Equal(first, lines(t, other)) {
		t.Error("another seed gives the same events")
	}
}

func TestEventsComeInOrderOfArrivalWithinTheScenario(t *testing.T) {
	s := builtin(t, fastly)
	last := s.Start
	overtaken := 0
	var latest time.Time
	for at, ev := range s.Arrivals() {
		if at.Before(last) || at.After(s.End) {
			t.Fatalf("%s arrives %v after %v", ev.Type(), at, last)
		}
		last = at
		switch e := ev.(type) {
		case faultline.Report, faultline.Statement:
			if !ev.Time().Equal(at) {
				t.Fatalf("a %s of %v arrives %v", ev.Type(), ev.Time(), at)
			}
		case faultline.Probe:
			if delay := at.Sub(e.At); delay < time.Duration(e.LatencyMS)*time.Millisecond || delay > time.Minute {
				t.Fatalf("a probe of %d ms arrives after %v", e.LatencyMS, delay)
			}
		}
		if when := ev.Time(); !when.IsZero() {
			if when != faultline.Millis(when) || when.Before(s.Start) {
				t.Fatalf("%s at %v", ev.Type(), when)
			}
			if when.Before(latest) {
				overtaken++
			}
			latest = when
		}
	}
	if overtaken < 1000 {
		t.Errorf("only %d events were overtaken on their way", overtaken)
	}
}

func TestTheMapComesFirst(t *testing.T) {
	s := parse(t, small)
	var got []string
	for ev := range s.Events() {
		switch e := ev.(type) {
		case faultline.Vantage:
			got = append(got, e.Vantage)
		case faultline.SiteRecord:
			got = append(got, e.Site)
			if e.Site == "c.example" &&
				!slices.Equal(e.Components, []faultline.Component{"cdn:x", "cdn:y", "tld:example"}) {
				t.Errorf("components: %v", e.Components)
			}
			if e.Shares != nil || e.Source != faultline.SourceCatalog {
				t.Errorf("the map is told more than it may know: %+v", e)
			}
		}
		if len(got) == 5 {
			break
		}
		if ev.Type() == faultline.TypeProbe {
			t.Fatal("a probe comes before the map")
		}
	}
	if want := "lon-1 nyc-1 a.example b.example c.example"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestOneSiteMoreLeavesTheOthersAsTheyWere(t *testing.T) {
	of := func(s scenario.Spec, site string) []byte {
		var out []byte
		for ev := range s.Events() {
			line, err := faultline.AppendLine(nil, ev)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(line, []byte(site)) {
				out = append(out, line...)
			}
		}
		return out
	}
	s := parse(t, small)
	before := of(s, "b.example")
	s.Sites = slices.Insert(s.Sites, 0,
		scenario.Site{Site: "z.example", Rank: 5, Components: []faultline.Component{"cdn:y"}})
	if len(before) == 0 || !bytes.Equal(before, of(s, "b.example")) {
		t.Error("the events of b.example changed")
	}
}
