package api

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

// calm is what no answer may say while nothing is observed: a word or a colour that
// programs take for "all is well".
var calm = regexp.MustCompile(
	`(?i)"operational"|"indicator":"none"|all systems|"state":"(ok|recovered)"|"symptom":"ok"|"blame":"(you|isp)"|` +
		`everyone else is fine|succeeded`)

// calmOfAll is what no answer may say while a part is not observed.
var calmOfAll = regexp.MustCompile(`(?i)all systems|no incidents? reported`)

// coverageState is one way in which little or nothing is observed.
type coverageState struct {
	view     func(*node) faultline.View
	vantages []faultline.VantageStatus
	want     faultline.CoverageState
}

// seen is a view in which every site was found well.
func seen(n *node) faultline.View {
	return faultline.View{AsOf: n.clock.Now(), SitesKnown: 2, SitesObserved: 2, Vantages: 2,
		Sites: []faultline.SiteStatus{{Site: "site000.example", State: faultline.SiteRecovered, Probes: 9},
			{Site: "a.example", State: faultline.SiteOK, Probes: 20, Reports: 1}},
		Well: []faultline.WellSite{{Site: "b.example", Probes: 20}, {Site: "bbc.co.uk", Probes: 20}}}
}

var (
	blindVantage = faultline.VantageStatus{Vantage: "nyc-1", State: faultline.VantageBlind}
	goodVantage  = faultline.VantageStatus{Vantage: "lon-1", State: faultline.VantageOK}
)

func coverageStates() map[string]coverageState {
	return map[string]coverageState{
		"no vantage":   {func(n *node) faultline.View { v := seen(n); v.Vantages = 0; return v }, nil, faultline.Blind},
		"all blind":    {seen, []faultline.VantageStatus{blindVantage}, faultline.Blind},
		"half blind":   {seen, []faultline.VantageStatus{blindVantage, goodVantage}, faultline.Impaired},
		"just started": {func(*node) faultline.View { return faultline.View{SitesKnown: 2} }, nil, faultline.Blind},
		"store gone for ten minutes": {func(n *node) faultline.View {
			v := seen(n)
			v.AsOf = v.AsOf.Add(-10 * time.Minute)
			return v
		}, []faultline.VantageStatus{goodVantage}, faultline.Blind},
	}
}

// fill puts names into the parameters of a route.
func fill(path string) []string {
	files := []string{"summary.json", "status.json", "components.json", "incidents.json"}
	path = strings.NewReplacer(":site", "b.example", ":kind", "cdn", ":name", "fastly", ":slug", "fastly", ":id",
		"inc_none", ":n", "1",
		":file/:part", "incidents/unresolved.json").Replace(path)
	if !strings.Contains(path, ":file") {
		return []string{path}
	}
	var out []string
	for _, f := range files {
		out = append(out, strings.Replace(path, ":file", f, 1))
	}
	return out
}

// Whatever is asked of the API while nothing is observed, no answer calls anything
// well; where answers have a meta, it says what is observed.
func TestNoAnswerCallsAnythingWellThatIsNotObserved(t *testing.T) {
	for name, state := range coverageStates() {
		t.Run(name, func(t *testing.T) {
			n := coveredNode(t, state)
			for _, r := range Routes() {
				if r.Method != http.MethodGet || r.Path == routeStream || r.Path == routeWork ||
					strings.HasPrefix(r.Path, "/docs") ||
					strings.HasPrefix(r.Path, "/openapi.") || r.Scope != "" {
					continue
				}
				for _, path := range fill(r.Path) {
					n.saysNoCalm(t, path, state.want)
				}
			}
		})
	}
}

// queries are what some routes need.
var queries = map[string]string{"/v1/verdict": "?site=b.example", "/v1/search": "?q=b.ex",
	"/oembed": "?url=/site/b.example", "/v1/stack": myStack, "/v1/stack.csv": myStack, "/badge.svg": myStack,
	"/badge.json": myStack, "/metrics/stack": myStack, "/feed.ics": myStack, "/v1/incidents": "?of=b.example"}

const myStack = "?of=b.example,cdn:fastly,fastly"

