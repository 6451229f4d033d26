package store

import (
	"errors"
	"fmt"
	"testing"

	"faultline"
)

// everyPush writes every key of the subscriptions of browsers, and of concentration.
func (f *fixture) everyPush(t *testing.T, l Lease) {
	t.Helper()
	ctx := t.Context()
	ok(t, f.AddPush(ctx, "push_1", []byte("one"), "2026-03-01", "1a"))
	ok(t, f.SaveConcentration(ctx, l, faultline.ConcentrationDay{Day: "2026-03-01"}))
	_, err := f.PushKey(ctx, "offered")
	ok(t, err)
	_, err = f.Pushes().QueueDeliveries(ctx, l, "1-1", []faultline.Delivery{{ID: "msg_1", Due: f.now}})
	ok(t, err)
}

// testPushes: subscriptions of browsers are bounded for each prefix, are apart from webhooks,
// and leave nothing behind of what was sent.
func testPushes(t *testing.T, f *fixture) {
	ctx, l := t.Context(), f.lead(t)
	f.everyPush(t, l)
	f.addWebhook(t, "wh_1", "a webhook")
	for range 2 { // renewed: it is not counted again
		ok(t, f.AddPush(ctx, "push_1", []byte("renewed"), "2026-03-01", "1a"))
	}
	for i := range faultline.PushesOfPrefix - 1 {
		ok(t, f.AddPush(ctx, fmt.Sprint("push_more", i), []byte("more"), "2026-03-01", "1a"))
	}
	var busy faultline.BusyError
	err := f.AddPush(ctx, "push_toomany", []byte("more"), "2026-03-01", "1a")
	if !errors.As(err, &busy) || busy.Limit != faultline.LimitPrefix {
		t.Errorf("one prefix has more than it may: %v", err)
	}
	ok(t, f.AddPush(ctx, "push_1", []byte("renewed"), "2026-03-01", "1a"))
	ok(t, f.AddPush(ctx, "push_other", []byte("other"), "2026-03-01", "1b"))
	wantErr(t, f.AddPush(ctx, "push_large", make([]byte, maxPushBytes+1), "2026-03-01", "1c"), ErrTooLarge)

	all, err := f.Pushes().Webhooks(ctx)
	if ok(t, err); len(all) != faultline.PushesOfPrefix+1 || string(all["push_1"]) != "renewed" {
		t.Errorf("%d are kept, push_1 as %q", len(all), all["push_1"])
	}
	webhooks, err := f.Webhooks(ctx)
	ok(t, err)
	equal(t, webhooks, map[string][]byte{"wh_1": []byte("a webhook")})

	ok(t, f.Pushes().NoteAttempt(ctx, "push_1", []byte("try")))
	ok(t, f.Pushes().EndDelivery(ctx, "msg_1", "push_1", []byte("dead")))
	ok(t, f.Pushes().DeleteWebhook(ctx, "push_1"))
	for _, key := range f.keys(t) {
		if _, found := specOf(key); !found {
			t.Errorf("%s was written", key)
		}
	}
}

// testPushKey: the first key that is offered is that of all nodes.
func testPushKey(t *testing.T, f *fixture) {
	for _, offered := range []string{"first", "second"} {
		key, err := f.PushKey(t.Context(), offered)
		if ok(t, err); key != "first" {
			t.Errorf("offered %q, got %q", offered, key)
		}
	}
}
