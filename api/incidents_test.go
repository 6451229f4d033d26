package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"faultline"
)

// shape writes down the members of a JSON value and their kinds.
func shape(prefix string, v any, into map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		for k, m := range v {
			shape(prefix+"/"+k, m, into)
		}
	case []any:
		into[prefix] = "array"
		for _, m := range v {
			shape(prefix+"/*", m, into)
		}
	case nil:
		into[prefix] = "null"
	default:
		into[prefix] = fmt.Sprintf("%T", v)
	}
}

// The body of an incident has the members of the published example, no fewer,
// and no others but those that extend it.
func TestIncidentHasThePublishedShape(t *testing.T) {
	text, err := os.ReadFile("testdata/incident.json")
	if err != nil {
		t.Fatal(err)
	}
	n := newNode(t)
	inc := incident(0, 1, 30)
	n.source.Publish(inc)
	n.run()
	w := n.get("/v1/incidents/" + inc.ID)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	var example, got any
	if err := errors.Join(json.Unmarshal(text, &example), json.Unmarshal(w.Body.Bytes(), &got)); err != nil {
		t.Fatal(err)
	}
	want, have := map[string]string{}, map[string]string{}
	shape("", example, want)
	shape("", got, have)
	for path, kind := range want {
		if have[path] != kind {
			t.Errorf("%s is %q, want %q", path, have[path], kind)
		}
		delete(have, path)
	}
	delete(have, "/cause/log_odds")
	for path := range have { // how old the answer is, in front of every one
		if strings.HasPrefix(path, "/meta/") {
			delete(have, path)
		}
	}
	if len(have) > 0 {
		t.Errorf("unknown to the example: %v", have)
	}
	body := decode[IncidentAnswer](t, w.Body)
	if len(body.Sites) != faultline.ListedSites || body.SitesTotal != 30 {
		t.Errorf("%d sites of %d, want the first %d", len(body.Sites), body.SitesTotal, faultline.ListedSites)
	}
}

// Whatever an incident leaves empty is an empty list, never null; only what the
// contract lets be null is.
func TestEmptyListsAreLists(t *testing.T) {
	n := newNode(t)
	inc := faultline.Incident{ID: "inc_EMPTY", Revision: 1, State: faultline.StateCandidate, Cause: &faultline.Cause{}}
	n.source.Publish(inc)
	n.run()
	body := n.get("/v1/incidents/inc_EMPTY").Body.String()
	for _, list := range []string{"alternatives", "countries", "isps", "pops", "symptoms", "sites", "exonerated",
		"statements"} {
		if !strings.Contains(body, `"`+list+`":[]`) {
			t.Errorf("%s is not [] in %s", list, body)
		}
	}
}

func TestMarkupIsEscaped(t *testing.T) {
	n := newNode(t)
	inc := incident(0, 1, 1)
	inc.Title = `</script><script>alert(1)</script>&`
	n.source.Publish(inc)
	n.run()
	for _, path := range []string{"/v1/incidents/" + inc.ID, "/v1/incidents", "/v1/summary",
		"/v1/incidents/" + inc.ID + "/revisions/1"} {
		if w := n.get(path); strings.ContainsAny(w.Body.String(), "<>&") || w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestSitesAndRevisions(t *testing.T) {
	n := newNode(t)
	old := incident(0, 1, 25)
	last := incident(0, 2, 30)
	n.source.Publish(old)
	n.source.Publish(last)
	n.run()
	base := "/v1/incidents/" + last.ID

	sites := decode[IncidentSites](t, n.get(base+"/sites").Body)
	if len(sites.Sites) != 30 || sites.SitesTotal != 30 || sites.Revision != 2 || sites.ID != last.ID {
		t.Errorf("sites: %d of %d at revision %d", len(sites.Sites), sites.SitesTotal, sites.Revision)
	}
	if asked := n.source.Count("incident"); asked != 0 {
		t.Errorf("the source was asked %d times for what the board holds", asked)
	}
	for revision, want := range map[int]int{1: 25, 2: 30} {
		w := n.get(fmt.Sprint(base, "/revisions/", revision))
		got := decode[IncidentAnswer](t, w.Body)
		if got.Revision != revision || len(got.Sites) != want {
			t.Errorf("revision %d: got %d with %d sites", revision, got.Revision, len(got.Sites))
		}
		if cc := w.Header().Get("Cache-Control"); !strings.Contains(cc, "immutable") ||
			!strings.Contains(cc, "max-age=31536000") {
			t.Errorf("revision %d: Cache-Control %q", revision, cc)
		}
	}
	// What the source says later than the board is told too.
	held := n.get(base + "/revisions/2").Header().Get("ETag")
	if w := n.do(request{path: base + "/revisions/2",
		header: map[string]string{"If-None-Match": held}}); w.Code != http.StatusNotModified {
		t.Errorf("a revision that the client has: %d", w.Code)
	}
	wantProblem(t, n.get(base+"/revisions/3"), http.StatusNotFound)
	for _, bad := range []string{"0", "-1", "+1", "01", "1.0", "x", "99999999999999999999", "1%20"} {
		p := wantProblem(t, n.get(base+"/revisions/"+bad), http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Parameter != "n" {
			t.Errorf("revision %q: %+v", bad, p.Errors)
		}
	}
}

// What the board has forgotten is read through the source, and only under ids
// that could be one.
func TestOlderIncidentsAreReadThrough(t *testing.T) {
	n := newNode(t)
	n.run()
	inc := incident(0, 1, 25)
	n.source.Mu.Lock()
	n.source.Revised[inc.ID] = []faultline.Incident{inc} // stored, but never told to this board
	n.source.Mu.Unlock()
	got := decode[IncidentAnswer](t, n.get("/v1/incidents/"+inc.ID).Body)
	if got.ID != inc.ID || len(got.Sites) != faultline.ListedSites {
		t.Errorf("got %s with %d sites", got.ID, len(got.Sites))
	}
	if got := decode[IncidentSites](t, n.get("/v1/incidents/"+inc.ID+"/sites").Body); len(got.Sites) != 25 {
		t.Errorf("got %d sites", len(got.Sites))
	}
	wantProblem(t, n.get("/v1/incidents/inc_NOBODY"), http.StatusNotFound)
	asked := n.source.Count("incident")
	for _, id := range []string{"x", "inc_", "inc_%2e%2e%2fx", "inc_a%20b", "inc_" + strings.Repeat("A", 41), "%00",
		"inc_A%0d%0aB", "é"} {
		wantProblem(t, n.get("/v1/incidents/"+id), http.StatusNotFound)
	}
	if n.source.Count("incident") != asked {
		t.Error("the source was asked for an id that can't be one")
	}
	n.source.Fail(fmt.Errorf("read: %w", faultline.ErrUnavailable))
	w := n.get("/v1/incidents/" + inc.ID)
	wantProblem(t, w, http.StatusServiceUnavailable)
	if w.Header().Get("Retry-After") == "" || w.Header().Get("ETag") != "" {
		t.Errorf("headers of a failure: %v", w.Header())
	}
}

func TestReadsBeforeTheBoardLoads(t *testing.T) {
	n := newNode(t)
	for _, path := range []string{"/v1/incidents", "/v1/incidents/inc_A", "/v1/incidents/inc_A/sites",
		"/v1/incidents/inc_A/revisions/1", "/v1/sites/bbc.co.uk", "/v1/summary", "/v1/stream"} {
		if w := n.get(path); w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", path)
		} else {
			wantProblem(t, w, http.StatusServiceUnavailable)
		}
	}
}
