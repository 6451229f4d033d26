package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/store"
	"faultline/store/storetest"
)

// desk is a board on a real store, with a map and a clock of its own.
func desk(t *testing.T, sites int, exclude ...string) (*workBoard, *store.Store) {
	t.Helper()
	st := openStore(t, storetest.Start(t))
	m := newSiteMap(func(string) {})
	for i := range sites {
		m.Put(faultline.SiteRecord{Site: fmt.Sprintf("s%d.net", i), Components: []faultline.Component{"cdn:x"}})
	}
	b := newWorkBoard(st, m, exclude, time.Minute, "https://f.example/prober", quiet, time.Now)
	return b, st
}

func status(name string, s faultline.VantageState) faultline.VantageStatus {
	return faultline.VantageStatus{Vantage: name, State: s, SeenAt: time.Now()}
}

// works has vantages ask, and the board look.
func works(t *testing.T, b *workBoard, who ...faultline.VantageStatus) []faultline.WorkAnswer {
	t.Helper()
	for range 2 { // the first time it does not know all of them yet
		for _, w := range who {
			b.note(t.Context(), w)
		}
		eventually(t, 5*time.Second, "the store answers", func() bool { return b.look(t.Context()) == nil })
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
	eventually(t, 5*time.Second, "it waits", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.waiting == 1 })
	if _, err := st.AskCheck(t.Context(), "asked.net", "1a2b", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := b.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := <-got
	if !a.SameSites || len(a.Wishes) != 1 || a.Wishes[0].Site != "asked.net" {
		t.Errorf("%+v", a)
	}
	go func() { got <- ask(a.Revision, 20*time.Second) }()
	eventually(t, 5*time.Second, "it waits again", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.waiting == 1 })
	b.Close()
	<-got // at once: the node ends
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Work(ctx, status("v", faultline.VantageOK), "", time.Minute); err != nil && !errors.Is(err, context.Canceled) {
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

func TestAnAgentThatIsNotWelcomeEnds(t *testing.T) {
	p := startServe(t, []string{"FAULTLINE_STATE_DIR=" + shortDir(t)})
	p.ready()
	code, _, errs := tool(t, nil, "probe", "--server", p.url, "--token", "eyJhbGciOiJub25lIn0.e30.")
	if code != exitFailed || !strings.Contains(errs, "refuses this agent") {
		t.Errorf("exit %d: %s", code, errs)
	}
	for _, args := range [][]string{{"probe", "--server", "x", "--token", "t"}, {"probe", "--server", p.url, "--token", "a b"},
		{"probe", "--server", p.url, "--token", "t", "--probe-ports", "8080,8443"}, {"probe", "--server", p.url, "--token", "t", "--probe-allow", "10.0.0.1"},
		{"probe", "--server", p.url, "--token", "t", "--resolver", "dns.example"}, {"probe", "--token", "t"}} {
		if code, _, errs := tool(t, nil, args...); code != exitUsage || !strings.Contains(errs, "--") {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
}
