package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
)

func TestRevisionList(t *testing.T) {
	n := newNode(t)
	var last faultline.Incident
	for i := 1; i <= 5; i++ {
		last = incident(0, i, 3)
		if i == 4 {
			last.State = faultline.StateRecovering
		}
		if i == 5 {
			last.Cause = nil
		}
		n.source.Publish(last)
	}
	n.run()
	n.await(last)

	got := decode[RevisionList](t, n.get("/v1/incidents/"+last.ID+"/revisions?limit=2").Body)
	if got.ID != last.ID || got.Revision != 5 || len(got.Revisions) != 2 || got.Next == nil {
		t.Fatalf("the first page: %+v", got)
	}
	newest, before := got.Revisions[0], got.Revisions[1]
	if newest.Revision != 5 || newest.Component != nil || !newest.At.Equal(last.UpdatedAt) || newest.Failing != 3 ||
		newest.URL != "/v1/incidents/"+last.ID+"/revisions/5" {
		t.Errorf("the last revision in short: %+v", newest)
	}
	if want := []string{"state", "title", "cause"}; !slices.Equal(newest.Changed, want) {
		t.Errorf("the last revision changed %v, want %v", newest.Changed, want)
	}
	if want := []string{"state", "title"}; !slices.Equal(before.Changed, want) ||
		before.State != faultline.StateRecovering {
		t.Errorf("the one before changed %v, want %v", before.Changed, want)
	}

	var walked []int
	for query := "?limit=2"; query != ""; {
		w := n.get("/v1/incidents/" + last.ID + "/revisions" + query)
		page := decode[RevisionList](t, w.Body)
		for _, r := range page.Revisions {
			walked = append(walked, r.Revision)
		}
		if query = ""; page.Next != nil {
			query = "?limit=2&cursor=" + *page.Next
			if link := w.Header().Get("Link"); !strings.Contains(link, query) ||
				!strings.HasSuffix(link, `rel="next"`) {
				t.Errorf("Link says %s", link)
			}
		}
	}
	if !slices.Equal(walked, []int{5, 4, 3, 2, 1}) {
		t.Errorf("page by page it is %v", walked)
	}
	whole := decode[RevisionList](t, n.get("/v1/incidents/"+last.ID+"/revisions").Body)
	if first := whole.Revisions[4]; !slices.Contains(first.Changed, "onset") ||
		!slices.Contains(first.Changed, "sites") {
		t.Errorf("the first revision changed %v", first.Changed)
	}
}

func TestRevisionListRefuses(t *testing.T) {
	n := newNode(t)
	inc := incident(0, 1, 3)
	n.source.Publish(inc)
	n.run()
	n.await(inc)
	wantProblem(t, n.get("/v1/incidents/inc_0/revisions"), http.StatusNotFound)
	for _, query := range []string{"limit=0", "limit=101", "limit=x", "cursor=0", "cursor=1", "cursor=x", "page=2"} {
		p := wantProblem(t, n.get("/v1/incidents/"+inc.ID+"/revisions?"+query), http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Parameter != strings.Split(query, "=")[0] {
			t.Errorf("%s: %+v", query, p.Errors)
		}
	}
	if got := decode[RevisionList](t,
		n.get(fmt.Sprintf("/v1/incidents/%s/revisions?cursor=2", inc.ID)).Body); got.Next != nil {
		t.Errorf("behind the first there is %+v", got)
	}
}

// The course of an incident says null where nothing was observed, and stands at its own
// address alone.
func TestTimeline(t *testing.T) {
	n := newNode(t)
	inc := incident(0, 1, 30)
	inc.Timeline = faultline.Timeline{
		{At: t0, State: faultline.StateCandidate, Failing: 3, Observed: 30, ElsewhereObserved: 200, Reports: 12},
		{At: t0.Add(time.Minute), State: faultline.StateConfirmed},
	}
	n.source.Publish(inc)
	n.run()
	got := decode[TimelineAnswer](t, n.get("/v1/incidents/"+inc.ID+"/timeline").Body)
	if len(got.Points) != 2 || *got.Points[0].Failing != 3 || *got.Points[0].ElsewhereFailing != 0 ||
		got.Points[0].Reports != 12 ||
		got.Points[1].Failing != nil || got.Points[1].ElsewhereObserved != nil ||
		!got.CompleteUntil.Equal(inc.UpdatedAt) {
		t.Errorf("%+v", got)
	}
	for _, path := range []string{"/v1/incidents", "/v1/incidents/" + inc.ID} {
		if body := n.get(path).Body.String(); strings.Contains(body, `"timeline"`) {
			t.Errorf("%s carries the timeline: %s", path, body)
		}
	}
	wantProblem(t, n.get("/v1/incidents/inc_00000000000000000000000000/timeline"), http.StatusNotFound)
}
