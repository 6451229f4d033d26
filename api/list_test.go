package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

func listIDs(t *testing.T, n *node, query string) (ids []string, next *string) {
	t.Helper()
	w := n.get("/v1/incidents" + query)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", query, w.Code, w.Body)
	}
	list := decode[IncidentList](t, w.Body)
	for _, inc := range list.Incidents {
		ids = append(ids, inc.ID)
		if len(inc.Sites) > faultline.ListedSites {
			t.Errorf("%s: %s has %d sites in a list", query, inc.ID, len(inc.Sites))
		}
	}
	return ids, list.Next
}

// listQueries are queries of the list, and which incidents each asks for.
var listQueries = map[string]func(faultline.Incident) bool{
	"?limit=100":            func(faultline.Incident) bool { return true },
	"?limit=100&state=open": func(i faultline.Incident) bool { return i.State.Open() },
	"?limit=100&state=resolved,merged": func(i faultline.Incident) bool {
		return i.State == faultline.StateResolved || i.State == faultline.StateMerged
	},
	"?limit=100&cause=none": func(i faultline.Incident) bool { return i.Cause == nil },
	"?limit=100&cause=cloud:aws/us-east-1": func(i faultline.Incident) bool {
		return i.Cause != nil &&
			i.Cause.Component == "cloud:aws/us-east-1"
	},
	"?limit=100&cause=cdn:fastly&state=open": func(i faultline.Incident) bool {
		return i.Cause != nil && i.Cause.Component == "cdn:fastly" && i.State.Open()
	},
	"?limit=100&kind=cloud": func(i faultline.Incident) bool {
		return i.Cause != nil &&
			i.Cause.Component == "cloud:aws/us-east-1"
	},
	"?limit=100&kind=none": func(i faultline.Incident) bool { return i.Cause == nil },
	"?limit=100&min_confidence=0.9": func(i faultline.Incident) bool {
		return i.Cause != nil && i.Cause.Component == "cdn:fastly"
	},
	"?limit=100&site=site003.example": func(faultline.Incident) bool { return true },
	"?site=site025.example":           func(faultline.Incident) bool { return false },
	"?limit=100&country=GB":           func(faultline.Incident) bool { return true },
	"?limit=100&country=FR,GB":        func(faultline.Incident) bool { return true },
	"?limit=100&state=resolved":       func(i faultline.Incident) bool { return i.State == faultline.StateResolved },
	"?limit=100&kind=cdn,none&cause=CDN:Fastly": func(i faultline.Incident) bool {
		return i.Cause != nil && i.Cause.Component == "cdn:fastly"
	},
	"?limit=100&cause=Cloud:aws~us-east-1": func(i faultline.Incident) bool {
		return i.Cause != nil && i.Cause.Component == "cloud:aws/us-east-1"
	},
	"?country=FR": func(faultline.Incident) bool { return false },
	"?limit=100&since=2021-06-08T09:52:05Z": func(i faultline.Incident) bool {
		return !i.Onset.At.Before(t0.Add(5 * time.Minute))
	},
	"?limit=100&until=1623145925": func(i faultline.Incident) bool {
		return i.Onset.At.Before(t0.Add(5 * time.Minute))
	},
	"?limit=100&since=2021-06-08T09:52:05Z&until=2021-06-08T09:54:05Z&overlapping=true": func(
		i faultline.Incident,
	) bool {
		return i.Onset.At.Before(t0.Add(7*time.Minute)) &&
			(i.State.Open() || i.UpdatedAt.After(t0.Add(5*time.Minute)))
	},
	"?cause=cdn:nobody": func(faultline.Incident) bool { return false },
}

