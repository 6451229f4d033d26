package api

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

// sameKeys compares two JSON values member by member: ours must have every member
// that a live page has, of the same type unless it is null there or here.
func sameKeys(t *testing.T, path string, live, ours any) {
	t.Helper()
	switch l := live.(type) {
	case map[string]any:
		o, ok := ours.(map[string]any)
		if !ok {
			t.Errorf("%s is %T", path, ours)
			return
		}
		for name, v := range l {
			mine, there := o[name]
			if !there {
				t.Errorf("%s/%s is missing", path, name)
			} else if v != nil && mine != nil {
				sameKeys(t, path+"/"+name, v, mine)
			}
		}
		for name := range o {
			if _, there := l[name]; !there {
				t.Errorf("%s/%s is not on live pages", path, name)
			}
		}
	case []any:
		o, ok := ours.([]any)
		if !ok {
			t.Errorf("%s is %T", path, ours)
		} else if len(l) > 0 && len(o) > 0 {
			sameKeys(t, path+"/0", l[0], o[0])
		}
	case string:
		if _, ok := ours.(string); !ok {
			t.Errorf("%s is %T", path, ours)
		}
	case float64:
		if _, ok := ours.(float64); !ok {
			t.Errorf("%s is %T", path, ours)
		}
	}
}

// statuspageNode has a provider that recovers, one incident of it that is over, and
// one of another provider.
func statuspageNode(t *testing.T) *node {
	t.Helper()
	x := board.NewIndex()
	for _, site := range []string{"site000.example", "b.example"} {
		x.Put(faultline.SiteRecord{Site: site, Components: []faultline.Component{"cdn:fastly"}})
	}
	n := newNode(t, func(c *Config, b *board.Config, _ *stream.Config) {
		c.Index, b.PublicURL = x, "https://faultline.example"
	})
	inc := incident(0, 2, 1)
	at := t0.Add(time.Minute)
	inc.State, inc.RecoveringAt = faultline.StateRecovering, &at
	over := incident(1, 1, 1)
	over.State, over.ResolvedAt = faultline.StateResolved, &at
	for _, i := range []faultline.Incident{inc, over, caused(2, "dns:dyn", "b.example")} {
		n.source.Publish(i)
	}
	n.run()
	n.show(faultline.View{AsOf: n.clock.Now(), SitesKnown: 2, SitesObserved: 2, Vantages: 2,
		Sites: []faultline.SiteStatus{{Site: "site000.example", State: faultline.SiteDown}},
		Well:  []faultline.WellSite{{Site: "b.example", Probes: 9}}})
	return n
}

// Field by field as live pages answer.
func TestStatuspageHasTheLiveShape(t *testing.T) {
	n := statuspageNode(t)
	text, err := os.ReadFile(filepath.Join("testdata", "statuspage.json"))
	if err != nil {
		t.Fatal(err)
	}
	var live, got any
	w := n.get("/statuspage/cdn/fastly/api/v2/summary.json")
	if err := json.Unmarshal(text, &live); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	sameKeys(t, "", live, got)
}

func TestStatuspageSaysWhatIsPublished(t *testing.T) {
	n := statuspageNode(t)
	summary := decode[StatuspageAnswer](t, n.get("/statuspage/cdn/fastly/api/v2/summary.json").Body)
	if len(*summary.Incidents) != 1 || (*summary.Incidents)[0].Status != "monitoring" ||
		(*summary.Incidents)[0].Impact != "major" ||
		summary.Status.Indicator != "major" || len(*summary.Components) != 2 || summary.Page.Name != "Fastly" ||
		len(*summary.Maintenance) != 0 {
		t.Errorf("summary %+v", summary)
	}
	for _, c := range *summary.Components {
		if want := map[string]string{"site000.example": "major_outage",
			"b.example": "operational"}[c.Name]; c.Status != want || len(c.ID) != 12 {
			t.Errorf("component %+v, want %s", c, want)
		}
	}
	if all := decode[StatuspageAnswer](t, n.get("/statuspage/cdn/fastly/api/v2/incidents.json").Body); len(
		*all.Incidents) != 2 || all.Status != nil {
		t.Errorf("incidents %+v", all)
	}
	whole := decode[StatuspageAnswer](t, n.get("/statuspage/api/v2/summary.json").Body)
	if len(*whole.Incidents) != 2 || whole.Page.Name != "Faultline" || len(*whole.Components) != 1 {
		t.Errorf("the whole %+v", whole)
	}
	for _, empty := range []string{"scheduled-maintenances.json", "scheduled-maintenances/upcoming.json",
		"scheduled-maintenances/active.json"} {
		if got := decode[StatuspageAnswer](t, n.get("/statuspage/api/v2/"+empty).Body); got.Maintenance == nil ||
			len(*got.Maintenance) != 0 {
			t.Errorf("%s: %+v", empty, got)
		}
	}
	wantProblem(t, n.get("/statuspage/api/v2/nothing.json"), http.StatusNotFound)
	wantProblem(t, n.get("/statuspage/cdn/nobody/api/v2/summary.json"), http.StatusNotFound)
}

