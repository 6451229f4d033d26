package api

import (
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
	"faultline/scenario/history"
)

// asOf is the query that asks for what was said at a time.
func asOf(at time.Time) string { return "?as_of=" + url.QueryEscape(at.Format(time.RFC3339Nano)) }

// What sites, the summary and a stack were is what the stream had said by then: the same
// references to the same revisions, byte for byte, and of each site what the revision said.
func TestAsOfOfSitesAndStacksIsWhatTheStreamSaidThen(t *testing.T) {
	anySite := func(cfg *Config, _ *board.Config, _ *stream.Config) {
		cfg.Lookup = func(name string) (faultline.SiteRecord, error) {
			return faultline.SiteRecord{Site: name, Components: []faultline.Component{"dns:dyn"}}, nil
		}
	}
	n := newNode(t, anySite)
	r, err := history.Open("dyn-2016-10-21")
	if err != nil {
		t.Fatal(err)
	}
	for _, inc := range r.Revisions {
		n.source.Publish(inc)
	}
	n.run()
	n.await(r.Revisions[len(r.Revisions)-1])
	for i, inc := range r.Revisions {
		if i+1 < len(r.Revisions) && r.Revisions[i+1].UpdatedAt.Equal(inc.UpdatedAt) {
			continue // the next one was said at the same moment
		}
		n.wantThen(t, inc)
	}
}

// wantThen asks what was said at the moment of a revision, the only one then.
func (n *node) wantThen(t *testing.T, inc faultline.Incident) {
	t.Helper()
	ref, err := page.Render(newIncidentRef(&inc, n.board.PublicURL()))
	if err != nil {
		t.Fatal(err)
	}
	site := inc.Sites[0]
	for _, path := range []string{"/v1/summary?", "/v1/stack?of=dns:dyn," + site.Site + "&"} {
		w := n.get(path + strings.TrimPrefix(asOf(inc.UpdatedAt), "?"))
		if said := strings.Contains(w.Body.String(), string(ref)); w.Code != http.StatusOK || said != inc.State.Open() {
			t.Fatalf("%s at revision %d, %s: %d %s", path, inc.Revision, inc.State, w.Code, w.Body)
		}
		if cache := w.Header().Get("Cache-Control"); !strings.Contains(cache, "immutable") {
			t.Fatalf("%s may be kept for %s", path, cache)
		}
	}
	was := decode[SiteAnswer](t, n.get("/v1/sites/"+site.Site+asOf(inc.UpdatedAt)).Body)
	want := SiteNow{State: faultline.SiteUnknown}
	if inc.State.Open() {
		want = SiteNow{State: site.State, Symptom: site.Symptom, Incidents: []string{inc.ID}}
	}
	if was.State != want.State || was.Symptom != want.Symptom || !slices.Equal(was.Incidents, want.Incidents) ||
		was.Probes != nil || was.Reports != nil {
		t.Fatalf("%s at revision %d, %s: %+v", site.Site, inc.Revision, inc.State, was)
	}
	stack := decode[StackAnswer](t, n.get("/v1/stack"+asOf(inc.UpdatedAt)+"&of=dns:dyn").Body)
	states := map[faultline.IncidentState]board.StackState{faultline.StateCandidate: board.StackSuspected,
		faultline.StateConfirmed: board.StackFailing, faultline.StateRecovering: board.StackRecovering}
	if state, open := states[inc.State]; open && causeOf(inc) == "dns:dyn" && stack.Verdict.State != state {
		t.Fatalf("dns:dyn at revision %d, %s: %+v", inc.Revision, inc.State, stack)
	}
}

// causeOf is the cause that a revision names, empty if it names none.
func causeOf(inc faultline.Incident) faultline.Component {
	if inc.Cause == nil {
		return ""
	}
	return inc.Cause.Component
}

// Of what no incident named then nothing is known: it is not called well, and no sentence
// speaks of now.
func TestAsOfCallsNothingWell(t *testing.T) {
	n := newNode(t)
	first := incident(0, 1, 3)
	n.source.Publish(first)
	n.run()
	n.await(first)
	at := asOf(first.UpdatedAt)
	if was := decode[SiteAnswer](t, n.get("/v1/sites/bbc.co.uk"+at).Body); was.State != faultline.SiteUnknown {
		t.Errorf("a site that no incident names was %s", was.State)
	}
	stack := decode[StackAnswer](t, n.get("/v1/stack"+at+"&of=bbc.co.uk").Body)
	if stack.Verdict.State != board.StackUnknown ||
		stack.Verdict.Sentence != "No incident that was open then names bbc.co.uk." {
		t.Errorf("a stack of it: %+v", stack.Verdict)
	}
	sum := decode[Summary](t, n.get("/v1/summary"+at).Body)
	if len(sum.Open) != 1 || sum.Sites != nil || sum.Coverage != nil || sum.Counters != nil || sum.Vantages != nil {
		t.Errorf("the summary: %+v", sum)
	}
}

func TestAsOfRefusesWhatCanNotBeAnswered(t *testing.T) {
	n := newNode(t)
	first := incident(0, 1, 3)
	n.source.Publish(first)
	n.run()
	n.await(first)
	path := "/v1/incidents/" + first.ID
	for query, want := range map[string]int{
		path + asOf(first.UpdatedAt.Add(-time.Second)):                 http.StatusNotFound,
		path + asOf(n.clock.Now().Add(time.Hour)):                      http.StatusBadRequest,
		path + "?as_of=yesterday":                                      http.StatusBadRequest,
		"/v1/incidents" + asOf(first.UpdatedAt) + "&overlapping=true":  http.StatusBadRequest,
		"/v1/incidents" + asOf(first.DetectedAt.Add(-time.Hour)):       http.StatusBadRequest,
		"/v1/summary" + asOf(first.DetectedAt.Add(-time.Hour)):         http.StatusBadRequest,
		"/v1/summary" + asOf(n.clock.Now().Add(time.Hour)):             http.StatusBadRequest,
		"/v1/sites/bbc.co.uk" + asOf(first.DetectedAt.Add(-time.Hour)): http.StatusBadRequest,
		"/v1/sites/bbc.co.uk?as_of=yesterday":                          http.StatusBadRequest,
		"/v1/stack?of=bbc.co.uk&as_of=yesterday":                       http.StatusBadRequest,
		"/v1/stack" + asOf(first.UpdatedAt):                            http.StatusBadRequest,
	} {
		if w := n.get(query); w.Code != want {
			t.Errorf("%s: %d, want %d: %s", query, w.Code, want, w.Body)
		}
	}
}

func TestAsOfRefusesAMomentOfMoreIncidentsThanItLooksAt(t *testing.T) {
	n := newNode(t)
	var last faultline.Incident
	for i := range asOfScanned + 1 {
		last = incident(i, 1, 1)
		last.Onset.At, last.DetectedAt, last.UpdatedAt = t0, t0, t0
		n.source.Publish(last)
	}
	n.run()
	n.await(last)
	p := wantProblem(t, n.get("/v1/incidents"+asOf(last.UpdatedAt)), http.StatusBadRequest)
	if len(p.Errors) != 1 || p.Errors[0].Parameter != asOfKey || p.Errors[0].Detail != tooManyThen {
		t.Errorf("refused with %+v", p)
	}
}
