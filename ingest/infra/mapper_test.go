package infra

import (
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
	m := NewMapper(matcher, func(string) (faultline.SiteRecord, bool) { return faultline.SiteRecord{}, false },
		slog.New(slog.DiscardHandler), nil)
	m.begin(NewMap(m.believed))
	return m
}

// What this node's prober saw keeps its evidence when it comes back by the log.
func TestOwnSightingsKeepTheirEvidence(t *testing.T) {
	m := newTestMapper(t)
	for i := range 3 {
		at := mapperNoon.Add(time.Duration(i) * time.Minute)
		o := Observation{Site: "ft.com", At: at, Vantage: "lon-1", CNAME: []string{"x.fastly.net"}, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, Header: http.Header{}}
		via := m.Via(o)
		if !slices.Equal(via, []faultline.Component{"cdn:fastly"}) {
			t.Fatalf("via %v", via)
		}
		m.Probe(faultline.Probe{Site: "ft.com", At: faultline.Millis(at), Vantage: "lon-1", Symptom: "ok", Status: 200, Via: via}, at)
	}
	changes := m.take()
	if len(changes) != 1 || !changes[0].First {
		t.Fatalf("%v", changes)
	}
	if why := strings.Join(m.evidence(changes[0]), " "); !strings.Contains(why, "cname x.fastly.net, as seen by lon-1 at 20") {
		t.Errorf("evidence %q", why)
	}
	if len(m.own) != 0 {
		t.Errorf("%d sightings wait", len(m.own))
	}
}

func TestProbesOfNoUseDoNotReachTheMap(t *testing.T) {
	m := newTestMapper(t)
	probe := faultline.Probe{Site: "ft.com", Vantage: "lon-1", Symptom: "ok", Status: 200}
	for _, at := range []time.Time{mapperNoon.Add(-10 * time.Minute), mapperNoon.Add(-9 * time.Minute), mapperNoon.Add(-8 * time.Minute)} {
		late := probe
		late.At, late.Via = at, []faultline.Component{"cdn:fastly"}
		m.Probe(late, mapperNoon)
	}
	for i := range 3 {
		blind := probe
		blind.At = mapperNoon.Add(time.Duration(i) * time.Second)
		m.Probe(blind, mapperNoon)
	}
	if m.sites() != 0 {
		t.Error("the map follows a site that nobody saw in time")
	}
	for i := range 4 { // a clock that runs ahead is put right
		ahead := probe
		ahead.At, ahead.Via = mapperNoon.Add(time.Hour+time.Duration(i)*time.Second), []faultline.Component{"cdn:fastly"}
		m.Probe(ahead, mapperNoon.Add(time.Duration(i)*time.Second))
	}
	if changes := m.take(); len(changes) != 1 || changes[0].Record.At.After(mapperNoon.Add(time.Minute)) {
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
		m.Via(Observation{Site: strings.Repeat("a", i%50+1) + string(rune('a'+i%26)) + ".com" + strings.Repeat("x", i/50), At: mapperNoon})
	}
	if len(m.own) > maxObserved {
		t.Errorf("%d are kept", len(m.own))
	}
}

// A site that leaves its CDN for servers of its own is seen to, by an agent that
// tells whose certificate it was shown.
func TestLeavingACDNIsSeenByAThoroughAgent(t *testing.T) {
	m := newTestMapper(t)
	look := func(i int, via ...faultline.Component) {
		at := mapperNoon.Add(time.Duration(i) * time.Second)
		m.Probe(faultline.Probe{Site: "ft.com", At: at, Vantage: "lon-1", Symptom: "ok", Status: 200, Via: via}, at)
	}
	for i := range 3 {
		look(i, "cdn:fastly", "ca:certainly")
	}
	m.take()
	for i := range 3 {
		look(10+i, "ca:certainly")
	}
	if changes := m.take(); len(changes) != 1 || !slices.Equal(changes[0].Left, []faultline.Component{"cdn:fastly"}) {
		t.Errorf("%v", changes)
	}
}
