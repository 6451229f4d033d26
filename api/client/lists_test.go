package client_test

import (
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faultline"
	"faultline/api/client"
)

// exampleOf are the addresses at which the examples of the document are served.
var exampleOf = map[string]string{
	"/v1/sites": "getSites", "/v1/components": "getComponents", "/v1/providers": "getProviders",
	"/v1/incidents/inc_1/revisions": "getIncidentRevisions", "/v1/incidents/inc_1/sites": "getIncidentSites",
	"/v1/components/cdn/fastly": "getComponent", "/v1/providers/fastly": "getProvider", "/v1/stack": "getStack",
	"/v1/scorecard": "getScorecard", "/v1/reports": "postReport", "/v1/keys/challenge": "postKeyChallenge",
}

// serveExamples answers as the document has it. A second page of a list is empty.
func serveExamples(t *testing.T) *client.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, status := exampleOf[r.URL.Path], http.StatusOK
		switch {
		case r.URL.Query().Has("cursor"):
			fmt.Fprintf(w, `{"sites":[],"components":[],"providers":[],"revisions":[],"next":null}`)
			return
		case name == "postReport":
			status = http.StatusAccepted
		case name == "postKeyChallenge":
			status = http.StatusCreated
		}
		body, err := os.ReadFile(filepath.Join("..", "..", "docs", "examples", fmt.Sprintf("%s.%d.json", name, status)))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	c, err := client.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// named counts the items of a list that have a name.
func named[T any](t *testing.T, list iter.Seq2[T, error], name func(T) string) (n int) {
	t.Helper()
	for item, err := range list {
		if err != nil {
			t.Fatal(err)
		}
		if name(item) == "" {
			t.Errorf("no name: %+v", item)
		}
		n++
	}
	return n
}

// The client reads the answers that the document shows.
func TestClientReadsTheExamplesOfTheDocument(t *testing.T) {
	c, ctx := serveExamples(t), t.Context()
	for kind, n := range map[string]int{
		"sites": named(t, c.Sites(ctx, url.Values{"q": {"b"}}), func(s faultline.SiteStatus) string {
			return s.Site
		}),
		"components": named(t, c.Components(ctx, nil), func(o client.Component) string {
			return o.Name
		}),
		"providers": named(t, c.Providers(ctx, nil), func(p client.Provider) string { return p.Slug }),
		"revisions": named(t, c.Revisions(ctx, "inc_1"), func(r client.Revision) string { return r.Title }),
	} {
		if n == 0 {
			t.Errorf("no %s", kind)
		}
	}
	if sites, err := c.IncidentSites(ctx, "inc_1"); err != nil || len(sites) == 0 || sites[0].Site == "" {
		t.Errorf("sites of an incident: %v, %v", sites, err)
	}
	if o, err := c.Component(ctx, "cdn:fastly"); err != nil || o.SitesTotal == 0 || o.State == "" {
		t.Errorf("component: %+v, %v", o, err)
	}
	if p, err := c.Provider(ctx, "fastly"); err != nil || p.Name == "" || len(p.Components) == 0 {
		t.Errorf("provider: %+v, %v", p, err)
	}
	if s, err := c.Stack(ctx, "bbc.co.uk", "cdn:fastly"); err != nil || s.Verdict.Sentence == "" ||
		len(s.Things) == 0 || s.Things[0].Name == "" {
		t.Errorf("stack: %+v, %v", s, err)
	}
	if r, err := c.Report(ctx, "bbc.co.uk", "http_503"); err != nil || r.Site == "" {
		t.Errorf("report: %+v, %v", r, err)
	}
	var work struct{ Prefix string }
	if err := c.Send(ctx, http.MethodPost, "/v1/keys/challenge", struct{}{}, http.StatusCreated, &work); err != nil ||
		work.Prefix == "" {
		t.Errorf("challenge: %+v, %v", work, err)
	}
	var card map[string]any
	if err := c.Get(ctx, "/v1/scorecard", nil, &card); err != nil || card["meta"] == nil {
		t.Errorf("scorecard: %v, %v", card, err)
	}
	for _, err := range c.Sites(ctx, url.Values{"cursor": {"x"}}) {
		t.Errorf("an empty page has something, or %v", err)
	}
	if _, err := c.Provider(ctx, "nobody"); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("of nobody: %v", err)
	}
}
