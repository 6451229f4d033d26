package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"faultline"
	"faultline/pace"
)

// desk is a board on a real store, with a map and a clock of its own.
func desk(t *testing.T, sites int, exclude ...string) (*Schedule, *memStore) {
	t.Helper()
	st := &memStore{vantages: map[string]faultline.VantageStatus{}}
	m := siteList{}
	for i := range sites {
		m = append(m, faultline.SiteRecord{Site: fmt.Sprintf("s%d.net", i), Components: []faultline.Component{"cdn:x"}})
	}
	b := NewSchedule(ScheduleConfig{Store: st, Sites: m, Exclude: exclude, Period: time.Minute,
		Page: "https://f.example/prober",
		Log:  slog.New(slog.DiscardHandler), Now: time.Now})
	return b, st
}

func status(name string, s faultline.VantageState) faultline.VantageStatus {
	return faultline.VantageStatus{Vantage: name, State: s, SeenAt: time.Now()}
}

// works has vantages ask, and the board look.
func works(t *testing.T, b *Schedule, who ...faultline.VantageStatus) []faultline.WorkAnswer {
	t.Helper()
	for range 2 { // the first time it does not know all of them yet
		for _, w := range who {
			b.note(t.Context(), w)
		}
		pace.Eventually(t, "the store answers", func() bool { return b.refresh(t.Context()) == nil })
	}
	all := make([]faultline.WorkAnswer, len(who))
	for i, w := range who {
		a, err := b.Work(t.Context(), w, "", 0)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = a
	}
	return all
}

func TestEachSiteHasThreeVantages(t *testing.T) {
	b, _ := desk(t, 600, "s7.net")
	var who []faultline.VantageStatus
	for i := range 6 {
		who = append(who, status(fmt.Sprint("v", i), faultline.VantageOK))
	}
	seen := map[string]int{}
	for _, a := range works(t, b, who...) {
		if len(a.Sites) < 200 || len(a.Sites) > 400 || a.PeriodS != 60 || a.Page != "https://f.example/prober" {
			t.Errorf("%s has %d sites every %d s", a.Vantage, len(a.Sites), a.PeriodS)
		}
		for _, s := range a.Sites {
			seen[s.Site]++
		}
	}
	for site, n := range seen {
		if n != copies {
			t.Errorf("%s is looked at from %d places", site, n)
		}
	}
	if len(seen) != 599 || seen["s7.net"] != 0 {
		t.Errorf("%d sites are looked at", len(seen))
	}
	// Two go blind, one is gone: what they looked at is the others'.
	who[0].State, who[1].State = faultline.VantageBlind, faultline.VantageSick
	seen = map[string]int{}
	for _, a := range works(t, b, who[0], who[1], who[2], who[3], who[4], who[5])[2:] {
		for _, s := range a.Sites {
			seen[s.Site]++
		}
	}
	for site, n := range seen {
		if n != copies {
			t.Fatalf("%s is looked at from %d places that see", site, n)
		}
	}
	if len(seen) != 599 {
		t.Errorf("%d sites are looked at", len(seen))
	}
}

func TestWorkWaitsForNews(t *testing.T) {
	b, st := desk(t, 10)
	first := works(t, b, status("v", faultline.VantageOK))[0]
	ask := func(known string, wait time.Duration) faultline.WorkAnswer {
		t.Helper()
		a, err := b.Work(t.Context(), status("v", faultline.VantageOK), known, wait)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := ask(first.Revision, time.Millisecond); !a.SameSites || len(a.Sites) != 0 || a.Revision != first.Revision {
		t.Errorf("%+v", a)
	}
	got := make(chan faultline.WorkAnswer)
	go func() { got <- ask(first.Revision, 20*time.Second) }()
	pace.Eventually(t, "it waits", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.waiting == 1 })
	st.ask("asked.net")
	if err := b.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := <-got
	if !a.SameSites || len(a.CheckRequests) != 1 || a.CheckRequests[0].Site != "asked.net" {
		t.Errorf("%+v", a)
	}
	go func() { got <- ask(a.Revision, 20*time.Second) }()
	pace.Eventually(t, "it waits again", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.waiting == 1 })
	b.Close()
	<-got // at once: the node ends
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Work(ctx, status("v", faultline.VantageOK), "", time.Minute); err != nil && !errors.Is(err,
		context.Canceled) {
		t.Error(err)
	}
}

