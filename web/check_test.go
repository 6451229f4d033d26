package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/web"
)

// testChecks answer every id with one check, and count who asks.
type testChecks struct {
	check faultline.Check
	known bool
	err   error
	asked []string
	addr  netip.Addr
}

func (c *testChecks) Ask(_ context.Context, addr netip.Addr, site string) (faultline.Check, bool, error) {
	c.asked, c.addr = append(c.asked, site), addr
	return faultline.Check{ID: "secret." + site, Site: site}, c.known, c.err
}

func (c *testChecks) Check(_ context.Context, id string) (faultline.Check, error) {
	if c.err != nil || !strings.HasPrefix(id, "secret.") {
		return faultline.Check{}, faultline.ErrNotFound
	}
	check := c.check
	check.ID, check.Site = id, strings.TrimPrefix(id, "secret.")
	check.Judge()
	return check, nil
}

// checkWorld is a world in which people may ask for checks of shops.
func checkWorld(checks *testChecks) web.Config {
	cfg := newWorld().config()
	known := cfg.Lookup
	cfg.Lookup = func(input string) (faultline.SiteRecord, error) {
		if name := strings.TrimPrefix(input, "www."); strings.HasSuffix(name, "shop.com") {
			return faultline.SiteRecord{Site: name}, faultline.ErrNotFound
		}
		return known(input)
	}
	if checks != nil {
		cfg.Checks = checks
	}
	return cfg
}

var checkForm = regexp.MustCompile(
	`action="/site/corner-shop.com/check">\s*<input type="hidden" name="token" value="([^"]+)"`)

