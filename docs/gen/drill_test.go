package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"faultline"
	"faultline/api"
	"faultline/api/token"
)

// more are requests besides those whose answers are examples.
var more = []ask{
	{operation: "postMCP", path: "/mcp", media: mediaJSON, body: oneQuestion, forged: true, status: 401},
	{operation: "getSite", path: "/v1/sites/not%20a%20name", status: 400},
	{operation: "getIncidents", path: "/v1/incidents?state=resolved", status: 200},
	{operation: "getIncidents",
		path: "/v1/incidents?cause=cdn:fastly&kind=cdn&site=bbc.co.uk&country=GB&min_confidence=0.5", status: 200},
	{operation: "getIncidents",
		path:   "/v1/incidents?since=2021-06-08T09:00:00Z&until=1623150000&overlapping=true&fields=title,state",
		status: 200},
	{operation: "getStream", path: "/v1/stream?last_event_id=1-1", status: 200}, // not kept: a reset
	{operation: "getMetrics", path: "/metrics", status: 200},
	{operation: "getOpenAPI", path: "/openapi.json", status: 200},
	{operation: "getOpenAPIYAML", path: "/openapi.yaml", status: 200},
	{operation: "getSchema", path: "/schemas/webhook.schema.json", status: 200},
	{operation: "redirectDocs", path: "/docs", status: 301},
	{operation: "getDocs", path: "/docs/", status: 200},
	{operation: "getDocsFile", path: "/docs/init.js", status: 200},
	{operation: "getDocsFile", path: "/docs/page.css", status: 200},
	{operation: "getDocsFile", path: "/docs/LICENSE", status: 200},
	{operation: "postReport", path: "/v1/reports", status: 202, media: mediaJSON, body: `{"site":"wikipedia.org"}`},
	{operation: "postProbes", path: "/v1/probes", status: 202, scope: token.ScopeProbes, media: mediaJSON,
		body: `[{"type":"probe","at":"2021-06-08T10:04:57Z","site":"bbc.co.uk","symptom":"ok","new":1}]`},
}

// Every answer that is documented is given, and every answer that is given is as
// documented, to the last member.
func TestLiveAnswersAreAsDocumented(t *testing.T) {
	doc := strictDocument(t)
	d := playedDrill(t)
	// A drill has no address for operators: the tests of package node get this one.
	// It notifies browsers: the tests of package api get what another node answers.
	seen := map[string]bool{"getMetrics 404": true, "getPush 404": true, "postPush 404": true, "deletePush 404": true}
	check := func(a ask, header http.Header) answer {
		t.Helper()
		r := d.request(t.Context(), a)
		for name := range header {
			r.Header.Set(name, header.Get(name))
		}
		got := d.send(r, a.cold)
		if got.status != a.status {
			t.Errorf("%s %s: %d %.300s, want %d", a.operation, r.URL, got.status, got.body, a.status)
		}
		checkAnswer(t, operation(t, doc, a.operation), r, a.body, false, got)
		seen[fmt.Sprint(a.operation, " ", got.status)] = true
		return got
	}
	silent := ask{operation: "getSite", path: "/v1/sites/" + silentSite(t, d), status: 200}
	for _, a := range slices.Concat(asks(), refusedReads(), more, ended, keysEnded, pushEnded, []ask{silent}) {
		got := check(a, nil)
		if etag := got.header.Get("ETag"); etag != "" {
			a.status = http.StatusNotModified
			check(a, http.Header{"If-None-Match": {etag}})
		}
	}
	for _, want := range documented(doc) {
		if !seen[want] {
			t.Errorf("%s is documented, and no request of this test got it", want)
		}
	}
}

// silentSite is a site of the map that nobody has said anything about.
func silentSite(t *testing.T, d *drill) string {
	t.Helper()
	for site := range d.records {
		if !slices.ContainsFunc(d.source.view.Sites, func(s faultline.SiteStatus) bool { return s.Site == site }) {
			return site
		}
	}
	t.Fatal("something was said of every site")
	return ""
}

// documented lists every operation with every status.
func documented(doc *openapi3.T) []string {
	var all []string
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for status := range op.Responses.Map() {
				all = append(all, op.OperationID+" "+status)
			}
		}
	}
	return all
}

// The recorded examples are of the drill as it goes today. Counts may differ in
// the last digit between processors; what was found may not.
func TestExamplesAreOfTheDrill(t *testing.T) {
	d := playedDrill(t)
	recorded := decodeStrictly[api.IncidentAnswer](t, read(t, filepath.Join("..", examplesDir, "getIncident.200.json")))
	got, err := d.source.Incident(t.Context(), d.source.ids[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	if recorded.Title != got.Title || recorded.Cause == nil || got.Cause == nil ||
		recorded.Cause.Component != got.Cause.Component ||
		recorded.State != got.State || !recorded.Drill {
		t.Errorf("recorded %q (%s), today %q (%s): run make docs", recorded.Title, recorded.State, got.Title, got.State)
	}
}

// playedDrill plays the drill and serves it.
func playedDrill(t *testing.T) *drill {
	t.Helper()
	d, err := fold(drillName, drillMoment)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.source.ids) != 1 {
		t.Fatalf("%d incidents: %v", len(d.source.ids), d.source.ids)
	}
	if err := d.serve(t.Context(), filepath.Join(t.TempDir(), "keys")); err != nil {
		t.Fatal(err)
	}
	return d
}