func (n *node) saysNoCalm(t *testing.T, path string, want faultline.CoverageState) {
	t.Helper()
	w := n.get(path + queries[path])
	body := w.Body.String()
	banned := calm
	if want == faultline.Impaired {
		banned = calmOfAll
	}
	if said := banned.FindString(body); said != "" {
		t.Errorf("%s says %q: %s", path, said, body)
	}
	if w.Code == http.StatusOK && strings.HasPrefix(body, `{"meta":`) &&
		!strings.Contains(body, `"coverage":{"state":"`+string(want)) {
		t.Errorf("%s does not say that coverage is %s: %s", path, want, body)
	}
	// A table has no place for coverage: an empty one, or a cell, must not pass for calm.
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") {
		if got := w.Header().Get(headerCoverage); w.Code == http.StatusOK && got != string(want) {
			t.Errorf("%s has the coverage %q, want %q", path, got, want)
		}
		if strings.Contains(body, ",unknown,ok,") {
			t.Errorf("%s says ok of what is unknown: %s", path, body)
		}
	}
	if strings.HasPrefix(body, "BEGIN:VCALENDAR") && !strings.Contains(body, "X-WR-CALDESC:") {
		t.Errorf("%s does not say that it cannot know: %s", path, body)
	}
	if strings.Contains(body, "0001-01-01") {
		t.Errorf("%s has a time that is none: %s", path, body)
	}
	if w.Code == http.StatusInternalServerError {
		t.Errorf("%s: %d", path, w.Code)
	}
}

func coveredNode(t *testing.T, state coverageState) *node {
	t.Helper()
	x := board.NewIndex()
	for _, site := range []string{"site000.example", "a.example", "b.example"} {
		x.Put(faultline.SiteRecord{Site: site, Components: []faultline.Component{"cdn:fastly"}})
	}
	n := newNode(t, func(c *Config, b *board.Config, _ *stream.Config) {
		c.Index = x
		b.VantageStates = func() []faultline.VantageStatus { return state.vantages }
	})
	n.run()
	n.show(state.view(n))
	return n
}

// A status page of which nothing is observed says so, and never that all systems work.
func TestStatuspageSaysThatNothingIsObserved(t *testing.T) {
	for name, state := range coverageStates() {
		got := decode[StatuspageAnswer](t, coveredNode(t, state).get("/api/v2/summary.json").Body)
		want := "Not observed"
		if state.want == faultline.Impaired {
			want = "Observed in part"
		}
		if !strings.Contains(got.Status.Description, want) || len(*got.Components) != 1 {
			t.Errorf("%s: %+v %+v", name, got.Status, *got.Components)
		}
	}
}

// A feed without entries says whether that means anything.
func TestFeedsSayWhatIsNotObserved(t *testing.T) {
	n := coveredNode(t, coverageStates()["no vantage"])
	for path, want := range map[string]string{"/feed.atom": "<subtitle>Not observed",
		"/feed.json": `"description":"Not observed`} {
		if body := n.get(path).Body.String(); !strings.Contains(body, want) {
			t.Errorf("%s lacks %s: %s", path, want, body)
		}
	}
}

// A stream begins with what is not observed, and says when that changes.
func TestStreamSaysWhatIsObserved(t *testing.T) {
	n := coveredNode(t, coverageStates()["no vantage"])
	s := open(t, n.serve().URL+routeStream, "")
	s.covered = true
	if e := s.next(); e.kind != "coverage" || !strings.Contains(e.data, `"blind"`) || e.id != "" {
		t.Errorf("began with %+v", e)
	}
	n.clock.add(time.Second)
	n.show(seen(n))
	for {
		if e := s.next(); e.kind == "coverage" {
			if !strings.Contains(e.data, `"observing"`) {
				t.Errorf("then %+v", e)
			}
			return
		}
	}
}

// What is counted over the whole list is kept for a minute. When the vantages lose their sight
// within that minute, the answers say so at once.
func TestCountsThatAreKeptFollowCoverage(t *testing.T) {
	n := newNode(t)
	n.run()
	paths := []string{"/v1/concentration", "/v1/concentration/firebreaks", "/v1/scorecard"}
	for _, state := range []coverageState{{view: seen, want: faultline.Observing}, coverageStates()["no vantage"]} {
		n.show(state.view(n))
		eventually(t, "coverage is "+string(state.want), func() bool {
			s, err := n.board.Snapshot()
			return err == nil && s.Coverage().State == state.want
		})
		for _, path := range paths {
			if body := n.get(path).Body.String(); !strings.Contains(body, `"coverage":{"state":"`+string(state.want)) {
				t.Errorf("%s does not say that coverage is %s: %.200s", path, state.want, body)
			}
		}
	}
}