// To open the page of an unknown site, however often, asks for nothing; the tap
// does, without JavaScript.
func TestOnlyATapAsksForACheck(t *testing.T) {
	checks := &testChecks{}
	h := serve(t, checkWorld(checks))
	var body string
	for range 5 {
		rec := get(h, "/site/corner-shop.com")
		if body = rec.Body.String(); rec.Code != http.StatusOK || !strings.Contains(body, "noindex") ||
			rec.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", rec.Code, rec.Header())
		}
	}
	if said := text(t, body); !strings.Contains(said, "We do not watch corner-shop.com.") ||
		!strings.Contains(said, "Check it now") {
		t.Error(said)
	}
	if len(checks.asked) != 0 {
		t.Fatalf("opening the page asks for checks of %v", checks.asked)
	}
	token := checkForm.FindStringSubmatch(body)
	if token == nil {
		t.Fatalf("there is no form: %s", body)
	}
	post := func(origin, token string) *httptest.ResponseRecorder {
		req := httptest.NewRequest(http.MethodPost, here+"/site/corner-shop.com/check",
			strings.NewReader(url.Values{"token": {token}}.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", origin)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		return rec
	}
	if rec := post("cross-site", token[1]); rec.Code != http.StatusForbidden {
		t.Errorf("another page's form: %d", rec.Code)
	}
	if rec := post("same-origin", "forged"); rec.Code != http.StatusForbidden {
		t.Errorf("a forged token: %d", rec.Code)
	}
	if len(checks.asked) != 0 {
		t.Errorf("refused forms ask for checks of %v", checks.asked)
	}
	if rec := post("same-origin", token[1]); rec.Code != http.StatusSeeOther ||
		rec.Header().Get("Location") != "/check/secret.corner-shop.com" || len(checks.asked) != 1 {
		t.Errorf("%d %v, asked %v", rec.Code, rec.Header(), checks.asked)
	}
	checks.known = true
	if rec := post("same-origin", token[1]); rec.Header().Get("Location") != "/site/corner-shop.com" {
		t.Errorf("a site that is on the list by now: %v", rec.Header())
	}
	checks.err = faultline.BusyError{RetryAfter: 12500 * time.Millisecond, Limit: faultline.LimitPerson}
	rec := post("same-origin", token[1])
	if said := text(t, rec.Body.String()); rec.Code != http.StatusTooManyRequests ||
		rec.Header().Get("Retry-After") != "13" || !strings.Contains(said, "Try again in 13 seconds.") {
		t.Errorf("%d %v %s", rec.Code, rec.Header(), said)
	}
	if rec := get(h, "/site/corner-shop.com/check"); rec.Code != http.StatusSeeOther {
		t.Errorf("the form's address by GET: %d", rec.Code)
	}
}

func TestACheckIsAnswered(t *testing.T) {
	at := clock("2021-06-08T10:25:20Z")
	result := func(s faultline.Symptom, detail string) []faultline.Probe {
		return []faultline.Probe{{At: at, Vantage: "lon-1", Symptom: s, Detail: detail, LatencyMS: 120}}
	}
	for want, check := range map[string]faultline.Check{
		"We are checking corner-shop.com now.":        {Pending: true},
		"No: corner-shop.com works":                   {Results: result("ok", "")},
		"Yes: corner-shop.com is failing":             {Results: result("http_502", "")},
		"Partly: corner-shop.com fails":               {Results: append(result("ok", ""), result("http_502", "")...)},
		"There is no corner-shop.com.":                {Results: result("dns", "nxdomain")},
		"We can’t tell whether corner-shop.com works": {Results: result("blocked", "")},
		"None of our probes answered in time":         {},
	} {
		rec := get(serve(t, checkWorld(&testChecks{check: check})), "/check/secret.corner-shop.com")
		body := rec.Body.String()
		if said := text(t, body); rec.Code != http.StatusOK || !strings.Contains(said, want) {
			t.Errorf("%q: %d %s", want, rec.Code, said)
		}
		if refresh := strings.Contains(body, `http-equiv="refresh"`); refresh != check.Pending {
			t.Errorf("%s: loads again by itself: %v", want, refresh)
		}
		if rec.Header().Get("Cache-Control") != "no-store" || !strings.Contains(body, "noindex") {
			t.Errorf("%s: %v", want, rec.Header())
		}
		if len(check.Results) > 0 && !strings.Contains(body, "lon-1") {
			t.Errorf("%s: the vantage is not named", want)
		}
	}
	if rec := get(serve(t, checkWorld(&testChecks{})),
		"/check/guess.corner-shop.com"); rec.Code != http.StatusNotFound {
		t.Errorf("a guessed id: %d", rec.Code)
	}
}

func TestUnknownSitesHaveOnePage(t *testing.T) {
	h := serve(t, checkWorld(&testChecks{}))
	for _, path := range []string{"/site?q=www.corner-shop.com", "/site/www.corner-shop.com"} {
		if rec := get(h, path); rec.Code != http.StatusSeeOther ||
			!strings.HasSuffix(rec.Header().Get("Location"), "/site/corner-shop.com") {
			t.Errorf("%s: %d %v", path, rec.Code, rec.Header())
		}
	}
	nobody := serve(t, checkWorld(nil))
	for _, path := range []string{"/site/corner-shop.com", "/check/secret.corner-shop.com"} {
		if rec := get(nobody, path); rec.Code != http.StatusNotFound {
			t.Errorf("%s where nobody checks: %d", path, rec.Code)
		}
	}
}

// A site of the list shows what the regular probes found.
func TestASiteOfTheListShowsItsRegularProbes(t *testing.T) {
	w := newWorld()
	w.view.Sites, w.view.Well = nil, []faultline.WellSite{{Site: "calm.example.org", Probes: 9}}
	checks := &testChecks{}
	cfg := w.config()
	cfg.Checks = checks
	if said := text(t, get(serve(t, cfg), "/site/calm.example.org").Body.String()); !strings.Contains(said,
		"works as seen from our probes") {
		t.Error(said)
	}
	if len(checks.asked) != 0 {
		t.Errorf("asked for %v", checks.asked)
	}
}

func TestBlindVantagesAreNamed(t *testing.T) {
	w := newWorld()
	cfg := w.config()
	well := faultline.VantageStatus{Vantage: "lon-1", State: faultline.VantageOK}
	blind := faultline.VantageStatus{Vantage: "nyc-1", State: faultline.VantageBlind, Why: "no canary answers"}
	sick := faultline.VantageStatus{Vantage: "sgp-1", State: faultline.VantageSick}
	for _, c := range []struct {
		all  []faultline.VantageStatus
		want string
	}{
		{[]faultline.VantageStatus{well, blind}, "at nyc-1 (no canary answers) do not work properly"},
		{[]faultline.VantageStatus{well, blind, sick}, "sgp-1 (sick)"},
		{[]faultline.VantageStatus{blind}, "none of them can see the internet"},
		{[]faultline.VantageStatus{well}, ""},
		{nil, ""},
	} {
		w.vantages = c.all
		said := text(t, get(serve(t, cfg), "/").Body.String())
		if c.want == "" && strings.Contains(said, "do not work properly") || !strings.Contains(said, c.want) {
			t.Errorf("%v: %s", c.all, said)
		}
	}
}

func TestTheProbesExplainThemselves(t *testing.T) {
	rec := get(serve(t, newWorld().config()), "/prober")
	if body := rec.Body.String(); rec.Code != http.StatusOK ||
		!strings.Contains(body, "User-agent: faultline\nDisallow: /") || !strings.Contains(body, "robots.txt") {
		t.Errorf("%d %s", rec.Code, body)
	}
}
