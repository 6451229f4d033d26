package store

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"faultline"
)

// testWebhooks follows a delivery from the queue to its end.
func testWebhooks(t *testing.T, f *fixture) {
	ctx, l := t.Context(), f.lead(t)
	f.addWebhook(t, "wh_1", "one")
	f.replaceWebhooks(t)
	all, err := f.Webhooks(ctx)
	ok(t, err)
	equal(t, all, map[string][]byte{"wh_1": []byte("changed")})

	at, err := f.WebhookPosition(ctx)
	if ok(t, err); at != "" {
		t.Errorf("begins at %q", at)
	}
	list := []faultline.Delivery{{ID: "msg_1", Due: f.now, Data: []byte("a")},
		{ID: "msg_2", Due: f.now.Add(time.Minute), Data: []byte("b")}}
	for range 2 { // as after a crash
		left, err := f.QueueDeliveries(ctx, l, "7-1", list)
		if ok(t, err); left != 0 {
			t.Errorf("%d left out", left)
		}
	}
	if at, err = f.WebhookPosition(ctx); err != nil || at != "7-1" {
		t.Errorf("at %q %v", at, err)
	}
	_, err = f.QueueDeliveries(ctx, Lease{Fence: l.Fence - 1}, "9-1", list)
	wantErr(t, err, faultline.ErrNotLeader)
	due, err := f.DueDeliveries(ctx, f.now, 10)
	ok(t, err)
	equal(t, due, list[:1])
	later := faultline.Delivery{ID: "msg_1", Due: f.now.Add(time.Hour), Data: []byte("a, again")}
	ok(t, f.PostponeDelivery(ctx, later))
	ok(t, f.EndDelivery(ctx, "msg_2", "wh_1", nil))
	due, err = f.DueDeliveries(ctx, f.now.Add(2*time.Hour), 10)
	ok(t, err)
	equal(t, due, []faultline.Delivery{later})
	ok(t, f.PostponeDelivery(ctx, list[1])) // it was removed meanwhile
	left := f.reads.HKeys(ctx, keyDeliveries).Val()
	equal(t, left, []string{"msg_1"})
	for i := range keptDead + 5 {
		ok(t, f.EndDelivery(ctx, "msg_1", "wh_1", fmt.Append(nil, i)))
	}
	dead, err := f.DeadDeliveries(ctx, "wh_1")
	if ok(t, err); len(dead) != keptDead || string(dead[0]) != fmt.Sprint(keptDead+4) {
		t.Errorf("%d dead, the newest %s", len(dead), dead[0])
	}
	ok(t, f.DeleteWebhook(ctx, "wh_1"))
	if all, err = f.Webhooks(ctx); err != nil || len(all) != 0 {
		t.Errorf("%v %v", all, err)
	}
	for i := range maxWebhooks {
		f.addWebhook(t, fmt.Sprint("wh_", i), "")
	}
	_, err = f.AddWebhook(ctx, "wh_more", "", nil, 0)
	wantErr(t, err, ErrTooLarge)
}

// replaceWebhooks changes the webhook wh_1, which is "one", to "changed": by who has read it
// last alone, and only while it is there.
func (f *fixture) replaceWebhooks(t *testing.T) {
	t.Helper()
	for _, change := range []struct {
		id, was, becomes string
		replaced         bool
	}{{"wh_1", "one", "changed", true}, {"wh_1", "one", "lost", false}, {"wh_2", "", "there again", false}} {
		replaced, err := f.ReplaceWebhook(t.Context(), change.id, []byte(change.was), []byte(change.becomes))
		if ok(t, err); replaced != change.replaced {
			t.Errorf("%+v: %t", change, replaced)
		}
	}
}

// addWebhook adds a webhook that belongs to nobody.
func (f *fixture) addWebhook(t *testing.T, id, data string) {
	t.Helper()
	added, err := f.AddWebhook(t.Context(), id, "", []byte(data), 0)
	if ok(t, err); !added {
		t.Errorf("%s is not added", id)
	}
}

// testWebhooksOfOneOwner adds many at once: one owner has no more than it may.
func testWebhooksOfOneOwner(t *testing.T, f *fixture) {
	var added atomic.Int32
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			took, err := f.AddWebhook(t.Context(), fmt.Sprint("wh_", i), "ops", []byte(`{"owner":"ops"}`), 5)
			if err != nil {
				t.Error(err)
			}
			if took {
				added.Add(1)
			}
		})
	}
	all.Wait()
	took, err := f.AddWebhook(t.Context(), "wh_other", "desk", []byte(`{"owner":"desk"}`), 5)
	if ok(t, err); added.Load() != 5 || !took {
		t.Errorf("%d of one owner, and one of another: %t", added.Load(), took)
	}
}
