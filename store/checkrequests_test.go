package store

import (
	"fmt"
	"testing"
	"time"

	"faultline"
)

func testCheckRequests(t *testing.T, f *fixture) {
	ctx := t.Context()
	none, err := f.CheckRequests(ctx, f.now)
	ok(t, err)
	equal(t, len(none), 0)
	old := f.lead(t)
	now := faultline.CheckRequest{Site: "a.net", Reason: faultline.CheckSuspect, Component: "cdn:x",
		Until: f.now.Add(time.Minute)}
	over := faultline.CheckRequest{Site: "b.net", Reason: faultline.CheckControl, Until: f.now.Add(-time.Second)}
	ok(t, f.SaveCheckRequests(ctx, old, []faultline.CheckRequest{now, over}))
	_, err = f.AskCheck(ctx, "c.net", "1a2b", f.now)
	ok(t, err)
	got, err := f.CheckRequests(ctx, f.now)
	ok(t, err)
	equal(t, got,
		[]faultline.CheckRequest{{Site: "c.net", Reason: faultline.CheckAsked, Until: f.now.Add(faultline.CheckWindow)},
			now})

	many := make([]faultline.CheckRequest, 2*faultline.MaxCheckRequests)
	for i := range many {
		many[i] = now
	}
	ok(t, f.SaveCheckRequests(ctx, old, many))
	got, err = f.CheckRequests(ctx, f.now)
	ok(t, err)
	equal(t, len(got), faultline.MaxCheckRequests)

	f.succeed(t, "b")
	wantErr(t, f.SaveCheckRequests(ctx, old, nil), faultline.ErrNotLeader)
}

func testVantages(t *testing.T, f *fixture) {
	ctx := t.Context()
	b := faultline.VantageStatus{Vantage: "b", ASN: 7, Country: "GB", State: faultline.VantageBlind, Since: f.now,
		Why: "no canary answers", SeenAt: f.now}
	a := faultline.VantageStatus{Vantage: "a", State: faultline.VantageOK, SeenAt: f.now.Add(-2 * vantageLife)}
	ok(t, f.SaveVantage(ctx, b))
	ok(t, f.SaveVantage(ctx, a))
	got, err := f.Vantages(ctx, f.now)
	ok(t, err)
	equal(t, got, []faultline.VantageStatus{b})
	equal(t, f.writes.HLen(ctx, keyVantages).Val(), int64(1))
	a.SeenAt = f.now
	ok(t, f.SaveVantage(ctx, a))
	got, err = f.Vantages(ctx, f.now)
	ok(t, err)
	equal(t, got, []faultline.VantageStatus{a, b})
	for i := range 5 { // the script keeps the bound
		ok(t, f.scripts.vantage.Run(ctx, f.writes, []string{keyVantages}, fmt.Sprint(i), "{}", 3, 1000).Err())
	}
	equal(t, f.writes.HLen(ctx, keyVantages).Val(), int64(3))
}
