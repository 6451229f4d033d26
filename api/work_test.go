package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/api/token"
	"faultline/board"
)

// desk hands out the same work to everybody and remembers who asked.
type desk struct {
	who   faultline.VantageStatus
	known string
	wait  time.Duration
	err   error
}

func (d *desk) Work(_ context.Context, who faultline.VantageStatus, known string,
	wait time.Duration) (faultline.WorkAnswer, error) {
	d.who, d.known, d.wait = who, known, wait
	return faultline.WorkAnswer{Vantage: who.Vantage, PeriodS: 60, Revision: "a.b",
		Sites: []faultline.WorkSite{{Site: "bbc.co.uk"}},
		CheckRequests: []faultline.CheckRequest{{Site: "ft.com", Reason: faultline.CheckSuspect,
			Component: "cdn:fastly", Until: t0}}}, d.err
}

func (d *desk) Vantages() []faultline.VantageStatus { return []faultline.VantageStatus{d.who} }

func (n *node) askWork(query, scope string) (int, string) {
	n.t.Helper()
	header := map[string]string{}
	if scope != "" {
		token, err := n.keys.Issue(token.Claims{Subject: "lon-1", Scopes: []string{scope}, ASN: 20473, Country: "GB",
			TTL: time.Hour})
		if err != nil {
			n.t.Fatal(err)
		}
		header["Authorization"] = "Bearer " + token
	}
	w := n.do(request{path: "/v1/probes/work" + query, header: header})
	return w.Code, w.Body.String()
}

func TestWorkOfAVantage(t *testing.T) {
	d := &desk{}
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) { c.Work = d })
	code, body := n.askWork("?revision=a.b&wait=7&state=blind&why=no%20canary%20answers", token.ScopeProbes)
	var got faultline.WorkAnswer
	if err := json.Unmarshal([]byte(body), &got); err != nil || code != http.StatusOK || got.Vantage != "lon-1" ||
		len(got.Sites) != 1 || len(got.CheckRequests) != 1 {
		t.Fatalf("%d %s", code, body)
	}
	if d.who.Vantage != "lon-1" || d.who.ASN != 20473 || d.who.Country != "GB" ||
		d.who.State != faultline.VantageBlind ||
		d.who.Why != "no canary answers" || d.who.SeenAt.IsZero() || d.known != "a.b" || d.wait != 7*time.Second {
		t.Errorf("%+v, %q, %s", d.who, d.known, d.wait)
	}
	if code, _ = n.askWork("", token.ScopeProbes); code != http.StatusOK || d.wait != workWait*time.Second ||
		d.known != "" || d.who.State != faultline.VantageUnknown {
		t.Errorf("%d, %s, %q", code, d.wait, d.known)
	}
	for query, parameter := range map[string]string{"?wait=26": "wait", "?wait=-1": "wait", "?wait=x": "wait",
		"?state=tired":  "state",
		"?revision=%00": "revision", "?revision=" + strings.Repeat("a", 65): "revision",
		"?why=" + strings.Repeat("a", 101): "why", "?why=%0a": "why",
		"?why=the%20BBC%20is%20lying": "why", "?state=sick&why=no_reason": "why", "?colour=blue": "colour"} {
		if code, body := n.askWork(query, token.ScopeProbes); code != http.StatusBadRequest ||
			!strings.Contains(body, `"parameter":"`+parameter+`"`) {
			t.Errorf("%s: %d %s", query, code, body)
		}
	}
	for scope, want := range map[string]int{"": http.StatusUnauthorized, "webhooks:write": http.StatusForbidden} {
		if code, body := n.askWork("", scope); code != want {
			t.Errorf("with %q: %d %s", scope, code, body)
		}
	}
	d.err = errors.Join(faultline.ErrUnavailable)
	if code, _ := n.askWork("", token.ScopeProbes); code != http.StatusServiceUnavailable {
		t.Errorf("%d", code)
	}
	if code, _ := newNode(t).askWork("", token.ScopeProbes); code != http.StatusServiceUnavailable {
		t.Errorf("where nobody has work: %d", code)
	}
}

func TestVantagesAreTold(t *testing.T) {
	d := &desk{who: faultline.VantageStatus{Vantage: "nyc-1", State: faultline.VantageSick,
		Why: "unrelated sites fail here at once", SeenAt: t0}}
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) { c.Work = d })
	w := n.do(request{path: "/v1/vantages"})
	if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, `"vantage":"nyc-1"`) ||
		!strings.Contains(body, `"state":"sick"`) {
		t.Errorf("%d %s", w.Code, body)
	}
	if w := newNode(t).do(request{path: "/v1/vantages"}); w.Code != http.StatusOK ||
		!strings.HasPrefix(w.Body.String(), `{"vantages":[],"coverage":{"state":"blind"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
