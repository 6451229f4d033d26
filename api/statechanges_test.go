package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"

	"github.com/mmcdole/gofeed"
)

// lived publishes the life of an incident, one revision for each state, and returns the last.
func (n *node) lived(i int, states ...faultline.IncidentState) (last faultline.Incident) {
	n.t.Helper()
	for r, state := range states {
		last = incident(i, r+1, r+1)
		last.State = state
		at := last.UpdatedAt.Add(-time.Second)
		switch state {
		case faultline.StateCandidate:
			last.ConfirmedAt = nil
		case faultline.StateRecovering:
			last.RecoveringAt = &at
		case faultline.StateResolved:
			last.RecoveringAt, last.ResolvedAt = &at, &at
		}
		n.source.Publish(last)
	}
	return last
}

// items reads a feed by what others wrote, by id.
func (n *node) items(path string) map[string]*gofeed.Item {
	n.t.Helper()
	w := n.get(path)
	f, err := gofeed.NewParser().ParseString(w.Body.String())
	if err != nil || w.Code != http.StatusOK {
		n.t.Fatalf("%s: %d %v %s", path, w.Code, err, w.Body)
	}
	byID := map[string]*gofeed.Item{}
	for _, item := range f.Items {
		byID[item.GUID] = item
	}
	if len(byID) != len(f.Items) {
		n.t.Errorf("%s: ids are there twice: %s", path, w.Body)
	}
	return byID
}

const (
	candidate  = faultline.StateCandidate
	confirmed  = faultline.StateConfirmed
	recovering = faultline.StateRecovering
	resolved   = faultline.StateResolved
)

func feedNode(t *testing.T) *node {
	t.Helper()
	return newNode(t, func(_ *Config, b *board.Config, _ *stream.Config) { b.PublicURL = "https://faultline.example" })
}

// A reader that shows each entry once learns of each change of state, and of nothing twice.
func TestFeedsOfChangesHaveOneEntryForEachChangeOfState(t *testing.T) {
	n := feedNode(t)
	n.lived(0, candidate, candidate, confirmed, confirmed, recovering, confirmed, resolved)
	n.run()
	const base = "https://faultline.example/incident/inc_01F7NM100000@"
	for _, path := range []string{"/feed.atom?entries=changes", "/feed.json?entries=changes&utm_source=x",
		"/feed.atom?entries=changes&of=cdn:fastly", "/feed.json?entries=changes&site=site000.example"} {
		items := n.items(path)
		got := slices.Sorted(maps.Keys(items))
		if want := []string{base + "1", base + "3", base + "5", base + "6", base + "7"}; !slices.Equal(got, want) {
			t.Fatalf("%s: entries %v, want %v", path, got, want)
		}
		for r, word := range map[string]string{"1": "Suspected: ", "3": "Confirmed: ", "5": "Recovering: ",
			"6": "Confirmed: ", "7": "Resolved: "} {
			item := items[base+r]
			if !strings.HasPrefix(item.Title, word) || !strings.Contains(item.Title, "revision "+r) ||
				item.Link != item.GUID || !item.PublishedParsed.Equal(*item.UpdatedParsed) {
				t.Errorf("%s: revision %s is %+v", path, r, item)
			}
		}
	}
	if got := n.items("/feed.atom?entries=changes&state=resolved"); len(got) != 1 || got[base+"7"] == nil {
		t.Errorf("of one state: %v", got)
	}
	if got := n.items("/feed.atom?entries=changes&cause=cdn:nobody"); len(got) != 0 {
		t.Errorf("of another cause: %v", got)
	}
	if got := n.items("/feed.atom?entries=incidents"); len(got) != 1 || got[strings.TrimSuffix(base, "@")] == nil {
		t.Errorf("of incidents: %v", got)
	}
	wantProblem(t, n.get("/feed.atom?entries=all"), http.StatusBadRequest)
}

// What was shown once stays, word for word, whatever is published afterwards.
func TestEntriesOfChangesAreFrozen(t *testing.T) {
	n := feedNode(t)
	n.lived(0, candidate, confirmed)
	n.run()
	before := n.items("/feed.json?entries=changes")
	last := incident(0, 3, 40)
	last.Title, last.State, last.Cause = "Another title", recovering, nil
	n.source.Publish(last)
	n.await(last)
	after := n.items("/feed.json?entries=changes")
	if len(before) != 2 || len(after) != 3 {
		t.Fatalf("%d entries, then %d", len(before), len(after))
	}
	for id, was := range before {
		if now := after[id]; now == nil || now.Title != was.Title || now.Content != was.Content ||
			!now.PublishedParsed.Equal(*was.PublishedParsed) || !now.UpdatedParsed.Equal(*was.UpdatedParsed) {
			t.Errorf("%s was %+v and is %+v", id, was, now)
		}
	}
}

// Long histories are read once, in pieces; what the store has not got is said.
func TestHistoriesAreReadOnce(t *testing.T) {
	n := feedNode(t)
	n.lived(0, slices.Concat([]faultline.IncidentState{candidate}, slices.Repeat([]faultline.IncidentState{confirmed},
		2*revisionsAtOnce+10))...)
	n.run()
	for range 3 {
		if got := n.items("/feed.json?entries=changes"); len(got) != 2 {
			t.Fatalf("%d entries", len(got))
		}
		n.items("/feed.atom?entries=changes")
	}
	if reads := n.source.Count("revisions"); reads != 3 {
		t.Errorf("%d reads", reads)
	}
	n.source.Publish(incident(1, 1, 1))
	last := n.lived(2, candidate, confirmed)
	n.await(last)
	n.source.Fail(faultline.ErrUnavailable)
	wantProblem(t, n.get("/feed.json?entries=changes"), http.StatusServiceUnavailable)
	if w := n.get("/statuspage/history.atom"); w.Code != http.StatusOK {
		t.Errorf("what can do without the store is %d", w.Code)
	}
}
