package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
	"faultline/board/page"
	"faultline/pace"
	"faultline/scenario/history"
)

// saidOf is what the stream had said by a moment: of each incident, its newest revision.
type saidOf map[string]faultline.Incident

// open are those that were open, by their ids.
func (s saidOf) open() map[string]faultline.Incident {
	open := map[string]faultline.Incident{}
	for id, inc := range s {
		if inc.State.Open() {
			open[id] = inc
		}
	}
	return open
}

// ofSite is how a site was by the open incidents, if one alone has it.
func (s saidOf) ofSite(site string) (found faultline.IncidentSite, of string, one bool) {
	n := 0
	for id, inc := range s.open() {
		for _, x := range inc.Sites {
			if x.Site == site {
				found, of, n = x, id, n+1
			}
		}
	}
	return found, of, n == 1
}

// stateOf is the state of a component by the open incidents that name it as their cause.
func (s saidOf) stateOf(c faultline.Component) faultline.SiteState {
	state := faultline.SiteUnknown
	for _, inc := range s.open() {
		switch {
		case causeOf(inc) != c:
		case inc.State == faultline.StateConfirmed:
			return faultline.SiteDown
		default:
			state = faultline.SiteDegraded
		}
	}
	return state
}

// replayed is a node that has published all revisions of an outage of the past, and whose list
// of sites has those that fail in it.
func replayed(t *testing.T, name string) (*node, []faultline.Incident) {
	t.Helper()
	r, err := history.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	index, known := board.NewIndex(), map[string][]faultline.Component{}
	for _, inc := range r.Revisions {
		for _, site := range inc.Sites {
			known[site.Site] = append(known[site.Site], causeOf(inc))
		}
	}
	for site, components := range known {
		components = slices.DeleteFunc(components, func(c faultline.Component) bool { return c == "" })
		slices.Sort(components)
		known[site] = slices.Compact(components)
		index.Put(faultline.SiteRecord{Site: site, Components: known[site]})
	}
	n := newNode(t, func(cfg *Config, _ *board.Config, _ *stream.Config) {
		cfg.Index = index
		cfg.Lookup = func(site string) (faultline.SiteRecord, error) {
			return faultline.SiteRecord{Site: site, Components: known[site]}, nil
		}
	})
	n.clock.now = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	newest := map[string]faultline.Incident{}
	for _, inc := range r.Revisions {
		n.source.Publish(inc)
		newest[inc.ID] = inc
	}
	n.run()
	for _, inc := range newest {
		n.await(inc)
	}
	return n, r.Revisions
}

// For every revision of the outages of the past, as_of is what the stream said at that moment,
// byte for byte: the incident, the list of what was open, and what that says of sites and
// components. A few are held every day, and all in the thorough run.
func TestAsOfIsWhatTheStreamSaidThenForEveryRevisionOfTheReplays(t *testing.T) {
	names := []string{"dyn-2016-10-21", "cloudflare-2025-12-05", "lets-encrypt-root-2021-09-30"}
	if pace.Thorough {
		if names = history.Names(); len(names) < 13 {
			t.Fatalf("%d replays", len(names))
		}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			n, revisions := replayed(t, name)
			said := saidOf{}
			for i, inc := range revisions {
				said[inc.ID] = inc
				if i+1 < len(revisions) && revisions[i+1].UpdatedAt.Equal(inc.UpdatedAt) {
					continue // the next one was said at the same moment
				}
				n.wantSaid(t, said, inc.UpdatedAt)
				n.wantListed(t, said, inc)
			}
		})
	}
}

// wantSaid asks for each incident, and for what was open.
func (n *node) wantSaid(t *testing.T, said saidOf, at time.Time) {
	t.Helper()
	whole := map[string]string{}
	for id, inc := range said {
		text, err := page.Render(inc.Listed())
		if err != nil {
			t.Fatal(err)
		}
		whole[id] = string(text)
		w := n.get("/v1/incidents/" + id + asOf(at))
		if w.Code != http.StatusOK || !strings.HasSuffix(w.Body.String(), ","+whole[id][1:]) {
			t.Fatalf("revision %d of %s: %d %s", inc.Revision, id, w.Code, w.Body)
		}
		if cache := w.Header().Get("Cache-Control"); !strings.Contains(cache, "immutable") {
			t.Fatalf("revision %d may be kept for %s", inc.Revision, cache)
		}
	}
	w := n.get("/v1/incidents" + asOf(at) + "&limit=100")
	var list struct{ Incidents []json.RawMessage }
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list.Incidents) != len(said.open()) {
		t.Fatalf("at %s the list has %d, and %d were open: %v", at, len(list.Incidents), len(said.open()), err)
	}
	for _, one := range list.Incidents {
		var inc faultline.Incident
		if err := json.Unmarshal(one, &inc); err != nil || whole[inc.ID] != string(one) || !said[inc.ID].State.Open() {
			t.Fatalf("at %s the list has %s: %v", at, one, err)
		}
	}
}

