package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"faultline/api/webhook"
)

// The receiver prints what is signed, refuses what is not, and answers the challenge.
func TestWebhookListenChecksAndAnswers(t *testing.T) {
	secret := webhook.NewSecret()
	var out, said bytes.Buffer
	r, err := webhookListenCmd{Secret: secret}.receiver(world{stdout: &out, stderr: &said})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	send := func(body string, change string) *httptest.ResponseRecorder {
		now := time.Now() // the library knows no other clock
		signature, err := signer.Sign("msg_1", now, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body+change))
		req.Header.Set(standardwebhooks.HeaderWebhookID, "msg_1")
		req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
		req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		return w
	}
	if w := send(`{"type":"test","data":null}`, ""); w.Code != http.StatusNoContent ||
		out.String() != `{"id":"msg_1","verified":true,"message":{"type":"test","data":null}}`+"\n" {
		t.Errorf("%d %q", w.Code, out.String())
	}
	if w := send(`{"type":"challenge","challenge":"abc"}`, ""); w.Code != http.StatusOK ||
		w.Body.String() != `{"challenge":"abc"}`+"\n" {
		t.Errorf("a challenge: %d %q", w.Code, w.Body)
	}
	out.Reset()
	if w := send(`{"type":"test"}`, " "); w.Code != http.StatusUnauthorized || out.Len() > 0 || said.Len() == 0 {
		t.Errorf("a changed message: %d %q %q", w.Code, out.String(), said.String())
	}
	if w := send(`no JSON`, ""); w.Code != http.StatusBadRequest {
		t.Errorf("no JSON: %d", w.Code)
	}
	if _, err := (webhookListenCmd{Secret: "?"}).receiver(world{}); err == nil {
		t.Error("a secret that is none is taken")
	}
}
