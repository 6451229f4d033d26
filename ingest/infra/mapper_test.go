package infra

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
)

var mapperNoon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newTestMapper(t *testing.T) *Mapper {
	t.Helper()
	table, err := BuiltinSignatures()
	if err != nil {
		t.Fatal(err)
	}
	matcher, err := NewMatcher(table, Sources{})
	if err != nil {
		t.Fatal(err)
	}
	m := NewMapper(matcher, func(site string) (faultline.SiteRecord, bool) {
		return faultline.SiteRecord{Site: site}, site == "ft.com"
	}, slog.New(slog.DiscardHandler), nil)
	m.begin(NewMap(m.believed))
	return m
}

// What this node's prober saw keeps its evidence when it comes back by the log.
func TestOwnSightingsKeepTheirEvidence(t *testing.T) {
	m := newTestMapper(t)
	for i := range 3 {
		at := mapperNoon.Add(time.Duration(i) * time.Minute)
		o := Observation{Site: "ft.com", At: at, Vantage: "lon-1", CNAME: []string{"x.fastly.net"},
			Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, Header: http.Header{}}
		via := m.Via(o)
		if !slices.Equal(via, []faultline.Component{"cdn:fastly"}) {
			t.Fatalf("via %v", via)
		}
		m.Probe(faultline.Probe{Site: "ft.com", At: faultline.Millis(at), Vantage: "lon-1", Symptom: "ok", Status: 200,
			Via: via}, at)
	}
	changes := m.take()
	if len(changes) != 1 || !changes[0].First {
		t.Fatalf("%v", changes)
	}
	if why := strings.Join(m.evidence(changes[0]), " "); !strings.Contains(why,
		"cname x.fastly.net, as seen by lon-1 at 20") {
		t.Errorf("evidence %q", why)
	}
	if len(m.own) != 0 {
		t.Errorf("%d sightings wait", len(m.own))
	}
}

func TestProbesOfNoUseDoNotReachTheMap(t *testing.T) {
	m := newTestMapper(t)
	probe := faultline.Probe{Site: "ft.com", Vantage: "lon-1", Symptom: "ok", Status: 200}
	for _, at := range []time.Time{mapperNoon.Add(-10 * time.Minute), mapperNoon.Add(-9 * time.Minute),
		mapperNoon.Add(-8 * time.Minute)} {
		late := probe
		late.At, late.Via = at, []faultline.Component{"cdn:fastly"}
		m.Probe(late, mapperNoon)
	}
	for i := range 3 {
		empty := probe
		empty.At = mapperNoon.Add(time.Duration(i) * time.Minute)
		m.Probe(empty, empty.At)
	}
	for i := range 3 {
		unlisted := probe
		unlisted.Site, unlisted.Via = "stranger.net", []faultline.Component{"cdn:fastly"}
		unlisted.At = mapperNoon.Add(time.Duration(i) * time.Minute)
		m.Probe(unlisted, unlisted.At)
	}
	if m.sites() != 0 {
		t.Error("the map follows a site that nobody saw in time, or that is not on the list")
	}
	for i := range 8 { // clocks that run ahead are put right
		ahead := probe
		ahead.Vantage = fmt.Sprint("v", i%2)
		ahead.At, ahead.Via = mapperNoon.Add(time.Hour+time.Duration(i)*time.Minute),
			[]faultline.Component{"cdn:fastly"}
		m.Probe(ahead, mapperNoon.Add(time.Duration(i)*time.Minute))
	}
	if changes := m.take(); len(changes) != 1 || changes[0].Record.At.After(mapperNoon.Add(10*time.Minute)) {
		t.Errorf("%v", changes)
	}
	m.begin(nil)
	probe.At, probe.Via = mapperNoon.Add(time.Minute), []faultline.Component{"cdn:akamai"}
	if m.Probe(probe, mapperNoon); m.sites() != 0 || len(m.take()) != 0 {
		t.Error("who does not lead follows")
	}
}

func TestSightingsAreBounded(t *testing.T) {
	m := newTestMapper(t)
	for i := range maxObserved + 10 {
		m.Via(Observation{Site: strings.Repeat("a", i%50+1) + string(rune('a'+i%26)) + ".com" +
			strings.Repeat("x", i/50), At: mapperNoon})
	}
	if len(m.own) > maxObserved {
		t.Errorf("%d are kept", len(m.own))
	}
}

// A site that leaves its CDN for servers of its own is seen to, by two agents of
// two networks that tell whose certificate they were shown; one of them, or two of
// one network, change nothing.
func TestLeavingACDNIsSeenByTwoAgents(t *testing.T) {
	m := newTestMapper(t)
	at := mapperNoon
	check := func(vantages []string, via ...faultline.Component) []Change {
		for range 4 {
			for _, v := range vantages {
				at = at.Add(30 * time.Second)
				m.Probe(faultline.Probe{Site: "ft.com", At: at, Vantage: v, Symptom: "ok", Status: 200, Via: via}, at)
			}
		}
		return m.take()
	}
	for v, asn := range map[string]uint32{"lon-1": 1, "lon-2": 1, "lon-3": 1, "nyc-1": 2} {
		m.Vantage(faultline.Vantage{Vantage: v, ASN: asn})
	}
	if changes := check([]string{"lon-2", "lon-3"}, "cdn:akamai"); len(changes) != 0 {
		t.Errorf("one network: %v", changes)
	}
	both := []string{"lon-1", "nyc-1"}
	if changes := check(both, "cdn:fastly", "ca:certainly"); len(changes) != 1 {
		t.Errorf("two networks: %v", changes)
	}
	if changes := check(both[:1], "ca:certainly"); len(changes) != 0 {
		t.Errorf("one says that it has left: %v", changes)
	}
	left := []faultline.Component{"cdn:fastly"}
	if changes := check(both, "ca:certainly"); len(changes) != 1 || !slices.Equal(changes[0].Left, left) {
		t.Errorf("both say so: %v", changes)
	}
	if changes := check(both, "ca:certainly", "cdn:invented"); len(changes) != 0 {
		t.Errorf("a component that nobody recognises: %v", changes)
	}
}
