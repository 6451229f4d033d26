package web_test

import (
	"strings"
	"testing"

	"faultline"

	"golang.org/x/net/html"
)

// manySites has an outage of many sites, two of them with names in other scripts.
func manySites() *world {
	w := newWorld()
	inc := fastly(3)
	inc.Sites = nil
	for i := range 70 {
		inc.Sites = append(inc.Sites, faultline.IncidentSite{Site: "shop" + string(rune('a'+i%26)) +
			string(rune('a'+i/26)) + ".example", State: faultline.SiteDown,
			Onset: clock("2021-06-08T09:47:18Z"), Reports: i})
	}
	inc.Sites[0].Site, inc.Sites[1].Site = "xn--e1afmkfd.xn--80akhbyknj4f", "xn--mgbh0fb.xn--kgbechtv"
	inc.SitesTotal = len(inc.Sites)
	w.incidents[1] = []faultline.Incident{inc}
	return w
}

// rowsShown are the sites of the table of an incident's page, as they are linked.
func rowsShown(t *testing.T, body string) (sites []string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "a" && n.Parent.Data == "th" {
			sites = append(sites, strings.TrimPrefix(attr(n, "href"), "/site/"))
		}
	}
	return sites
}

// A long table is filtered, sorted and paged by its address, without a script.
func TestTheTableOfSitesIsSearched(t *testing.T) {
	h := serve(t, manySites().config())
	page := "/incident/" + outage
	body := get(h, page).Body.String()
	if got := rowsShown(t, body); len(got) != 50 || !strings.Contains(body, `name="site"`) ||
		!strings.Contains(body, `<details id="all-sites">`) {
		t.Errorf("%d rows: %q", len(got), got)
	}
	for query, want := range map[string][]string{
		"?site=SHOPZA":                   {"shopza.example"},
		"?site=%D0%BF%D1%80%D0%B8%D0%BC": {"xn--e1afmkfd.xn--80akhbyknj4f"},
		"?site=nobody":                   nil,
		"?page=3&sort=nonsense":          nil,
	} {
		body := get(h, page+query).Body.String()
		if got := rowsShown(t, body); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
		if !strings.Contains(body, `<details id="all-sites" open>`) || !strings.Contains(body, `name="robots"`) {
			t.Errorf("%s: the table is closed, or the page is indexed", query)
		}
	}
	if got := rowsShown(t, get(h, page+"?sort=reports").Body.String()); got[0] != "shoprc.example" {
		t.Errorf("by reports: %q", got[:3])
	}
	if got := rowsShown(t, get(h, page+"?sort=site").Body.String()); got[0] != "shopab.example" {
		t.Errorf("by name: %q", got[:3])
	}
	if got := rowsShown(t, get(h, page+"?page=2&lang=de").Body.String()); len(got) != 20 {
		t.Errorf("%d rows on the second page", len(got))
	}
	few := get(serve(t, newWorld().config()), page).Body.String()
	if strings.Contains(few, `name="site"`) {
		t.Error("three sites can be searched")
	}
}

// A host is shown in its own script beside its ASCII form, and what runs from right to left
// is isolated.
func TestHostsInTheirOwnScript(t *testing.T) {
	h := serve(t, manySites().config())
	body := get(h, "/incident/"+outage).Body.String()
	for _, want := range []string{
		`<bdi>пример.испытание</bdi> <span class="meta">xn--e1afmkfd.xn--80akhbyknj4f</span>`,
		`<bdi>مثال.إختبار</bdi> <span class="meta">xn--mgbh0fb.xn--kgbechtv</span>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("there is no %s", want)
		}
	}
	if seen := text(t, get(h, "/").Body.String()); !strings.Contains(seen,
		"\u2068пример.испытание\u2069 (xn--e1afmkfd.xn--80akhbyknj4f)") {
		t.Errorf("the answer of the first page tears the name: %.300s", seen)
	}
}
