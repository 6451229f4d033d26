package api

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

// testChecks remember who asked for what.
type testChecks struct {
	err   error
	asked map[string]netip.Addr
}

func (c *testChecks) Ask(_ context.Context, addr netip.Addr, site string) (faultline.Check, bool, error) {
	c.asked[site] = addr
	return faultline.Check{ID: "secret." + site, Site: site, AskedAt: t0, Pending: true, State: faultline.SiteUnknown,
		Symptom: faultline.SymptomOK, Results: []faultline.Probe{}}, site == "bbc.co.uk", c.err
}

func (c *testChecks) Check(_ context.Context, id string) (faultline.Check, error) {
	site, ok := strings.CutPrefix(id, "secret.")
	if !ok {
		return faultline.Check{}, faultline.ErrNotFound
	}
	return faultline.Check{ID: id, Site: site, State: faultline.SiteDown, Symptom: "http_502",
		Results: []faultline.Probe{{Site: site, Vantage: "lon-1"}}}, nil
}

func TestChecksAreAskedForAndAnswered(t *testing.T) {
	checks := &testChecks{asked: map[string]netip.Addr{}}
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) {
		c.Checks = checks
		c.Lookup = func(site string) (faultline.SiteRecord, error) {
			return faultline.SiteRecord{Site: site}, faultline.ErrNotFound
		}
	})
	n.run()
	post := func(body string) (int, http.Header, string) {
		w := n.do(request{method: http.MethodPost, path: "/v1/checks", body: body,
			header: map[string]string{"Content-Type": "application/json"}})
		return w.Code, w.Header(), w.Body.String()
	}
	for range 3 {
		if w := n.do(request{path: "/v1/sites/shop.net"}); w.Code != http.StatusNotFound || len(checks.asked) != 0 {
			t.Fatalf("reading asks for checks: %d, %v", w.Code, checks.asked)
		}
	}
	code, h, body := post(`{"site":"shop.net"}`)
	if code != http.StatusAccepted || !strings.HasSuffix(h.Get("Location"), "/v1/checks/secret.shop.net") ||
		h.Get("Cache-Control") != "no-store" ||
		!strings.Contains(body, `"pending":true`) || !checks.asked["shop.net"].IsValid() {
		t.Errorf("%d %v %s", code, h, body)
	}
	if w := n.do(request{path: "/v1/checks/secret.shop.net"}); w.Code != http.StatusOK ||
		!strings.Contains(w.Body.String(), `"state":"down"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := n.do(request{path: "/v1/checks/guess.shop.net"}); w.Code != http.StatusNotFound {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if code, _, body := post(`{"site":"bbc.co.uk"}`); code != http.StatusOK ||
		!strings.Contains(body, `"regular":true`) {
		t.Errorf("a site of the list: %d %s", code, body)
	}
	for _, bad := range []string{``, `{}`, `{"site":7}`, `{"site":"a.net","x":1}`} {
		if code, _, body := post(bad); code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", bad, code, body)
		}
	}
	for _, limit := range []faultline.Limit{faultline.LimitPerson, faultline.LimitPrefix, faultline.LimitAll,
		faultline.LimitLines} {
		checks.err = faultline.BusyError{RetryAfter: 9500 * time.Millisecond, Limit: limit}
		if code, h, body := post(`{"site":"shop.net"}`); code != http.StatusTooManyRequests ||
			h.Get("Retry-After") != "10" || !strings.Contains(body, "Try again after") &&
			limit != faultline.LimitLines || !strings.Contains(body, `"detail"`) {
			t.Errorf("%s: %d %v %s", limit, code, h, body)
		}
	}
	if w := newNode(t).do(request{path: "/v1/checks/secret.shop.net"}); w.Code != http.StatusServiceUnavailable {
		t.Errorf("where nobody checks: %d", w.Code)
	}
}
