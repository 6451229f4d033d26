package web_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/web"

	"github.com/gin-gonic/gin"
)

var tokenField = regexp.MustCompile(`name="token" value="([^"]*)"`)

// tokenOf reads the token of a site's form.
func tokenOf(t *testing.T, h http.Handler, site string) string {
	t.Helper()
	found := tokenField.FindStringSubmatch(get(h, "/site/"+site).Body.String())
	if found == nil {
		t.Fatalf("the page of %s has no form", site)
	}
	return found[1]
}

// send posts the form of reddit.com as a browser does from our own page; header
// changes what the browser says, "-" leaves a line out.
func send(h http.Handler, form url.Values, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "https://faultline.example/site/reddit.com/report",
		strings.NewReader(form.Encode()))
	r.RemoteAddr = "203.0.113.9:1234"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", "https://faultline.example")
	for i := 0; i+1 < len(header); i += 2 {
		switch {
		case header[i+1] == "-":
			r.Header.Del(header[i])
		case header[i] == "Host":
			r.Host = header[i+1]
		default:
			r.Header.Set(header[i], header[i+1])
		}
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

func TestReportByForm(t *testing.T) {
	w := newWorld()
	h := serve(t, w.config())
	form := url.Values{"token": {tokenOf(t, h, "reddit.com")}, "symptom": {"http_503"}}
	rec := send(h, form)
	if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/site/reddit.com?reported=1#report" {
		t.Errorf("%d to %q", rec.Code, rec.Header().Get("Location"))
	}
	w.receipt.Counted = false
	if rec := send(h, form); rec.Header().Get("Location") != "/site/reddit.com?reported=0#report" {
		t.Errorf("a repeat: %d to %q", rec.Code, rec.Header().Get("Location"))
	}
	if got := strings.Join(w.reports, ", "); got != "203.0.113.9 reddit.com http_503, 203.0.113.9 reddit.com http_503" {
		t.Errorf("handed on: %s", got)
	}
	w.door = faultline.ErrUnavailable
	if rec := send(h, form); rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" {
		t.Errorf("while the log is away: %d", rec.Code)
	}
}

// here is the public address of the server in tests of where reports come from.
const here = "https://faultline.example"

// origins are what a browser says of where a report comes from.
var origins = []struct {
	fetched, origin, host string // "-": not sent
	base                  string
	counts                bool
}{
	{"same-origin", here, "faultline.example", here, true},
	{"same-origin", "-", "faultline.example", here, true},
	{"-", here, "faultline.example", here, true},
	{"-", "HTTPS://faultline.example", "faultline.example", here, true},
	{"-", "http://127.0.0.1:8080", "127.0.0.1:8080", "", true},
	{"-", here, "behind.a.proxy", here, true},
	{"same-origin", "http://127.0.0.1:8080", "127.0.0.1:8080", here, true},
	{"same-origin", "http://localhost:8080", "localhost:8080", here, true},
	{"same-origin", "http://[::1]:8080", "[::1]:8080", here, true},
	{"-", "https://faultline.example.", "faultline.example.", here, true},
	{"-", "https://faultline.example", "faultline.example:443", here, true},

	{"cross-site", here, "faultline.example", here, false},
	{"cross-site", "https://popular.example", "faultline.example", here, false},
	{"cross-site", "null", "faultline.example", here, false},
	{"cross-site", "-", "faultline.example", here, false},
	{"same-site", here, "faultline.example", here, false},
	{"same-site", "https://blog.faultline.example", "faultline.example", here, false},
	{"none", here, "faultline.example", here, false},
	{"none", "-", "faultline.example", here, false},
	{"", here, "faultline.example", here, false},
	{"SAME-ORIGIN", here, "faultline.example", here, false},
	{"-", "-", "faultline.example", here, false},
	{"-", "null", "faultline.example", here, false},
	{"-", "", "faultline.example", here, false},
	{"-", "https://popular.example", "faultline.example", here, false},
	{"-", "https://popular.example", "faultline.example", "", false},
	{"-", "https://faultline.example.popular.example", "faultline.example", here, false},
	{"-", "http://faultline.example", "behind.a.proxy", here, false},
	{"-", "https://faultline.example:8443", "faultline.example", "", false},
	{"same-origin", "https://popular.example", "faultline.example", here, false},
	// A name of somebody else that points here: its pages are of one origin with it.
	{"same-origin", "https://popular.example", "popular.example", here, false},
	{"same-origin", "-", "popular.example", here, false},
	{"same-origin", "-", "popular.example", "", false},
	{"-", here, "faultline.example", "", false},
	{"-", "https://127.0.0.1.popular.example", "127.0.0.1.popular.example", here, false},
}

