package api

import (
	"encoding/json"
	"net/http"
	"testing"

	"faultline/api/stream"
	"faultline/api/token"
	"faultline/api/webhook"
	"faultline/api/webhook/webhooktest"
	"faultline/board"
)

// decodeHook reads what is kept of a webhook.
func decodeHook(t *testing.T, box *webhooktest.Outbox, id string) (w webhook.Hook) {
	t.Helper()
	all, _ := box.Webhooks(t.Context())
	if err := json.Unmarshal(all[id], &w); err != nil {
		t.Fatal(err)
	}
	return w
}

// The owner of a webhook sees what was sent and what came of it, and has it sent again.
func TestDeliveriesAreListedAndSentAgain(t *testing.T) {
	box := webhooktest.NewOutbox()
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) { c.Webhooks = box })
	bearer := n.token(token.ScopeWebhooks)
	hook := decode[WebhookAnswer](t,
		n.do(n.sendJSON("POST", "/v1/webhooks", `{"url":"https://example.com/"}`, bearer)).Body)
	if hook.State != "active" || hook.ExpiresAt != nil {
		t.Errorf("of a token that the operator issued: %+v", hook)
	}
	for _, try := range []string{
		`{"message":"msg_a","type":"incident.updated","try":1,"outcome":"failed","status":500,` +
			`"reason":"answered 500","incident":"inc_1","revision":2}`,
		`{"message":"msg_b","type":"test","try":1,"outcome":"taken","status":200}`} {
		if err := box.NoteAttempt(t.Context(), hook.ID, []byte(try)); err != nil {
			t.Fatal(err)
		}
	}
	path := "/v1/webhooks/" + hook.ID + "/deliveries"
	list := decode[DeliveryList](t, n.do(n.sendJSON("GET", path, "", bearer)).Body)
	if len(list.Deliveries) != 2 || list.Deliveries[0].Message != "msg_b" || list.Deliveries[1].Status != 500 {
		t.Errorf("%+v", list)
	}
	for range 2 { // twice is once
		if w := n.do(n.sendJSON("POST", path+"/msg_a/redeliver", "", bearer)); w.Code != http.StatusAccepted {
			t.Errorf("again: %d %s", w.Code, w.Body)
		}
	}
	if again := decodeHook(t, box, hook.ID).Again; len(again) != 1 ||
		again[0] != (webhook.Again{ID: "msg_a", Incident: "inc_1", Revision: 2}) {
		t.Errorf("%+v", again)
	}
	wantProblem(t, n.do(n.sendJSON("POST", path+"/msg_b/redeliver", "", bearer)), http.StatusConflict)
	wantProblem(t, n.do(n.sendJSON("POST", path+"/msg_c/redeliver", "", bearer)), http.StatusNotFound)
}
