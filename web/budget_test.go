package web_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/pace"
)

const (
	pageBudget   = 30 << 10 // as sent: one page with its style, and the scripts that it loads
	listBudget   = 20 << 10 // of a page that lists things, likewise
	widgetBudget = 20 << 10
	firstByte    = 100 * time.Millisecond
)

// lists are pages of names, which need less than one with charts.
var lists = []string{"/components", "/providers", "/sites", "/developers", "/about", "/archive"}

// large is a world in the middle of an outage of 5,000 sites, long enough to have
// many revisions.
func large() *world {
	w := newWorld()
	w.incidents[1] = nil
	var sites []faultline.IncidentSite
	for i := range 5_000 {
		sites = append(sites, faultline.IncidentSite{Site: fmt.Sprintf("site-%04d-%x.example", i, i*7919%65536),
			State: siteStatesOf[i%4], Symptom: "http_503",
			Onset: clock("2021-06-08T09:47:18Z").Add(time.Duration(i) * time.Second), Reports: i * 37 % 1999,
			Probes: i % 150, ProbesFailed: i % 100})
	}
	for n := 1; n <= 300; n++ {
		inc := fastly(3)
		inc.Revision, inc.UpdatedAt = n, clock("2021-06-08T09:47:40Z").Add(time.Duration(n)*7*time.Second)
		inc.Impact.Failing, inc.Impact.Observed, inc.Impact.PeakFailing = 16*n+n%7, 5_000, 4_900
		inc.Sites, inc.SitesTotal = sites, len(sites)
		w.incidents[1] = append(w.incidents[1], inc)
	}
	for _, s := range sites {
		w.view.Sites = append(w.view.Sites, faultline.SiteStatus{Site: s.Site, State: s.State, Symptom: s.Symptom,
			Components: []faultline.Component{"cdn:fastly"},
			Reports:    s.Reports, Probes: s.Probes, ProbesFailed: s.ProbesFailed, Incidents: []string{outage}})
	}
	return w
}

var siteStatesOf = []faultline.SiteState{faultline.SiteDown, faultline.SiteDegraded, faultline.SiteRecovered,
	faultline.SiteUnknown}

func TestPagesOfALargeOutageKeepTheirBudget(t *testing.T) {
	w := large()
	cfg := w.config()
	cfg.Series, cfg.Verdicts, cfg.Notifies = someSeries{}, someVerdict{}, true
	cfg.Dependents = func(_ faultline.Component, limit int) (names []string) {
		for i := range limit {
			names = append(names, w.incidents[1][0].Sites[i].Site)
		}
		return names
	}
	h := serve(t, cfg)
	server := httptest.NewServer(h)
	defer server.Close()
	for _, path := range everyPage {
		budget := pageBudget
		if strings.HasPrefix(path, "/embed/") {
			budget = widgetBudget
		}
		if slices.ContainsFunc(lists, func(list string) bool { return strings.HasPrefix(path, list) }) {
			budget = listBudget
		}
		answer, small, cold := fetch(t, server.URL+path)
		_, _, warm := fetch(t, server.URL+path)
		for range 4 { // what a page costs is its quickest answer: the rest is other processes
			_, _, again := fetch(t, server.URL+path)
			warm = min(warm, again)
		}
		if warm > pace.Scale(firstByte) {
			t.Errorf("%s: the first byte comes after %s", path, warm)
		}
		weight := len(small) + scripts(t, h, get(h, path).Body.String())
		if weight > budget {
			t.Errorf("%s weighs %d bytes, more than %d", path, weight, budget)
		}
		if answer.StatusCode == http.StatusOK && answer.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s is not compressed", path)
		}
		t.Logf("%-70s %6d bytes, first byte after %s, %s once rendered", path, weight, cold.Round(time.Millisecond),
			warm.Round(time.Millisecond/10))
	}
	for _, name := range []string{"live", "frame", "take", "embed", "stack", "key", "notify", "sw"} {
		if weight := compressed(t, get(h, "/static/"+name+".x.js").Body.Bytes()); weight > 4<<10 {
			t.Errorf("%s.js weighs %d bytes", name, weight)
		}
	}
}

// loaded finds the scripts that a page loads.
var loaded = regexp.MustCompile(`<script[^>]* src="(/[^"]+)"`)

// scripts is what the scripts of a page weigh as they are sent.
func scripts(t *testing.T, h http.Handler, body string) (weight int) {
	t.Helper()
	for _, found := range loaded.FindAllStringSubmatch(body, -1) {
		weight += compressed(t, get(h, found[1]).Body.Bytes())
	}
	return weight
}

// compressed is what something weighs as it is sent.
func compressed(t *testing.T, body []byte) int {
	t.Helper()
	var weight countingWriter
	z := gzip.NewWriter(&weight)
	if _, err := z.Write(body); err != nil {
		t.Fatal(err)
	}
	z.Close()
	return int(weight)
}

// fetch reads a page as a browser does, and says when its first byte came.
func fetch(t *testing.T, address string) (answer *http.Response, body []byte, took time.Duration) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	sent := time.Now()
	answer, err = http.DefaultTransport.RoundTrip(r)
	took = time.Since(sent)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err = io.ReadAll(answer.Body); err != nil {
		t.Fatal(err)
	}
	return answer, body, took
}

type countingWriter int

func (c *countingWriter) Write(p []byte) (int, error) {
	*c += countingWriter(len(p))
	return len(p), nil
}