// wantListed asks the lists of sites and components, in both forms, and a component.
func (n *node) wantListed(t *testing.T, said saidOf, inc faultline.Incident) {
	t.Helper()
	at := "&" + strings.TrimPrefix(asOf(inc.UpdatedAt), "?")
	if c := causeOf(inc); c != "" {
		want, query := said.stateOf(c), "?q="+url.QueryEscape(string(c))+"&limit=100"+at
		list := decode[ComponentList](t, n.get("/v1/components"+query).Body).Components
		i := slices.IndexFunc(list, func(l ListedComponent) bool { return l.Component == c })
		if (i >= 0 || want != faultline.SiteUnknown) && (i < 0 || list[i].State != want) {
			t.Fatalf("%s at revision %d is to be %s: %+v", c, inc.Revision, want, list)
		}
		if i >= 0 {
			n.wantCell(t, "/v1/components.csv"+query, string(c), 3, string(want))
			one := decode[ComponentAnswer](t, n.get("/v1/components/"+c.Path()+"?"+at[1:]).Body)
			if one.State != want || one.Component != c {
				t.Fatalf("%s at revision %d is to be %s: %+v", c, inc.Revision, want, one)
			}
		}
	}
	if len(inc.Sites) == 0 {
		return
	}
	site := inc.Sites[0].Site
	want, of, one := said.ofSite(site)
	if !one && of != "" {
		return // several incidents have it
	}
	query := "?q=" + site + "&limit=100" + at
	list := decode[SiteList](t, n.get("/v1/sites"+query).Body).Sites
	i := slices.IndexFunc(list, func(s SiteNow) bool { return s.Site == site })
	if i < 0 || one != (len(list[i].Incidents) == 1 && list[i].Incidents[0] == of) ||
		one && list[i].State != want.State || !one && list[i].State != faultline.SiteUnknown ||
		list[i].Probes != nil || list[i].Reports != nil {
		t.Fatalf("%s at revision %d: %+v", site, inc.Revision, list)
	}
	n.wantCell(t, "/v1/sites.csv"+query, site, 2, string(list[i].State))
}

// wantCell asks for a table: the row that begins with a name has that text in a column.
func (n *node) wantCell(t *testing.T, path, name string, column int, want string) {
	t.Helper()
	w := n.get(path)
	rows, err := csv.NewReader(bytes.NewReader(w.Body.Bytes())).ReadAll()
	i := slices.IndexFunc(rows, func(r []string) bool { return r[0] == name })
	if err != nil || i < 0 || rows[i][column] != want {
		t.Fatalf("%s: %s is to have %q: %v, %v", path, name, want, rows, err)
	}
	h := w.Header()
	if h.Get("Faultline-As-Of") == "" || !strings.Contains(h.Get("Cache-Control"), "immutable") {
		t.Fatalf("%s: %v", path, h)
	}
}

// The list of providers of a moment says what an incident that was open then blames, and pages of
// it lead to pages of the same moment. A stack as CSV is that of the moment too.
func TestListsOfAMomentLeadToPagesOfTheSame(t *testing.T) {
	fastly := faultline.Provider{Slug: "fastly", Name: "Fastly", Components: []string{"cdn:fastly"}}
	other := faultline.Provider{Slug: "zzz", Name: "Zzz", Components: []string{"cdn:zzz"}}
	index := board.NewIndex()
	for _, site := range []string{"a.example", "b.example"} {
		index.Put(faultline.SiteRecord{Site: site, Components: []faultline.Component{"cdn:fastly"}})
	}
	n := newNode(t, func(cfg *Config, bc *board.Config, _ *stream.Config) {
		cfg.Index, bc.Providers = index, faultline.NewProviders([]faultline.Provider{fastly, other})
	})
	first, over := incident(0, 1, 3), incident(0, 2, 3)
	first.State, over.State = faultline.StateConfirmed, faultline.StateResolved
	first.Cause = &faultline.Cause{Component: "cdn:fastly", Kind: "cdn", Name: "Fastly"}
	over.Cause, over.UpdatedAt = first.Cause, first.UpdatedAt.Add(time.Minute)
	n.source.Publish(first)
	n.source.Publish(over)
	n.run()
	n.await(over)
	at := asOf(first.UpdatedAt)
	list := decode[ProviderList](t, n.get("/v1/providers"+at+"&state=down").Body)
	if len(list.Providers) != 1 || list.Providers[0].Slug != "fastly" {
		t.Errorf("down then: %+v", list)
	}
	if now := decode[ProviderList](t, n.get("/v1/providers?state=down").Body); len(now.Providers) != 0 {
		t.Errorf("down now: %+v", now)
	}
	n.wantCell(t, "/v1/providers.csv"+at, "fastly", 4, "down")
	for _, path := range []string{"/v1/providers", "/v1/providers.csv", "/v1/sites", "/v1/sites.csv"} {
		w := n.get(path + at + "&limit=1")
		link := w.Header().Get("Link")
		if !strings.Contains(link, "as_of="+url.QueryEscape(first.UpdatedAt.Format(time.RFC3339Nano))) {
			t.Errorf("%s leads to %q", path, link)
		}
	}
	w := n.get("/v1/stack.csv" + at + "&of=cdn:fastly")
	if !strings.Contains(w.Body.String(), "failing") {
		t.Errorf("the stack was %s", w.Body)
	}
}
