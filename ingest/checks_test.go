package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"faultline"
)

// memChecks are checks in memory.
type memChecks struct {
	asked    map[string]string // site → prefix
	answered []faultline.Probe
	err      error
}

func (m *memChecks) AskCheck(_ context.Context, site, prefix string, _ time.Time) (string, error) {
	if m.err != nil {
		return "", m.err
	}
	m.asked[site] = prefix
	return "secret." + site, nil
}

func (m *memChecks) AnswerChecks(_ context.Context, results []faultline.Probe, _ time.Time) ([]bool, error) {
	taken := make([]bool, len(results))
	for i, p := range results {
		if _, taken[i] = m.asked[p.Site]; taken[i] {
			m.answered = append(m.answered, p)
		}
	}
	return taken, m.err
}

func (m *memChecks) Check(_ context.Context, id string, now time.Time) (faultline.Check, error) {
	_, site, _ := strings.Cut(id, ".")
	if _, ok := m.asked[site]; !ok {
		return faultline.Check{}, faultline.ErrNotFound
	}
	return faultline.Check{ID: id, Site: site, AskedAt: now, Pending: true}, nil
}

func newChecks(m *memChecks, now func() time.Time) *Checks {
	return NewChecks(ChecksConfig{Store: m, Names: NewNames("bbc.co.uk"), Keys: &dayKeys{}, Now: now})
}

func TestAPersonHasAFewUnknownSitesCheckedAndTakesNobodyElsesTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memChecks{asked: map[string]string{}}
		c := newChecks(m, time.Now)
		ask := func(from netip.Addr, site string) error {
			t.Helper()
			_, _, err := c.Ask(t.Context(), from, site)
			return err
		}
		refused := 0
		for i := range 1_100 {
			err := ask(alice, fmt.Sprintf("s%d.net", i))
			var busy faultline.BusyError
			if errors.As(err, &busy) {
				if refused++; busy.Limit != faultline.LimitPerson || busy.RetryAfter <= 0 ||
					busy.RetryAfter > time.Minute {
					t.Fatalf("%+v", busy)
				}
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if refused != 1_100-checksAtOnce {
			t.Errorf("%d are refused", refused)
		}
		if err := ask(netip.MustParseAddr("203.0.113.9"), "shop.net"); err != nil {
			t.Errorf("another person is refused: %v", err)
		}
		if m.asked["shop.net"] == "" || m.asked["shop.net"] == m.asked["s0.net"] ||
			strings.Contains(m.asked["shop.net"], "203") {
			t.Errorf("the prefix is told as %q", m.asked["shop.net"])
		}
		time.Sleep(time.Minute)
		if err := ask(alice, "later.net"); err != nil {
			t.Errorf("a minute later: %v", err)
		}
	})
}

