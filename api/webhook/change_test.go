package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"faultline"
	"faultline/api/webhook/webhooktest"
)

// meddled is a store in which somebody else changes a webhook between the reading and the
// writing of a change.
type meddled struct {
	*webhooktest.Outbox
	meddle func()
	times  int
}

func (m *meddled) ReplaceWebhook(ctx context.Context, id string, was, data []byte) (bool, error) {
	if m.times > 0 {
		m.times--
		m.meddle()
	}
	return m.Outbox.ReplaceWebhook(ctx, id, was, data)
}

// A test that is asked for while the receiver proves itself is sent, and the proof holds.
func TestAChangeKeepsWhatOthersChange(t *testing.T) {
	ctx, asked := t.Context(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	box := &meddled{Outbox: webhooktest.NewOutbox(), times: 1}
	data, err := json.Marshal(Hook{ID: "wh_1", Challenge: "code", Challenged: true})
	if err != nil {
		t.Fatal(err)
	}
	box.Hooks["wh_1"] = data
	box.meddle = func() {
		err := Change(ctx, box.Outbox, "wh_1", func(w *Hook) error { w.TestAt = &asked; return nil })
		if err != nil {
			t.Error(err)
		}
	}
	if err := Change(ctx, box, "wh_1", Proved); err != nil {
		t.Fatal(err)
	}
	all, _ := box.Webhooks(ctx)
	if w := Read(all)[0]; w.Unproven() || w.TestAt == nil || !w.TestAt.Equal(asked) {
		t.Errorf("becomes %+v", w)
	}

	box.times, box.meddle = 1, func() { _ = box.DeleteWebhook(ctx, "wh_1") }
	if err := Change(ctx, box, "wh_1", Proved); !errors.Is(err, faultline.ErrNotFound) {
		t.Errorf("a webhook that was removed: %v", err)
	}
	if all, _ := box.Webhooks(ctx); len(all) != 0 {
		t.Errorf("a webhook that was removed is there again: %v", all)
	}
}

// Where others are always faster a change is given up.
func TestAChangeIsGivenUp(t *testing.T) {
	box := &meddled{Outbox: webhooktest.NewOutbox(), times: 2 * changeTries}
	box.Hooks["wh_1"] = []byte(`{"id":"wh_1"}`)
	box.meddle = func() { box.Hooks["wh_1"] = append(box.Hooks["wh_1"], ' ') }
	if err := Change(t.Context(), box, "wh_1", Proved); !errors.Is(err, faultline.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

// What was asked for while messages were queued waits for the next step.
func TestWhatIsQueuedIsNoted(t *testing.T) {
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	first, second := Again{ID: "msg_1"}, Again{ID: "msg_2"}
	w := Hook{Challenge: "code", TestAt: &early, Again: []Again{first}}
	now := Hook{Challenge: "code", TestAt: &late, Again: []Again{first, second}}
	if err := w.queued(&now); err != nil || !now.Challenged || now.TestAt != &late || len(now.Again) != 1 {
		t.Errorf("queued: %+v %v", now, err)
	}
	if err := w.waits(&now); err != nil || now.Challenged || now.TestAt != &late || len(now.Again) != 2 {
		t.Errorf("waits: %+v %v", now, err)
	}
}