// TestWhereAReportComesFrom: only a browser that shows our own page counts.
func TestWhereAReportComesFrom(t *testing.T) {
	for _, c := range origins {
		w := newWorld()
		cfg := w.config()
		cfg.BaseURL = c.base
		h := serve(t, cfg)
		form := url.Values{"token": {tokenOf(t, h, "reddit.com")}, "symptom": {"timeout"}}
		rec := send(h, form, "Sec-Fetch-Site", c.fetched, "Origin", c.origin, "Host", c.host)
		if counts := len(w.reports) == 1; counts != c.counts || counts != (rec.Code == http.StatusSeeOther) {
			t.Errorf("%+v: %d, %d reports", c, rec.Code, len(w.reports))
		}
		if !c.counts &&
			(rec.Code != http.StatusForbidden ||
				!strings.Contains(text(t, rec.Body.String()), "This report was not counted.")) {
			t.Errorf("%+v: %d without a word", c, rec.Code)
		}
	}
}

func TestFormTokens(t *testing.T) {
	w := newWorld()
	h := serve(t, w.config())
	good := tokenOf(t, h, "reddit.com")
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	forged := func(change func(b []byte)) string {
		b := append([]byte(nil), raw...)
		change(b)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	cases := []struct {
		name, token string
		later       time.Duration
		counts      bool
	}{
		{"fresh", good, 0, true},
		{"within the hour", good, 54 * time.Minute, true}, // made at 10:20, on the grain
		{"older", good, 55 * time.Minute, false},
		{"much older", good, 26 * time.Hour, false},
		{"none", "", 0, false},
		{"another site's", tokenOf(t, h, "ft.com"), 0, false},
		{"a later time", forged(func(b []byte) { b[7]++ }), 0, false},
		{"far in the future", forged(func(b []byte) { b[2] = 1 }), 0, false},
		{"before all time", forged(func(b []byte) { b[0] = 0xff }), 0, false},
		{"another sum", forged(func(b []byte) { b[39] ^= 1 }), 0, false},
		{"cut", good[:len(good)-2], 0, false},
		{"longer", good + "AA", 0, false},
		{"no base64", strings.Repeat("!", len(good)), 0, false},
	}
	for _, c := range cases {
		w.now, w.reports = clock("2021-06-08T10:25:30Z").Add(c.later), nil
		rec := send(h, url.Values{"token": {c.token}, "symptom": {"slow"}})
		if counts := len(w.reports) == 1; counts != c.counts || !counts && rec.Code != http.StatusForbidden {
			t.Errorf("%s: %d, %d reports", c.name, rec.Code, len(w.reports))
		}
	}
	w.now = clock("2021-06-08T11:25:30Z")
	if seen := text(t, send(h, url.Values{"token": {good}, "symptom": {"slow"}}).Body.String()); !strings.Contains(seen,
		"open for more than an hour") ||
		!strings.Contains(seen, "Go to the page of reddit.com") {
		t.Errorf("an old form: %s", seen)
	}
}

func TestFormTokenOutlivesMidnight(t *testing.T) {
	w := newWorld()
	w.now = clock("2021-06-08T23:55:00Z")
	one, other := serve(t, w.config()), serve(t, w.config())
	form := url.Values{"token": {tokenOf(t, one, "reddit.com")}, "symptom": {"slow"}}
	w.now = clock("2021-06-09T00:20:00Z")
	if rec := send(other, form); rec.Code != http.StatusSeeOther { // another node, the next day
		t.Errorf("%d", rec.Code)
	}
}

func TestFormsThatOursNeverSends(t *testing.T) {
	w := newWorld()
	h := serve(t, w.config())
	token := tokenOf(t, h, "reddit.com")
	cases := []struct {
		name   string
		form   url.Values
		header []string
		status int
	}{
		{"no symptom", url.Values{"token": {token}}, nil, 400},
		{"a symptom that is not offered", url.Values{"token": {token}, "symptom": {"blocked"}}, nil, 400},
		{"a field twice", url.Values{"token": {token}, "symptom": {"slow", "ok"}}, nil, 400},
		{"5 KiB", url.Values{"token": {token}, "symptom": {"slow"}, "x": {strings.Repeat("x", 5<<10)}}, nil, 413},
		{"plain text", url.Values{"token": {token}, "symptom": {"slow"}}, []string{"Content-Type", "text/plain"}, 415},
		{"no type", url.Values{"token": {token}, "symptom": {"slow"}}, []string{"Content-Type", "-"}, 415},
		{"JSON", url.Values{"token": {token}, "symptom": {"slow"}}, []string{"Content-Type", "application/json"}, 415},
	}
	for _, c := range cases {
		if rec := send(h, c.form, c.header...); rec.Code != c.status || len(w.reports) > 0 {
			t.Errorf("%s: %d, want %d; %d reports", c.name, rec.Code, c.status, len(w.reports))
		}
	}
	// A token in the address is none.
	r := httptest.NewRequest(http.MethodPost, "https://faultline.example/site/reddit.com/report?symptom=slow&token="+
		token, strings.NewReader("symptom=slow"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	rec := httptest.NewRecorder()
	if h.ServeHTTP(rec, r); rec.Code != http.StatusForbidden || len(w.reports) > 0 {
		t.Errorf("token in the address: %d", rec.Code)
	}
}

func TestWithoutAKeyThereIsNoForm(t *testing.T) {
	w := newWorld()
	for name, keys := range map[string]web.Keys{"away": failing{}, "short": short{}} {
		cfg := w.config()
		cfg.Keys = keys
		h := serve(t, cfg)
		if rec := get(h, "/site/reddit.com"); rec.Code != http.StatusOK ||
			!strings.Contains(text(t, rec.Body.String()), "Reports can’t be taken just now.") ||
			strings.Contains(rec.Body.String(), "<fieldset") {
			t.Errorf("%s: %d", name, rec.Code)
		}
		if rec := send(h, url.Values{"token": {tokenOf(t, serve(t, w.config()), "reddit.com")},
			"symptom": {"slow"}}); rec.Code < 500 || len(w.reports) > 0 {
			t.Errorf("%s: a report is answered with %d", name, rec.Code)
		}
	}
}

// TestWhoIsRefusedIsTold: what a limit in front of the pages refuses is a page
// too, in the reader's language, and its address leads back to the form.
func TestWhoIsRefusedIsTold(t *testing.T) {
	w := newWorld()
	pages, err := web.New(w.config())
	if err != nil {
		t.Fatal(err)
	}
	e := gin.New()
	e.Use(func(c *gin.Context) {
		if c.Request.Method == http.MethodPost {
			c.Writer.Header().Set("Retry-After", "17")
			pages.Refuse(c, http.StatusTooManyRequests)
		}
	})
	pages.Routes(e)
	for language, want := range map[string]string{"en": "Try again in 17 seconds", "de": "in 17 Sekunden",
		"fr": "dans 17 secondes", "es": "en 17 segundos"} {
		rec := send(e, url.Values{"symptom": {"slow"}}, "Accept-Language", language)
		seen := text(t, rec.Body.String())
		if rec.Code != http.StatusTooManyRequests || !strings.Contains(seen, want) ||
			!strings.Contains(rec.Body.String(), `href="/site/reddit.com"`) ||
			rec.Header().Get("Retry-After") != "17" || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v: %s", language, rec.Code, rec.Header(), seen)
		}
	}
	if len(w.reports) != 0 {
		t.Errorf("handed on: %s", w.reports)
	}
	if rec := get(e, "/site/reddit.com/report?lang=de"); rec.Code != http.StatusSeeOther ||
		rec.Header().Get("Location") != "/site/reddit.com?lang=de#report" {
		t.Errorf("%d to %q", rec.Code, rec.Header().Get("Location"))
	}
}

// A site's page answers first, takes a report with one tap before it explains anything,
// and says after that how many reported it and what is done about it.
func TestTheFormStandsBeforeTheExplanation(t *testing.T) {
	h := serve(t, newWorld().config())
	inOrder(t, text(t, get(h, "/site/reddit.com").Body.String()), "Yes: reddit.com is failing, and it is not just you.",
		"Report a problem with reddit.com", "It works for me", "Say what you see (optional)", "Keeps loading",
		"Its CDN, Fastly, is failing.", "28 of 30 probes failed")
	inOrder(
		t,
		text(t, get(h, "/site/reddit.com?reported=1").Body.String()),
		"There were 812 reports of reddit.com",
		"What we are doing about it",
		"In the last 10 minutes 28 of 30 probes failed.",
		"We follow it as part of this incident",
		"Report again",
	)
	w := newWorld()
	w.view.Vantages, w.view.SitesObserved = 0, 0
	said := text(t, get(serve(t, w.config()), "/site/quiet.example.org?reported=1").Body.String())
	inOrder(t, said, "What we are doing about it", "No probe of ours is running just now")
	if strings.Contains(said, "Our probes check") {
		t.Error("probes are promised while none is running")
	}
}

// inOrder fails the test unless a text says some things one after the other.
func inOrder(t *testing.T, said string, wants ...string) {
	t.Helper()
	rest := said
	for _, want := range wants {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Errorf("%q does not follow in %.1500s", want, said)
			return
		}
		rest = after
	}
}
