package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/push"
	"faultline/api/stream"
	"faultline/api/webhook"
	"faultline/board"
)

// subscribers keeps subscriptions in memory.
type subscribers struct {
	kept map[string][]byte
	full bool
}

func (s *subscribers) Subscribe(_ context.Context, _ netip.Addr, id string, data []byte) error {
	if s.full {
		return faultline.BusyError{RetryAfter: time.Hour, Limit: faultline.LimitPrefix}
	}
	s.kept[id] = data
	return nil
}

func (s *subscribers) Unsubscribe(_ context.Context, id string) error {
	delete(s.kept, id)
	return nil
}

func (s *subscribers) PushKey(context.Context, string) (string, error) {
	return "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", nil // RFC 8291, appendix A
}

// aBrowser is a subscription with the keys of RFC 8291, appendix A, without its last brace.
const aBrowser = `{"endpoint":"https://fcm.googleapis.com/fcm/send/abc",` +
	`"keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",` +
	`"auth":"BTBZMqHH6r4Tts7J_aSIgg"}`

func notifying(t *testing.T) (*node, *subscribers) {
	t.Helper()
	kept := &subscribers{kept: map[string][]byte{}}
	return newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) {
		c.Subscribers = kept
		c.Push = push.New(push.Config{Contact: "mailto:desk@example.com", Keys: kept, Now: c.Now})
	}), kept
}

func TestABrowserSubscribesAndEndsIt(t *testing.T) {
	n, kept := notifying(t)
	key := decode[PushKey](t, n.do(n.sendJSON("GET", "/v1/push", "", "")).Body)
	if !strings.HasPrefix(key.PublicKey, "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIg") {
		t.Errorf("the key is %s", key.PublicKey)
	}
	for _, of := range []string{"cdn:fastly", "CDN:Fastly,dns:dyn"} { // the second replaces the first
		w := n.do(n.sendJSON("POST", "/v1/push", aBrowser+`,"of":"`+of+`","lang":"de"}`, ""))
		got := decode[PushAnswer](t, w.Body)
		if w.Code != http.StatusCreated || got.Of == "" ||
			!got.ExpiresAt.Equal(faultline.Millis(n.clock.Now().Add(faultline.PushLife))) {
			t.Errorf("%d: %+v", w.Code, got)
		}
	}
	var hook webhook.Hook
	id := webhook.SubscriptionID("https://fcm.googleapis.com/fcm/send/abc")
	if err := json.Unmarshal(kept.kept[id], &hook); err != nil || len(kept.kept) != 1 ||
		hook.Filter != "of=cdn%3Afastly%2Cdns%3Adyn" || hook.Browser == nil || hook.Browser.Lang != "de" {
		t.Errorf("kept %s, %v", kept.kept[id], err)
	}
	for range 2 {
		w := n.do(n.sendJSON("DELETE", "/v1/push", `{"endpoint":"https://fcm.googleapis.com/fcm/send/abc"}`, ""))
		if w.Code != http.StatusNoContent || len(kept.kept) != 0 {
			t.Errorf("%d, %d left", w.Code, len(kept.kept))
		}
	}
}

func TestSubscriptionsAreRefused(t *testing.T) {
	n, kept := notifying(t)
	for body, pointer := range map[string]string{
		`{"endpoint":"https://example.com/","keys":{},"of":"cdn:fastly"}`:    "/endpoint",
		strings.Replace(aBrowser, "BCVx", "ACVx", 1) + `,"of":"cdn:fastly"}`: "/keys/p256dh",
		strings.Replace(aBrowser, "BTBZ", "", 1) + `,"of":"cdn:fastly"}`:     "/keys/auth",
		aBrowser + `}`:                                     "/of",
		aBrowser + `,"of":"nobody.test"}`:                  "/of",
		aBrowser + `,"of":"cdn:fastly","lang":"de\u0000"}`: "/lang",
		aBrowser + `,"of":"cdn:fastly","name":"me"}`:       "/name",
	} {
		p := wantProblem(t, n.do(n.sendJSON("POST", "/v1/push", body, "")), http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Pointer != pointer {
			t.Errorf("%s: %+v", body, p.Errors)
		}
	}
	wantProblem(t, n.do(n.sendJSON("DELETE", "/v1/push", `{}`, "")), http.StatusBadRequest)
	good := aBrowser + `,"of":"cdn:fastly"}`
	for _, method := range []string{"POST", "DELETE"} {
		foreign := n.sendJSON(method, "/v1/push", good, "")
		foreign.header["Origin"] = "https://elsewhere.example"
		wantProblem(t, n.do(foreign), http.StatusForbidden)
	}
	kept.full = true
	if w := n.do(n.sendJSON("POST", "/v1/push", good, "")); w.Header().Get("Retry-After") != "3600" {
		t.Errorf("Retry-After: %s", w.Header().Get("Retry-After"))
	}
	wantProblem(t, n.do(n.sendJSON("POST", "/v1/push", good, "")), http.StatusTooManyRequests)
}

func TestNobodyIsNotifiedUnlessTheOperatorWantsIt(t *testing.T) {
	n := newNode(t)
	for _, method := range []string{"GET", "POST", "DELETE"} {
		wantProblem(t, n.do(n.sendJSON(method, "/v1/push", aBrowser+`,"of":"cdn:fastly"}`, "")), http.StatusNotFound)
	}
}