func TestList(t *testing.T) {
	n := newNode(t)
	states := []faultline.IncidentState{faultline.StateCandidate, faultline.StateConfirmed, faultline.StateRecovering,
		faultline.StateResolved, faultline.StateMerged, faultline.StateRetracted}
	var all []faultline.Incident
	for i := range 36 {
		inc := incident(i/2, 1, 25) // two begin at the same moment
		inc.ID = fmt.Sprintf("inc_%03d", i)
		inc.State = states[i%len(states)]
		if i%3 == 0 {
			inc.Cause = nil
		} else if i%3 == 1 {
			inc.Cause = &faultline.Cause{Component: "cloud:aws/us-east-1"}
		}
		all = append(all, inc)
		n.source.Publish(inc)
	}
	n.run()
	slices.Reverse(all) // newest onset first, of equal ones the greater id
	want := func(ok func(faultline.Incident) bool) (ids []string) {
		for _, inc := range all {
			if ok(inc) {
				ids = append(ids, inc.ID)
			}
		}
		return ids
	}
	for query, ok := range listQueries {
		if ids, next := listIDs(t, n, query); !slices.Equal(ids, want(ok)) || next != nil {
			t.Errorf("%s: got %v, want %v", query, ids, want(ok))
		}
	}
	if ids, _ := listIDs(t, n, ""); len(ids) != listLimit {
		t.Errorf("%d on a page, want %d", len(ids), listLimit)
	}
	// Page by page it is the whole list, once.
	for limit := 1; limit <= 37; limit += 6 {
		var walked []string
		query := fmt.Sprintf("?limit=%d", limit)
		for {
			ids, next := listIDs(t, n, query)
			walked = append(walked, ids...)
			if next == nil {
				break
			}
			query = fmt.Sprintf("?limit=%d&cursor=%s", limit, url.QueryEscape(*next))
		}
		if !slices.Equal(walked, want(func(faultline.Incident) bool { return true })) {
			t.Errorf("by %d: %v", limit, walked)
		}
	}
}

