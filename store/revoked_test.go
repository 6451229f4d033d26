package store

import (
	"slices"
	"testing"
	"time"
)

// testRevoked: tokens are forgotten once they would have expired.
func testRevoked(t *testing.T, f *fixture) {
	ctx := t.Context()
	ok(t, f.Revoke(ctx, "short", f.now.Add(time.Minute), f.now))
	ok(t, f.Revoke(ctx, "long", f.now.Add(time.Hour), f.now))
	ok(t, f.Revoke(ctx, "long", f.now.Add(time.Hour), f.now)) // again
	ids, err := f.Revoked(ctx)
	ok(t, err)
	if !slices.Equal(ids, []string{"short", "long"}) {
		t.Errorf("revoked: %v", ids)
	}
	ok(t, f.Revoke(ctx, "other", f.now.Add(time.Hour), f.now.Add(2*time.Minute)))
	if ids, err = f.Revoked(ctx); err != nil || slices.Contains(ids, "short") || len(ids) != 2 {
		t.Errorf("later: %v %v", ids, err)
	}
	if err := f.Revoke(ctx, "", f.now, f.now); err == nil {
		t.Error("no id was revoked")
	}
}