// Programs keep updates by their ids: what was said once is said the same for
// good, whatever is concluded afterwards.
func TestUpdatesNeverChange(t *testing.T) {
	n := newNode(t)
	first := incident(0, 1, 9)
	first.Cause = nil
	n.source.Publish(first)
	n.run()
	updates := func() map[string]StatuspageUpdate {
		t.Helper()
		got := decode[StatuspageAnswer](t, n.get("/statuspage/api/v2/incidents.json").Body)
		byID := map[string]StatuspageUpdate{}
		for _, u := range (*got.Incidents)[0].IncidentUpdates {
			u.AffectedComponents = nil
			byID[u.ID] = u
		}
		return byID
	}
	before := updates()
	later := incident(0, 2, 40)
	over := t0.Add(time.Hour)
	later.Title, later.State, later.RecoveringAt, later.ResolvedAt = "Another title", faultline.StateResolved,
		&over, &over
	later.Statements = append(later.Statements, faultline.SaidStatement{At: t0.Add(time.Minute), Status: "resolved",
		Source: "x", Text: "Fixed."})
	n.source.Publish(later)
	n.await(later)
	after := updates()
	if len(before) != 3 || len(after) != 6 {
		t.Errorf("%d updates, then %d", len(before), len(after))
	}
	for id, u := range before {
		if !reflect.DeepEqual(after[id], u) {
			t.Errorf("said first %+v, then %+v", u, after[id])
		}
	}
}

// Programs that saw "monitoring" must not find that it was never said, because the sites failed
// again.
func TestUpdatesStayWhenSitesFailAgain(t *testing.T) {
	n := feedNode(t)
	n.lived(0, candidate, confirmed, recovering)
	n.run()
	updates := func() map[string]StatuspageUpdate {
		t.Helper()
		got := decode[StatuspageAnswer](t, n.get("/statuspage/cdn/fastly/api/v2/incidents.json").Body)
		byID := map[string]StatuspageUpdate{}
		for _, u := range (*got.Incidents)[0].IncidentUpdates {
			u.AffectedComponents = nil
			byID[u.ID] = u
		}
		return byID
	}
	seen := updates()
	for r, state := range []faultline.IncidentState{confirmed, resolved, confirmed, recovering, resolved} {
		next := incident(0, 4+r, 1)
		next.State = state
		at := next.UpdatedAt.Add(-time.Second)
		if state != confirmed {
			next.RecoveringAt = &at
		}
		if state == resolved {
			next.ResolvedAt = &at
		}
		n.source.Publish(next)
		n.await(next)
		now := updates()
		for id, was := range seen {
			if !reflect.DeepEqual(now[id], was) {
				t.Errorf("after revision %d: %+v is now %+v", next.Revision, was, now[id])
			}
		}
		if len(now) <= len(seen) {
			t.Errorf("revision %d says nothing new", next.Revision)
		}
		seen = now
	}
}

// The feed of a page has its incidents with the updates that the JSON has.
func TestHistoryIsAFeedOfIncidentsWithTheirUpdates(t *testing.T) {
	n := statuspageNode(t)
	for path, want := range map[string]int{"/history.atom": 3, "/statuspage/history.atom": 3,
		"/statuspage/cdn/fastly/history.atom": 2, "/statuspage/site/b.example/history.atom": 1,
		"/statuspage/stack/b.example,cdn:fastly/history.atom?utm_source=x": 3} {
		items := n.items(path)
		if len(items) != want {
			t.Errorf("%s: %d entries", path, len(items))
		}
		for id, item := range items {
			if !strings.HasPrefix(id, "tag:faultline.example,2005:Incident/") ||
				!strings.HasPrefix(item.Link, "https://faultline.example/incident/inc_") ||
				!strings.Contains(item.Content, "<strong>Identified</strong> - The outage is confirmed.") ||
				!strings.Contains(item.Content, "<small>Jun <var data-var='date'> 8</var>, <var data-var='time'>09:4") {
				t.Errorf("%s: %s %+v", path, id, item)
			}
		}
	}
	wantProblem(t, n.get("/statuspage/cdn/nobody/history.atom"), http.StatusNotFound)
	wantProblem(t, n.get("/statuspage/provider/nobody/history.atom"), http.StatusNotFound)
}
