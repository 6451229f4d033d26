package store

import (
	"encoding/base64"
	"math/rand/v2"
	"testing"

	"faultline"
)

// testAdopt: the newest adoption is found with its position as long as the log has it, and
// one that is too large for an entry leaves out what is over before what is open.
func testAdopt(t *testing.T, f *fixture) {
	ctx, l := t.Context(), f.lead(t)
	_, _, there, err := f.Adoption(ctx)
	ok(t, err)
	equal(t, there, false)
	a := faultline.Adopt{At: f.now, From: "5-1", Known: 3}
	for i := range 6 {
		in := incident(i, 1)
		if in.State = faultline.StateConfirmed; i >= 2 {
			in.State = faultline.StateResolved
		}
		random := make([]byte, 300_000) // which does not compress
		_, _ = rand.NewChaCha8([32]byte{byte(i)}).Read(random)
		in.Title = base64.StdEncoding.EncodeToString(random)
		a.Incidents = append(a.Incidents, in)
	}
	pos, err := f.Adopt(ctx, l, BatchKey{9, 1}, a)
	ok(t, err)
	got, at, there, err := f.Adoption(ctx)
	ok(t, err)
	equal(t, there, true)
	equal(t, at, pos)
	equal(t, got.From, "5-1")
	if n := len(got.Incidents); n < 2 || n == 6 || got.Incidents[1].ID != a.Incidents[1].ID {
		t.Fatalf("%d incidents", n)
	}
	ok(t, f.writes.XDel(ctx, keyLog, pos.String()).Err())
	_, _, there, err = f.Adoption(ctx)
	ok(t, err)
	equal(t, there, false)
}

// testViewPos: the position of a view is that of the newest one, and not known where a
// release that notes none has replaced it.
func testViewPos(t *testing.T, f *fixture) {
	ctx, l := t.Context(), f.lead(t)
	at, err := f.ViewPos(ctx)
	ok(t, err)
	equal(t, at, Pos{})
	ok(t, f.SaveView(ctx, l, faultline.View{}, Pos{7, 3}))
	at, err = f.ViewPos(ctx)
	ok(t, err)
	equal(t, at, Pos{7, 3})
	ok(t, f.writes.HIncrBy(ctx, keyView, "v", 1).Err())
	at, err = f.ViewPos(ctx)
	ok(t, err)
	equal(t, at, Pos{})
}
