package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"faultline"
)

func testChecks(t *testing.T, f *fixture) {
	ctx := t.Context()
	id, err := f.AskCheck(ctx, "shop.net", "1a2b", f.now)
	ok(t, err)
	got, err := f.Check(ctx, id, f.now)
	ok(t, err)
	equal(t, got, faultline.Check{ID: id, Site: "shop.net", AskedAt: f.now, Pending: true,
		State: faultline.SiteUnknown, Results: []faultline.Probe{}})

	down := faultline.Probe{At: f.now.Add(time.Second), Site: "shop.net", Vantage: "lon-1", Symptom: "http_502",
		Status: 502}
	other := faultline.Probe{At: f.now, Site: "nobody-asked.net", Vantage: "lon-1", Symptom: "ok"}
	taken, err := f.AnswerChecks(ctx, []faultline.Probe{other, down}, f.now.Add(time.Second))
	ok(t, err)
	equal(t, taken, []bool{false, true})
	got, err = f.Check(ctx, id, f.now.Add(2*time.Second))
	ok(t, err)
	equal(t, got.Results, []faultline.Probe{down})
	equal(t, got.State, faultline.SiteDown)
	equal(t, got.Pending, false)

	// Somebody else who asks within the window shares the check; after it the
	// site is checked again and earlier results are no longer shown.
	same, err := f.AskCheck(ctx, "shop.net", "3c4d", f.now.Add(faultline.CheckWindow/2))
	ok(t, err)
	equal(t, same, id)
	later := f.now.Add(2 * faultline.CheckWindow)
	again, err := f.AskCheck(ctx, "shop.net", "3c4d", later)
	ok(t, err)
	got, err = f.Check(ctx, again, later)
	ok(t, err)
	equal(t, len(got.Results), 0)
	equal(t, got.Pending, true)

	// Nothing is taken for a check that is over, and an id can't be guessed from
	// the site.
	taken, err = f.AnswerChecks(ctx, []faultline.Probe{down}, later.Add(2*faultline.CheckWindow))
	ok(t, err)
	equal(t, taken, []bool{false})
	for _, wrong := range []string{"", "shop.net", "." + "shop.net", "x.shop.net",
		strings.Replace(id, "shop", "chop", 1)} {
		_, err := f.Check(ctx, wrong, later)
		wantErr(t, err, faultline.ErrNotFound)
	}
}

func testChecksAreBounded(t *testing.T, f *fixture) {
	ctx := t.Context()
	at := f.now.Truncate(time.Minute)
	ask := func(site, prefix string) (faultline.Limit, time.Duration) {
		t.Helper()
		_, err := f.AskCheck(ctx, site, prefix, at)
		var busy faultline.BusyError
		if errors.As(err, &busy) {
			return busy.Limit, busy.RetryAfter
		}
		ok(t, err)
		return "", 0
	}
	// One prefix uses up its own share and nobody else's.
	for i := range checksOfPrefix {
		if limit, _ := ask(fmt.Sprint("a", i, ".net"), "a"); limit != "" {
			t.Fatalf("%d: %s", i, limit)
		}
	}
	for i := range 1_100 {
		limit, wait := ask(fmt.Sprint("more", i, ".net"), "a")
		if limit != faultline.LimitPrefix || wait != time.Minute {
			t.Fatalf("%d: %q, %s", i, limit, wait)
		}
	}
	if limit, _ := ask("b.net", "b"); limit != "" {
		t.Errorf("another prefix is refused: %s", limit)
	}
	// Everybody together is bounded as well, and the next minute is another one.
	refused := 0
	for i := range maxAsked {
		if limit, _ := ask(fmt.Sprint("c", i, ".net"), fmt.Sprint("c", i)); limit == faultline.LimitAll {
			refused++
		}
	}
	equal(t, refused, checksOfPrefix+1)
	requests, err := f.CheckRequests(ctx, at)
	ok(t, err)
	equal(t, len(requests), maxAsked)
	at = at.Add(time.Minute)
	if limit, _ := ask("z.net", "a"); limit != "" {
		t.Errorf("the next minute is refused: %s", limit)
	}
	// One check keeps the results of so many vantages.
	results := make([]faultline.Probe, maxAnswers)
	for i := range results {
		results[i] = faultline.Probe{At: at, Site: "z.net", Vantage: fmt.Sprint("v", i), Symptom: "ok"}
	}
	taken, err := f.AnswerChecks(ctx, results, at)
	ok(t, err)
	kept := 0
	for _, yes := range taken {
		if yes {
			kept++
		}
	}
	equal(t, kept, maxCheckVantages)
}
