package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"faultline/api/token"
)

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// streamed is how long a recorded stream stays open: what it opens with is
// written at once.
const streamed = 200 * time.Millisecond

// request makes the HTTP request of an ask.
func (d *drill) request(ctx context.Context, a ask) *http.Request {
	method := http.MethodGet
	if a.media != "" {
		method = http.MethodPost
	}
	if a.method != "" {
		method = a.method
	}
	path := strings.ReplaceAll(a.path, "{id}", strings.Join(d.source.ids[:min(1, len(d.source.ids))], ""))
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(d.solve(a.body)))
	if a.hurried {
		r.RemoteAddr = netip.AddrPortFrom(hurried, 4711).String()
	}
	if a.media != "" {
		r.Header.Set("Content-Type", a.media)
	}
	if a.forged {
		r.Header.Set("Authorization", "Bearer nobody.signed.this")
	}
	if a.scope != "" {
		token, err := d.keys.Issue(token.Claims{Subject: cmp.Or(a.subject, "lon-1"), Scopes: []string{a.scope},
			ASN: 20473, Country: "GB", TTL: time.Hour})
		if err != nil { // these claims are good
			panic(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

// ask asks the drill.
func (d *drill) ask(ctx context.Context, a ask) answer {
	return d.send(d.request(ctx, a), a.cold)
}

// send lets a node answer: that of the drill, or the one that is cold. A stream is
// closed after a moment, since it would never end.
func (d *drill) send(r *http.Request, cold bool) answer {
	if strings.HasPrefix(r.URL.Path, "/v1/stream") {
		ctx, cancel := context.WithTimeout(r.Context(), streamed)
		defer cancel()
		r = r.WithContext(ctx)
	}
	handler := d.handler
	if cold {
		handler = d.cold
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.Bytes()}
}

// recordExamples plays the drill and writes what it answered into dir, in place of what
// was there. It fails on any answer with another status than the ask says, and then
// nothing is committed by mistake.
func recordExamples(ctx context.Context, dir string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	keys, err := os.MkdirTemp("", "faultline-docs-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(keys)
	d, err := fold(drillName, drillMoment)
	if err != nil {
		return err
	}
	if err := d.serve(ctx, filepath.Join(keys, "keys")); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // sources, to be read by everyone
		return err
	}
	for _, a := range asks() {
		if err := d.record(ctx, dir, a); err != nil {
			return fmt.Errorf("%s: %w", a.operation, err)
		}
	}
	return nil
}

// record asks once and writes what was sent and what came back.
func (d *drill) record(ctx context.Context, dir string, a ask) error {
	got := d.ask(ctx, a)
	if got.status != a.status {
		return fmt.Errorf("%s: answered %d %s, want %d", a.path, got.status, got.body, a.status)
	}
	files := []example{{a.operation, fmt.Sprint(a.status), a.kind, settle(got.body)}}
	if a.body != "" && a.status < 400 {
		kind := "json"
		if a.media == mediaNDJSON {
			kind = "ndjson"
		}
		files = append(files, example{a.operation, "request", kind, []byte(a.body)})
	}
	for _, e := range files {
		if err := os.WriteFile(filepath.Join(dir, e.file()), e.body, 0o644); err != nil { //nolint:gosec // as above
			return err
		}
	}
	return nil
}

// retryLine is what a stream opens with: when to come back, drawn at random.
var retryLine = regexp.MustCompile(`(?m)^retry: [0-9]+$`)

// newToken is a token that was issued: another one each time.
var (
	newToken = regexp.MustCompile(`"token":"eyJ[^"]+"`)
	newID    = regexp.MustCompile(`("token":"[^"]+","id":)"[^"]+"`)
)

// A webhook that was made: another one each time. The secret in their place is
// that of the examples of Standard Webhooks.
var (
	newWebhook = regexp.MustCompile(`"id":"wh_[^"]+"`)
	newText    = regexp.MustCompile(`"challenge":"eyJ[^"]+"`)
	newPrefix  = regexp.MustCompile(`"prefix":"[^"]+:"`)
	newSubject = regexp.MustCompile(`"subject":"self-[^"]+"`)
	newSecret  = regexp.MustCompile(`"secret":"whsec_[^"]+"`)
)

// settle makes an answer the same each time: one token, one webhook and the shortest
// time to come back stand for all. Otherwise every run would change the document.
func settle(body []byte) []byte {
	body = newToken.ReplaceAll(body, []byte(`"token":"eyJhbGciOiJFZERTQSIsImtpZCI6ImV4YW1wbGUifQ.….…"`))
	body = newID.ReplaceAll(body, []byte(`${1}"8J0mVZhCq1yWb5cXo2Jq4w"`))
	body = newWebhook.ReplaceAll(body, []byte(`"id":"wh_example"`))
	body = newSecret.ReplaceAll(body, []byte(`"secret":"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"`))
	body = newText.ReplaceAll(body, []byte(`"challenge":"eyJhbGciOiJFZERTQSIsImtpZCI6ImV4YW1wbGUifQ.….…"`))
	body = newPrefix.ReplaceAll(body, []byte(`"prefix":"8J0mVZhCq1yWb5cXo2Jq4w:"`))
	body = newSubject.ReplaceAll(body, []byte(`"subject":"`+madeSubject+`"`))
	return retryLine.ReplaceAll(body, []byte("retry: 2000"))
}