func TestAVantageSaysSinceWhen(t *testing.T) {
	b, _ := desk(t, 1)
	early, late := status("v", faultline.VantageBlind), status("v", faultline.VantageBlind)
	early.SeenAt = faultline.Millis(time.Now().Add(-time.Minute))
	works(t, b, early)
	works(t, b, late)
	if v := b.Vantages()[0]; !v.Since.Equal(early.SeenAt) || !v.SeenAt.After(early.SeenAt) {
		t.Errorf("%+v", v)
	}
	works(t, b, status("v", faultline.VantageOK))
	if v := b.Vantages()[0]; !v.Since.After(early.SeenAt) {
		t.Errorf("%+v", v)
	}
}

// memStore is a store in memory.
type memStore struct {
	added    []faultline.AddedVantage
	mu       sync.Mutex
	requests []faultline.CheckRequest
	vantages map[string]faultline.VantageStatus
}

func (m *memStore) ask(site string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests = append(m.requests, faultline.CheckRequest{Site: site, Reason: faultline.CheckAsked})
}

func (m *memStore) CheckRequests(context.Context, time.Time) ([]faultline.CheckRequest, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.requests), nil
}

func (m *memStore) Vantages(context.Context, time.Time) ([]faultline.VantageStatus, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.vantages), func(a, b faultline.VantageStatus) int {
		return cmp.Compare(a.Vantage, b.Vantage)
	}), nil
}

func (m *memStore) AddedVantages(context.Context) ([]faultline.AddedVantage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.added, nil
}

func (m *memStore) SaveVantage(_ context.Context, v faultline.VantageStatus) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.vantages[v.Vantage] = v
	return nil
}

// siteList is a list of sites that does not change.
type siteList []faultline.SiteRecord

func (siteList) Version() int                     { return 1 }
func (l siteList) Sorted() []faultline.SiteRecord { return l }

// A vantage that an operator has added is listed since then, as silent while it does not
// ask for work; one that nobody has added is listed while it asks.
func TestAddedVantagesAreListedWhileTheyAreSilent(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	early := now.Add(-48 * time.Hour)
	added := map[string]faultline.AddedVantage{}
	for _, name := range []string{"new", "quiet", "well"} {
		added[name] = faultline.AddedVantage{Vantage: name, ASN: 7, AddedAt: early, Token: "secret"}
	}
	seen := func(name string, ago time.Duration) faultline.VantageStatus {
		return faultline.VantageStatus{Vantage: name, State: faultline.VantageOK, SeenAt: now.Add(-ago),
			KnownSince: now}
	}
	got := known([]faultline.VantageStatus{seen("gone", 2*time.Hour), seen("own", time.Minute),
		seen("quiet", 2*time.Hour), seen("well", time.Minute)}, added, now)
	want := map[string]faultline.VantageState{"new": faultline.VantageSilent, "own": faultline.VantageOK,
		"quiet": faultline.VantageSilent, "well": faultline.VantageOK}
	for _, v := range got {
		if v.State != want[v.Vantage] || (v.Vantage != "own") != v.KnownSince.Equal(early) {
			t.Errorf("%+v", v)
		}
	}
	if len(got) != len(want) || !got[0].SeenAt.IsZero() || !got[2].Since.Equal(now.Add(-2*time.Hour)) {
		t.Errorf("%+v", got)
	}
}

// One node that refuses, or is away, ends no vantage, and each thing that is wrong is
// logged once; a refusal that lasts is the server's last word.
func TestARefusalOfOneNodeEndsNoVantage(t *testing.T) {
	var log strings.Builder
	trouble := troubles{wait: feedRetry, log: slog.New(slog.NewTextHandler(&log, nil))}
	refused := fmt.Errorf("%w: 401", ErrRefused)
	waited := time.Duration(0)
	for n := range 40 {
		err := errors.New("503")
		if n%4 != 0 {
			err = refused
		}
		if trouble.add(err) {
			t.Fatalf("it ended after %s", waited)
		}
		waited += trouble.wait
		trouble.wait = min(2*trouble.wait, feedRetryMax)
	}
	trouble.over()
	if n := strings.Count(log.String(), "msg="); n > 22 || !strings.Contains(log.String(), "coming in again") {
		t.Errorf("%d lines:\n%s", n, log.String())
	}
	for waited = 0; !trouble.add(refused); waited += trouble.wait {
		trouble.wait = min(2*trouble.wait, feedRetryMax)
	}
	if waited < refusedLong-feedRetryMax || waited > refusedLong+feedRetryMax {
		t.Errorf("it ended after %s", waited)
	}
}