func TestASiteOfTheMapIsNotCheckedAndWhatIsNoSiteIsRefused(t *testing.T) {
	m := &memChecks{asked: map[string]string{}}
	c := newChecks(m, time.Now)
	check, known, err := c.Ask(t.Context(), alice, "https://www.BBC.co.uk/news")
	if !known || err != nil || check.Site != "bbc.co.uk" || len(m.asked) != 0 {
		t.Errorf("%+v, %v, %v", check, known, err)
	}
	var invalid faultline.InvalidError
	if _, _, err := c.Ask(t.Context(), alice, "http://127.0.0.1"); !errors.As(err, &invalid) ||
		invalid[0].Pointer != "/site" {
		t.Errorf("%v", err)
	}
	for _, id := range []string{"", ".", "x.", ".net", strings.Repeat("x", 300) + ".net", "a b.net",
		"nobody.asked.net"} {
		if _, err := c.Check(t.Context(), id); !errors.Is(err, faultline.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	m.err = faultline.ErrUnavailable
	if _, _, err := c.Ask(t.Context(), alice, "shop.net"); !errors.Is(err, faultline.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

// What vantages see of a site that is not on the list goes to whoever asked, or is
// refused by name; the log holds nothing of it, and the rest of the batch is kept.
func TestUnknownSitesOfTokensNeverReachTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := open(t, log, &dayKeys{})
		m := &memChecks{asked: map[string]string{"asked.net": "1a2b"}}
		d.checks = m
		n, rejected, err := d.Probes(t.Context(), london, []faultline.Probe{
			{Site: "stranger.net", Symptom: "http_503"}, {Site: "bbc.co.uk", Symptom: "ok"},
			{Site: "asked.net", Symptom: "timeout"}})
		want := []faultline.Invalid{{Pointer: "/0/site", Detail: unknownSite("stranger.net")}}
		if n != 2 || !reflect.DeepEqual(rejected, want) || err != nil {
			t.Errorf("%d, %+v, %v", n, rejected, err)
		}
		if len(m.answered) != 1 || m.answered[0].Site != "asked.net" || m.answered[0].Vantage != "lon-1" ||
			m.answered[0].At.IsZero() {
			t.Errorf("the check has %+v", m.answered)
		}
		_, events := log.state()
		for _, ev := range events {
			if p, ok := ev.(faultline.Probe); ok && p.Site != "bbc.co.uk" {
				t.Errorf("the log has %+v", p)
			}
		}
		// A store that is away keeps nobody's probes from the log.
		m.err = faultline.ErrUnavailable
		n, rejected, err = d.Probes(t.Context(), london,
			[]faultline.Probe{{Site: "asked.net", Symptom: "ok"}, {Site: "ft.com", Symptom: "ok"}})
		if n != 1 || len(rejected) != 1 || err != nil {
			t.Errorf("%d, %+v, %v", n, rejected, err)
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

func TestNamesOfOneTokenCostNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := open(t, log, &dayKeys{})
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		taken, busy := 0, 0
		for batch := range 60 {
			probes := make([]faultline.Probe, maxProbes)
			for i := range probes {
				probes[i] = faultline.Probe{Site: fmt.Sprintf("s%d-%d.net", batch, i), Symptom: "http_503"}
			}
			n, _, err := d.Probes(t.Context(), london, probes)
			var full faultline.BusyError
			if errors.As(err, &full) && full.Limit == faultline.LimitLines && full.RetryAfter > 0 {
				busy++
			} else if err != nil {
				t.Fatal(err)
			}
			taken += n
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if calls, _ := log.state(); taken != 0 || busy != 59 || len(calls) != 0 {
			t.Errorf("%d probes are taken, %d batches refused, %d appends", taken, busy, len(calls))
		}
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 {
			t.Errorf("the door holds %d more bytes", grown)
		}
		if n, _, err := d.Probes(t.Context(), faultline.Vantage{Vantage: "nyc-1"},
			[]faultline.Probe{{Site: "ft.com", Symptom: "ok"}}); n != 1 || err != nil {
			t.Errorf("another token: %d, %v", n, err)
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

func TestComponentsThatNobodyRecognisesAreLeftOutAndNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := open(t, log, &dayKeys{})
		d.recognises = func(_ string, _ []faultline.Component, c faultline.Component) bool { return c == "cdn:fastly" }
		n, rejected, err := d.Probes(t.Context(), london, []faultline.Probe{{Site: "bbc.co.uk", Symptom: "ok",
			Via: []faultline.Component{"cdn:evil", "cdn:fastly", "dns:evil"}}})
		if n != 1 || len(rejected) != 2 || rejected[0].Pointer != "/0/via/0" || rejected[1].Pointer != "/0/via/2" ||
			err != nil {
			t.Errorf("%d, %+v, %v", n, rejected, err)
		}
		_, events := log.state()
		if via := events[1].(faultline.Probe).Via; !slices.Equal(via, []faultline.Component{"cdn:fastly"}) {
			t.Errorf("the log has %v", via)
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}
