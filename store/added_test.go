package store

import (
	"errors"
	"testing"

	"faultline"
)

func testAddedVantages(t *testing.T, f *fixture) {
	ctx := t.Context()
	b := faultline.AddedVantage{Vantage: "b", ASN: 7, Country: "GB", AddedAt: f.now, Token: "t1", ExpiresAt: f.now}
	a := faultline.AddedVantage{Vantage: "a", AddedAt: f.now, Token: "t2", ExpiresAt: f.now}
	for _, v := range []faultline.AddedVantage{b, a} {
		added, err := f.AddVantage(ctx, v)
		ok(t, err)
		equal(t, added, true)
	}
	again := b
	again.Token = "t3"
	added, err := f.AddVantage(ctx, again)
	ok(t, err)
	equal(t, added, false)
	all, err := f.AddedVantages(ctx)
	ok(t, err)
	equal(t, all, []faultline.AddedVantage{a, b})
	one, err := f.AddedVantage(ctx, "b")
	ok(t, err)
	equal(t, one, b)
	ok(t, f.SaveVantage(ctx, faultline.VantageStatus{Vantage: "b", SeenAt: f.now}))
	ok(t, f.RemoveVantage(ctx, "b"))
	if _, err := f.AddedVantage(ctx, "b"); !errors.Is(err, faultline.ErrNotFound) {
		t.Errorf("a removed vantage: %v", err)
	}
	vantages, err := f.Vantages(ctx, f.now)
	ok(t, err)
	equal(t, len(vantages), 0)
	ok(t, f.RemoveVantage(ctx, "nobody"))
}
