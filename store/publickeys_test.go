package store

import (
	"fmt"
	"testing"
	"time"
)

// Public keys are known to all nodes for a day after somebody published them last, and at
// once no more when they are withdrawn.
func testPublicKeys(t *testing.T, f *fixture) {
	ctx := t.Context()
	ok(t, f.PublishKeys(ctx, map[string][]byte{"a": {1}, "b": {2}}, f.now))
	ok(t, f.PublishKeys(ctx, map[string][]byte{"b": {2}, "c": {3}}, f.now.Add(time.Hour)))
	got, err := f.PublicKeys(ctx, f.now.Add(time.Hour))
	ok(t, err)
	equal(t, got, map[string][]byte{"a": {1}, "b": {2}, "c": {3}})
	got, err = f.PublicKeys(ctx, f.now.Add(publicKeyLife))
	ok(t, err)
	equal(t, got, map[string][]byte{"b": {2}, "c": {3}})
	ok(t, f.WithdrawKeys(ctx, []string{"b"}))
	ok(t, f.WithdrawKeys(ctx, nil))
	got, err = f.PublicKeys(ctx, f.now.Add(time.Hour))
	ok(t, err)
	equal(t, got, map[string][]byte{"a": {1}, "c": {3}})

	many := map[string][]byte{}
	for i := range maxPublicKeys - 1 {
		many[fmt.Sprint("k", i)] = []byte{4}
	}
	wantErr(t, f.PublishKeys(ctx, many, f.now.Add(time.Hour)), errTooManyKeys)
	ok(t, f.PublishKeys(ctx, map[string][]byte{"c": {5}}, f.now.Add(time.Hour))) // it has its room
	ok(t, f.PublishKeys(ctx, map[string][]byte{"late": {6}}, f.now.Add(2*publicKeyLife)))
	equal(t, f.writes.HLen(ctx, keyPublic).Val(), int64(1))
}