// The Link leads from page to page, whatever was asked.
func TestListLinks(t *testing.T) {
	n := newNode(t, func(_ *Config, b *board.Config, _ *stream.Config) { b.PublicURL = "https://faultline.example" })
	for i := range 5 {
		n.source.Publish(incident(i, 1, 2))
	}
	n.run()
	path, pages := "/v1/incidents?limit=2&state=open&since=2021-06-08T09:00:00Z&overlapping=true"+
		"&min_confidence=.5&fields=title,id&country=GB&kind=cdn", 0
	for seen := map[string]bool{}; path != ""; pages++ {
		w := n.get(path)
		var list struct {
			Meta      board.Meta
			Incidents []map[string]any
			Next      *string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		for _, inc := range list.Incidents {
			if id, _ := inc["id"].(string); len(inc) != 2 || inc["title"] == nil || seen[id] {
				t.Errorf("%s: %v", path, inc)
			} else {
				seen[id] = true
			}
		}
		link := w.Header().Get("Link")
		if (link == "") != (list.Next == nil) {
			t.Errorf("Link %q beside next %v", link, list.Next)
		}
		path = strings.TrimSuffix(strings.TrimPrefix(link, "<https://faultline.example"), `>; rel="next"`)
	}
	if pages != 3 {
		t.Errorf("%d pages", pages)
	}
}

func TestListRefuses(t *testing.T) {
	n := newNode(t)
	n.run()
	for query, parameter := range map[string]string{
		"?state=":                             "state",
		"?state=down":                         "state",
		"?state=open&state=open":              "state",
		"?cause=":                             "cause",
		"?cause=fastly":                       "cause",
		"?cause=cdn:":                         "cause",
		"?cause=shop:x":                       "cause",
		"?limit=0":                            "limit",
		"?limit=101":                          "limit",
		"?limit=-1":                           "limit",
		"?limit=1e1":                          "limit",
		"?limit=":                             "limit",
		"?cursor=":                            "cursor",
		"?cursor=x":                           "cursor",
		"?cursor=AAAA":                        "cursor",
		"?since=2021-13":                      "since",
		"?state=open,":                        "state",
		"?state=Confirmed":                    "state",
		"?country=gb":                         "country",
		"?since=7y":                           "since",
		"?state=,":                            "state",
		"?since=0d":                           "since",
		"?since=1h&until=2h":                  "since",
		"?kind=":                              "kind",
		"?kind=fastly":                        "kind",
		"?min_confidence=1.1":                 "min_confidence",
		"?min_confidence=NaN":                 "min_confidence",
		"?site=nobody.test%20x":               "site",
		"?until=2021-06":                      "until",
		"?since=20&until=10":                  "since",
		"?overlapping=1":                      "overlapping",
		"?fields=":                            "fields",
		"?fields=id,colour":                   "fields",
		"?Limit=1":                            "Limit",
		"?_=1":                                "_",
		"?a%3Cb=1":                            "a<b",
		"?limit=%zz":                          "query",
		"?limit=1;state=open":                 "query",
		"?x=" + strings.Repeat("1", maxQuery): "query",
	} {
		p := wantProblem(t, n.get("/v1/incidents"+query), http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Parameter != parameter || p.Errors[0].Pointer != "" {
			t.Errorf("%.40s: %+v, want parameter %s", query, p.Errors, parameter)
		}
	}
	for _, path := range []string{"/v1/summary", "/v1/sites/bbc.co.uk", "/v1/incidents/inc_A", "/v1/vantages"} {
		wantProblem(t, n.get(path+"?cachebuster=1"), http.StatusBadRequest)
	}
}

// A list keeps its bytes and its ETag while nothing but the second hand moves,
// for a few seconds, and never longer.
func TestListETagIsSteady(t *testing.T) {
	n := newNode(t)
	n.source.Publish(incident(0, 1, 3))
	n.run()
	n.show(faultline.View{AsOf: t0})
	first := n.get("/v1/incidents")
	n.show(faultline.View{AsOf: t0.Add(9 * time.Second)})
	if again := n.get("/v1/incidents"); again.Header().Get("ETag") != first.Header().Get("ETag") {
		t.Error("the ETag moved with the clock alone")
	}
	n.show(faultline.View{AsOf: t0.Add(10 * time.Second)})
	later := n.get("/v1/incidents")
	if got := decode[IncidentList](t, later.Body); !got.Meta.AsOf.Equal(t0.Add(10 * time.Second)) {
		t.Errorf("as_of %s lags", got.Meta.AsOf)
	}
	second := incident(0, 2, 4)
	n.source.Publish(second)
	n.await(second)
	if again := n.get("/v1/incidents"); again.Header().Get("ETag") == later.Header().Get("ETag") {
		t.Error("the ETag stayed though an incident changed")
	}
}

// followList reads a list page by page.
func followList(t *testing.T, n *node, query string) (ids []string, pages int) {
	t.Helper()
	for next := (*string)(nil); ; pages++ {
		cursor := ""
		if next != nil {
			cursor = "&cursor=" + *next
		}
		got, following := listIDs(t, n, query+cursor)
		if ids = append(ids, got...); following == nil {
			return ids, pages + 1
		}
		next = following
	}
}

// The list goes on into what the source keeps, to the first incident there was:
// in order, nothing left out, nothing twice. What is open asks the source for
// nothing, and older pages alone need it.
func TestListReachesBackToTheBeginning(t *testing.T) {
	n := newNode(t)
	const total = board.MaxIncidents + 3*board.OlderAtOnce
	var want []string
	for i := range total {
		inc := incident(i/2, 1, 1) // two begin at the same moment
		inc.ID, inc.State = fmt.Sprintf("inc_%05d", i), faultline.StateResolved
		if i == 7 || i == total-1 {
			inc.State = faultline.StateConfirmed
		}
		if i%400 == 3 {
			inc.Cause = &faultline.Cause{Component: "dns:dyn", Kind: "dns"}
		}
		n.source.Publish(inc)
		want = append(want, inc.ID)
	}
	slices.Reverse(want)
	n.source.See(faultline.View{AsOf: t0,
		Sites: []faultline.SiteStatus{{Site: "x.example", State: faultline.SiteDown,
			Incidents: []string{"inc_00007"}}}})
	n.run()
	follow := func(query string) (ids []string, pages int) { return followList(t, n, query) }
	for _, limit := range []string{"100", "7"} {
		if got, _ := follow("?limit=" + limit); !slices.Equal(got, want) {
			t.Errorf("%s a page: %d of %d", limit, len(got), len(want))
		}
	}
	if got, pages := follow("?cause=dns:dyn"); fmt.Sprint(got) != "[inc_00803 inc_00403 inc_00003]" || pages > 3 {
		t.Errorf("%v on %d pages", got, pages)
	}
	if got, _ := follow("?since=2021-06-08T09:48:05Z&until=2021-06-08T09:49:05Z"); fmt.Sprint(
		got) != "[inc_00003 inc_00002]" {
		t.Errorf("of one minute: %v", got)
	}
	asked := n.source.Count("older")
	if got, pages := follow("?state=open&limit=1"); fmt.Sprint(got) != fmt.Sprint([]string{want[0], "inc_00007"}) ||
		pages != 2 {
		t.Errorf("open: %v", got)
	}
	if n.source.Count("older") != asked {
		t.Error("what is open is looked for in the source")
	}
	// An older one is there in every form.
	for _, path := range []string{"", "/sites", "/revisions/1"} {
		if w := n.get("/v1/incidents/inc_00000" + path); w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	n.source.Fail(faultline.ErrUnavailable)
	if w := n.get("/v1/incidents?limit=99"); w.Code != http.StatusOK {
		t.Errorf("the newest without the source: %d", w.Code)
	}
	wantProblem(t, n.get("/v1/incidents?limit=99&until=2021-06-08T09:49:05Z"), http.StatusServiceUnavailable)
}

// How long ago is counted from the clock of the log, to the minute, and a page's link
// holds the time itself, so that a list that is followed does not move.
func TestListReadsHowLongAgo(t *testing.T) {
	n := newNode(t)
	for i := range 3 {
		n.source.Publish(incident(i, 1, 1)) // onsets a minute apart, an hour ago
	}
	n.run()
	n.await(incident(2, 1, 1))
	began := incident(0, 1, 1).Onset.At
	for query, want := range map[string]int{"?since=7d": 3, "?since=59m": 2, "?since=30m": 0, "?until=24h": 0,
		"?since=1w": 3, "?since=1800s": 0, "?since=7D": 3, "?since=2021-06-08": 3, "?until=2021-06-08": 0,
		"?since=" + fmt.Sprint(began.Unix()): 3, "?since=" + fmt.Sprint(began.UnixMilli()): 3,
		"?since=" + fmt.Sprint(began.Add(30*time.Second).UnixMilli()):                        2,
		"?since=" + fmt.Sprintf("%d.5", began.Unix()):                                        2,
		"?since=" + began.Format("2006-01-02 15:04:05Z"):                                     3,
		"?since=" + began.In(time.FixedZone("", 3600)).Format(time.RFC3339):                  3, // its plus is a space
		"?since=" + began.Add(time.Second).In(time.FixedZone("", 3600)).Format(time.RFC3339): 2,
		"?since=" + began.In(time.FixedZone("", -3600)).Format(time.RFC3339):                 3} {
		query = strings.ReplaceAll(query, " ", "%20")
		if got := decode[IncidentList](t, n.get("/v1/incidents"+query).Body); len(got.Incidents) != want {
			t.Errorf("%s: %d incidents, want %d", query, len(got.Incidents), want)
		}
	}
	if link := n.get("/v1/incidents?since=1d&limit=1").Header().Get("Link"); !strings.Contains(link,
		"since=2021-06-07T") {
		t.Errorf("the next page is at %s", link)
	}
}
