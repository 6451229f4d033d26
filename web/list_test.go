package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"faultline"
)

// Lists to browse are filtered and paged, and call nothing well that nobody observes.
func TestListsToBrowse(t *testing.T) {
	w := newWorld()
	for i := range 120 {
		w.view.Sites = append(w.view.Sites, faultline.SiteStatus{Site: fmt.Sprintf("site%03d.example", i),
			State: faultline.SiteDown, Probes: 30, ProbesFailed: 30, Components: []faultline.Component{"cdn:fastly"}})
	}
	cfg := w.config()
	cfg.Components = func() []faultline.Component {
		return []faultline.Component{"cdn:fastly", "dns:dyn", "cloud:aws/us-east-1"}
	}
	h := serve(t, cfg)
	inOrder(
		t,
		text(t, get(h, "/sites").Body.String()),
		"reddit.com Down",
		"28 of 30 probes failed",
		"1 to 50 of 122",
		"More",
	)
	inOrder(t, text(t, get(h, "/sites?q=site11&page=1").Body.String()), "site110.example", "1 to 10 of 10")
	inOrder(t, text(t, get(h, "/sites?page=3").Body.String()), "101 to 122 of 122", "Earlier")
	inOrder(t, text(t, get(h, "/sites?q=%22%3E%3Cb%3E&page=x").Body.String()), "Nothing here matches.")
	inOrder(t, text(t, get(h, "/components").Body.String()), "Fastly CDN Failing", "Not known", "AWS us-east-1")
	if said := text(t, get(h, "/components?kind=dns").Body.String()); strings.Contains(said, "Fastly") {
		t.Error("a kind does not leave out the others")
	}
	inOrder(t, text(t, get(h, "/providers?q=fast").Body.String()), "Fastly Failing", "1 to 1 of 1")
	w.view.Vantages, w.view.SitesObserved = 0, 0
	h = serve(t, cfg)
	for _, path := range []string{"/sites", "/components", "/providers", "/"} {
		rec := get(h, path)
		if said := text(t, rec.Body.String()); rec.Code != http.StatusOK || strings.Contains(said, "No fault seen") ||
			strings.Contains(said, " Works ") {
			t.Errorf("%s calls something well while nothing observes: %.800s", path, said)
		}
	}
}

// Of several incidents the largest is the headline, the others a table in order of reach,
// and what recovers stands apart.
func TestSeveralIncidentsAreATable(t *testing.T) {
	w := newWorld()
	small, back := fastly(1), fastly(2)
	small.ID, small.Title = "inc_small", "Sites on Small, timeouts, began ~09:47 UTC"
	back.ID, back.Title, back.State = "inc_back", "Sites on Back, timeouts, began ~09:47 UTC", faultline.StateRecovering
	w.incidents = append(w.incidents, []faultline.Incident{back}, []faultline.Incident{small})
	h := serve(t, w.config())
	inOrder(
		t,
		text(t, get(h, "/").Body.String()),
		"131 of 140 sites on Fastly are failing",
		"Also failing",
		"Sites on Small",
		"10 of 140",
		"Recovering",
		"Sites on Back",
		"Reports rising",
	)
	inOrder(t, text(t, get(h, "/embed/now").Body.String()), "131 of 140", "Sites on Small", "Sites on Back")
	w.incidents = [][]faultline.Incident{{over()}}
	w.incidents[0][0].UpdatedAt = clock("2021-06-01T00:00:00Z")
	inOrder(
		t,
		text(t, get(serve(t, w.config()), "/").Body.String()),
		"Updated at",
		"The last incident",
		"Sites on AWS us-east-1",
	)
}
