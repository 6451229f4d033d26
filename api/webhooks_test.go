package api

import (
	"net/http"
	"testing"
	"time"

	"faultline/api/stream"
	"faultline/api/token"
	"faultline/api/webhook/webhooktest"
	"faultline/board"
)

func TestWebhooksRefuse(t *testing.T) {
	box := webhooktest.NewOutbox()
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) { c.Webhooks = box })
	bearer := n.token(token.ScopeWebhooks)
	for body, pointer := range map[string]string{
		`{"url":"http://example.com/"}`:                              "/url",
		`{"url":"https://u:p@example.com/"}`:                         "/url",
		`{"url":"https://example.com:8443/"}`:                        "/url",
		`{"url":"https:///x"}`:                                       "/url",
		`{"url":"https://example.com/","filter":"colour=blue"}`:      "/filter",
		`{"url":"https://example.com/","filter":"state=down"}`:       "/filter",
		`{"url":"https://example.com/","filter":"site=nobody.test"}`: "/filter",
		`{"url":"https://example.com/","secret":"mine"}`:             "/secret",
		`{"url":"https://example.com/","format":"fax"}`:              "/format",
		`{"url":"https://example.com/","format":"telegram"}`:         "/target",
		`{"url":"https://example.com/","target":"-100"}`:             "/target",
	} {
		p := wantProblem(t, n.do(n.sendJSON("POST", "/v1/webhooks", body, bearer)), http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Pointer != pointer || p.Errors[0].Parameter != "" {
			t.Errorf("%s: %+v", body, p.Errors)
		}
	}
	wantProblem(t, n.do(n.sendJSON("GET", "/v1/webhooks", "", "")), http.StatusUnauthorized)
	wantProblem(t, n.do(n.sendJSON("GET", "/v1/webhooks", "", n.token(token.ScopeAdmin))), http.StatusForbidden)
	var last WebhookAnswer
	for range webhooksEach {
		last = decode[WebhookAnswer](t,
			n.do(n.sendJSON("POST", "/v1/webhooks", `{"url":"https://example.com/"}`, bearer)).Body)
	}
	wantProblem(t, n.do(n.sendJSON("POST", "/v1/webhooks", `{"url":"https://example.com/"}`, bearer)),
		http.StatusConflict)
	stranger, err := n.keys.Issue(token.Claims{Subject: "stranger", Scopes: []string{token.ScopeWebhooks},
		TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, n.do(n.sendJSON("DELETE", "/v1/webhooks/"+last.ID, "", stranger)), http.StatusNotFound)
	if w := n.do(n.sendJSON("DELETE", "/v1/webhooks/"+last.ID, "", bearer)); w.Code != http.StatusNoContent ||
		len(box.Hooks) != webhooksEach-1 {
		t.Errorf("%d, %d left", w.Code, len(box.Hooks))
	}
}
