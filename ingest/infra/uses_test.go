package infra

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"faultline"
)

// checkOf is a check of ft.com by this node's prober, a minute after the one before.
func checkOf(m *Mapper, minute int) {
	at := mapperNoon.Add(time.Duration(minute) * time.Minute)
	via := m.Via(Observation{Site: "ft.com", At: at, Vantage: "lon-1", CNAME: []string{"x.fastly.net"},
		Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}})
	m.Probe(faultline.Probe{Site: "ft.com", At: faultline.Millis(at), Vantage: "lon-1", Symptom: "ok", Status: 200,
		Via: via}, at)
}

// What a page uses goes into the log with the next record of its site, stays in later ones, and
// makes no record while it stays the same.
func TestWhatAPageUsesGoesIntoTheRecordOfItsSite(t *testing.T) {
	m := newTestMapper(t)
	for i := range 3 {
		checkOf(m, i)
	}
	if first := m.take(); len(first) != 1 || first[0].Record.Uses != nil {
		t.Fatalf("before the page was read: %v", first)
	}
	uses := []faultline.Component{"cdn:jsdelivr", "site:ft.com"}
	m.Uses("ft.com", uses)
	m.Uses("unlisted.com", uses)
	checkOf(m, 3)
	checkOf(m, 4)
	news := m.take()
	if len(news) != 1 || news[0].Record.Site != "ft.com" ||
		!slices.Equal(news[0].Record.Uses, []faultline.Component{"cdn:jsdelivr"}) ||
		!slices.Contains(news[0].Record.Components, "cdn:fastly") {
		t.Fatalf("%+v", news)
	}
	m.Uses("ft.com", uses)
	checkOf(m, 5)
	if again := m.take(); len(again) != 0 {
		t.Errorf("the same a day later makes the records %v", again)
	}
	m.Uses("ft.com", nil)
	checkOf(m, 6)
	if gone := m.take(); len(gone) != 1 || len(gone[0].Record.Uses) != 0 {
		t.Errorf("a page that uses nothing any more: %+v", gone)
	}
	m.begin(nil)
	m.Uses("ft.com", uses) // it leads no longer
}

// A host is placed by its name, the names that it stands for, and our list of sites.
func TestHostsOfAPageArePlaced(t *testing.T) {
	m := newTestMapper(t)
	for host, want := range map[string][]faultline.Component{
		"assets.example": {"cdn:fastly"}, "www.ft.com": {"cdn:fastly", "site:ft.com"}, "localhost": {"cdn:fastly"},
	} {
		if got := m.ServedBy(host, []string{"x.fastly.net"}, nil); !slices.Equal(got, want) {
			t.Errorf("%s is served by %v, want %v", host, got, want)
		}
	}
	if got := m.ServedBy("nowhere.example", nil, nil); got != nil {
		t.Errorf("a host of which nothing is known is served by %v", got)
	}
}
