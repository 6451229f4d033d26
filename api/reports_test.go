package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

func report(body string) request {
	return request{method: http.MethodPost, path: "/v1/reports", body: body,
		header: map[string]string{"Content-Type": "application/json"}}
}

func TestReportIsAcknowledged(t *testing.T) {
	n := newNode(t, func(_ *Config, b *board.Config, _ *stream.Config) { b.PublicURL = "https://faultline.example" })
	inc := incident(1, 1, 3)
	n.source.Publish(inc)
	candidate := incident(2, 1, 3)
	candidate.State = faultline.StateCandidate
	n.source.Publish(candidate)
	n.run()
	n.show(faultline.View{AsOf: t0, Sites: []faultline.SiteStatus{
		{Site: "bbc.co.uk", State: faultline.SiteDown, Reports: 812, Incidents: []string{candidate.ID, inc.ID}}}})

	w := n.do(report(`{"site":"BBC.co.uk","symptom":"http_503"}`))
	if w.Code != http.StatusAccepted {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	got := decode[ReportAnswer](t, w.Body)
	if got.Site != "bbc.co.uk" || !got.Counted || !got.Durable || got.Reports != 812 || !got.At.Equal(t0) {
		t.Errorf("got %+v", got)
	}
	if got.Incident == nil || got.Incident.ID != inc.ID ||
		got.Incident.URL != "https://faultline.example/v1/incidents/"+inc.ID {
		t.Errorf("incident %+v, want the confirmed one", got.Incident)
	}
	if n.door.reports[0] != [2]string{"BBC.co.uk", "http_503"} || n.door.addrs[0] != netip.MustParseAddr("192.0.2.77") {
		t.Errorf("the door was told %v from %v", n.door.reports, n.door.addrs)
	}

	n.door.receipt.Counted = false // a repeat: one of the 812 is the reporter's own
	if got := decode[ReportAnswer](t, n.do(report(`{"site":"bbc.co.uk"}`)).Body); got.Reports != 811 || got.Counted {
		t.Errorf("repeat: %+v", got)
	}
	w = n.do(report(`{"site":"other.example"}`))
	if !strings.Contains(w.Body.String(), `"incident":null`) || !strings.Contains(w.Body.String(), `"reports":0`) {
		t.Errorf("a quiet site: %s", w.Body)
	}
}

// Reports are taken before anything is known of incidents: the door is open
// while the board still loads.
func TestReportBeforeBoardLoads(t *testing.T) {
	n := newNode(t)
	if w := n.do(report(`{"site":"bbc.co.uk"}`)); w.Code != http.StatusAccepted {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
}

func TestReportRefusesBadBodies(t *testing.T) {
	deep := strings.Repeat("[", 2000) + strings.Repeat("]", 2000)
	for _, test := range []struct{ body, pointer string }{
		{``, ""},
		{` `, ""},
		{`null`, "/site"},
		{`true`, ""},
		{`7`, ""},
		{`"bbc.co.uk"`, ""},
		{`[]`, ""},
		{`[{"site":"bbc.co.uk"}]`, ""},
		{`{}`, "/site"},
		{`{"site":""}`, "/site"},
		{`{"site":null}`, "/site"},
		{`{"site":7}`, "/site"},
		{`{"site":true}`, "/site"},
		{`{"site":["bbc.co.uk"]}`, "/site"},
		{`{"site":{"site":"bbc.co.uk"}}`, "/site"},
		{`{"site":"bbc.co.uk","symptom":503}`, "/symptom"},
		{`{"site":"bbc.co.uk","symptom":[]}`, "/symptom"},
		{`{"Site":"bbc.co.uk"}`, "/Site"},
		{`{"SITE":"bbc.co.uk"}`, "/SITE"},
		{`{"site":"bbc.co.uk","Symptom":"dns"}`, "/Symptom"},
		{`{"site":"bbc.co.uk","at":"2021-06-08T09:51:03Z"}`, "/at"},
		{`{"site":"bbc.co.uk","reporter":"x"}`, "/reporter"},
		{`{"site":"bbc.co.uk","":""}`, "/"},
		{`{"site":"bbc.co.uk","a/b~c":1}`, "/a~1b~0c"},
		{`{"site":"bbc.co.uk","site":"ft.com"}`, "/site"},
		{`{"site":"bbc.co.uk","s\u0069te":"ft.com"}`, "/site"},
		{`{"site":"bbc.co.uk","symptom":"dns","symptom":"dns"}`, "/symptom"},
		{`{"site":"bbc.co.uk"}{"site":"ft.com"}`, ""},
		{`{"site":"bbc.co.uk"} x`, ""},
		{`{"site":"bbc.co.uk"}]`, ""},
		{`{"site":"bbc.co.uk",}`, ""},
		{`{"site":"bbc.co.uk"`, ""},
		{`{"site":"bbc.co.uk`, ""},
		{`{'site':'bbc.co.uk'}`, ""},
		{`{site:"bbc.co.uk"}`, ""},
		{`{"site":"bbc.co.uk"/*c*/}`, ""},
		{"{\"site\":\"bbc.\xff.uk\"}", "/site"},
		{"{\"site\":\"bbc\n.co.uk\"}", "/site"},
		{`{"site":"\ud800.co.uk"}`, "/site"},
		{`{"site":"bbc.co.uk","symptom":1e400}`, "/symptom"},
		{`{"site":` + deep[:4000] + `}`, "/site"},
		{`{"site":"not a name"}`, "/site"},
		{`NaN`, ""},
		{`site=bbc.co.uk`, ""},
	} {
		n := newNode(t)
		p := wantProblem(t, n.do(report(test.body)), http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Detail == "" || p.Errors[0].Pointer != test.pointer && test.pointer != "" {
			t.Errorf("%.60q: errors %+v, want pointer %q", test.body, p.Errors, test.pointer)
		}
		if n.door.said() != 0 {
			t.Errorf("%.60q: reached the door", test.body)
		}
	}
}

func TestReportRefusesWhatItDoesNotRead(t *testing.T) {
	good := `{"site":"bbc.co.uk"}`
	for _, test := range []struct {
		name   string
		change func(*request)
		status int
	}{
		{"too large", func(r *request) { r.body = `{"site":"` + strings.Repeat("a", maxReportBody) + `"}` }, 413},
		{"too large by blanks", func(r *request) { r.body += strings.Repeat(" ", maxReportBody) }, 413},
		{"gzip that is none", func(r *request) { r.header["Content-Encoding"] = "gzip" }, 400},
		{"zstd, not gzip", func(r *request) { r.header["Content-Encoding"] = "zstd" }, 415},
		{"no type", func(r *request) { delete(r.header, "Content-Type") }, 415},
		{"form", func(r *request) { r.header["Content-Type"] = "application/x-www-form-urlencoded" }, 415},
		{"plain text", func(r *request) { r.header["Content-Type"] = "text/plain" }, 415},
		{"NDJSON", func(r *request) { r.header["Content-Type"] = "application/x-ndjson" }, 415},
		{"latin-1", func(r *request) { r.header["Content-Type"] = "application/json; charset=latin1" }, 415},
		{"malformed type", func(r *request) { r.header["Content-Type"] = "application/json; charset" }, 415},
		{"query", func(r *request) { r.path += "?site=bbc.co.uk" }, 400},
	} {
		n := newNode(t)
		r := report(good)
		test.change(&r)
		w := n.do(r)
		if w.Code != test.status {
			t.Errorf("%s: got %d %s, want %d", test.name, w.Code, w.Body, test.status)
			continue
		}
		wantProblem(t, w, test.status)
		if test.status == 415 && !strings.Contains(test.name, "gzip") &&
			w.Header().Get("Accept") != "application/json" {
			t.Errorf("%s: does not say what it takes", test.name)
		}
		if n.door.said() != 0 {
			t.Errorf("%s: reached the door", test.name)
		}
	}
	n := newNode(t)
	r := report(good)
	r.header["Content-Type"] = `application/json; charset="UTF-8"`
	r.header["Content-Encoding"] = "identity"
	if w := n.do(r); w.Code != http.StatusAccepted {
		t.Errorf("the good one: %d %s", w.Code, w.Body)
	}
}

func TestReportWhenTheLogIsGone(t *testing.T) {
	n := newNode(t)
	n.door.err = fmt.Errorf("append: %w", faultline.ErrUnavailable)
	waits := map[string]bool{}
	for range 100 {
		w := n.do(report(`{"site":"bbc.co.uk"}`))
		wantProblem(t, w, http.StatusServiceUnavailable)
		s, err := strconv.Atoi(w.Header().Get("Retry-After"))
		if err != nil || s < retryAtLeast || s > retryAtMost {
			t.Fatalf("Retry-After %q", w.Header().Get("Retry-After"))
		}
		waits[w.Header().Get("Retry-After")] = true
	}
	if len(waits) < 2 {
		t.Error("everybody is told to come back at the same time")
	}
	if lines := strings.Count(n.logs.String(), "request failed"); lines != 1 {
		t.Errorf("%d log lines within one second, want 1", lines)
	}
	n.door.err = errors.New("a secret of ours")
	w := n.do(report(`{"site":"bbc.co.uk"}`))
	if p := wantProblem(t, w, http.StatusInternalServerError); strings.Contains(p.Detail, "secret") {
		t.Error("the answer tells what only the log should")
	}
	if !strings.Contains(n.logs.String(), "a secret of ours") {
		t.Error("the log does not tell what went wrong")
	}
}

// The client's address is the peer's unless the peer is a trusted proxy, and
// then the last hop that is not one.
func TestClientAddress(t *testing.T) {
	trust := func(c *Config, _ *board.Config, _ *stream.Config) {
		c.TrustedProxies = []string{"127.0.0.1", "10.0.0.0/8"}
	}
	for _, test := range []struct {
		name, remote, forwarded, want string
		trusted                       bool
	}{
		{"no proxy", "192.0.2.1:1", "", "192.0.2.1", false},
		{"spoof without a proxy", "192.0.2.1:1", "198.51.100.9", "192.0.2.1", false},
		{"spoof from loopback without a proxy", "127.0.0.1:1", "198.51.100.9", "127.0.0.1", false},
		{"spoof past a proxy", "192.0.2.1:1", "198.51.100.9", "192.0.2.1", true},
		{"by the proxy", "127.0.0.1:1", "198.51.100.9", "198.51.100.9", true},
		{"spoof through the proxy", "127.0.0.1:1", "203.0.113.5, 198.51.100.9", "198.51.100.9", true},
		{"spoof of a trusted hop", "127.0.0.1:1", "203.0.113.5, 198.51.100.9, 10.1.2.3", "198.51.100.9", true},
		{"nonsense through the proxy", "127.0.0.1:1", "unknown, 198.51.100.9", "198.51.100.9", true},
		{"nonsense last", "127.0.0.1:1", "198.51.100.9, unknown", "127.0.0.1", true},
		{"IPv6", "[2001:db8::7]:1", "", "2001:db8::7", false},
		{"IPv6 by the proxy", "127.0.0.1:1", "2001:db8::8", "2001:db8::8", true},
		{"link-local", "[fe80::7%eth0]:1", "203.0.113.5", "fe80::7", true},
		{"mapped", "[::ffff:192.0.2.1]:1", "", "192.0.2.1", false},
	} {
		n := newNode(t)
		if test.trusted {
			n = newNode(t, trust)
		}
		r := report(`{"site":"bbc.co.uk"}`)
		r.remote = test.remote
		if test.forwarded != "" {
			r.header["X-Forwarded-For"] = test.forwarded
		}
		r.header["X-Real-Ip"] = "203.0.113.200"
		r.header["Forwarded"] = "for=203.0.113.201"
		r.header["True-Client-Ip"] = "203.0.113.202"
		if w := n.do(r); w.Code != http.StatusAccepted {
			t.Fatalf("%s: %d %s", test.name, w.Code, w.Body)
		}
		if got := n.door.addrs[0]; got != netip.MustParseAddr(test.want) {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
	n := newNode(t)
	r := report(`{"site":"bbc.co.uk"}`)
	r.remote = "@"
	wantProblem(t, n.do(r), http.StatusBadRequest)
}

// A receipt says since when: by the incident or, without one, by the first of the
// others' reports; who is the first hears of nobody.
func TestReceiptSaysSinceWhen(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	inc := incident(1, 1, 3)
	inc.State = faultline.StateConfirmed
	n.source.Publish(inc)
	n.run()
	n.await(inc)
	first := t0.Add(-4 * time.Minute)
	n.show(faultline.View{AsOf: t0, Sites: []faultline.SiteStatus{
		{Site: "a.example", Reports: 7, FirstReportAt: &first},
		{Site: "b.example", Reports: 7, FirstReportAt: &first, Incidents: []string{inc.ID}},
		{Site: "c.example", Reports: 0},
	}})
	for site, want := range map[string]*time.Time{"a.example": &first, "b.example": &inc.Onset.At, "c.example": nil} {
		w := n.do(request{method: http.MethodPost, path: "/v1/reports", body: `{"site":"` + site + `"}`,
			header: map[string]string{"Content-Type": "application/json"}})
		got := decode[ReportAnswer](t, w.Body).Since
		if (got == nil) != (want == nil) || got != nil && !got.Equal(*want) {
			t.Errorf("%s: since %v, want %v", site, got, want)
		}
	}
}
