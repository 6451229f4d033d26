package api

import (
	"net/http"
	"testing"

	"faultline"
	"faultline/scenario/history"
)

func TestReplaysAreListedAndToldRevisionByRevision(t *testing.T) {
	n := newNode(t)
	n.run()
	list := decode[ReplayList](t, n.get("/v1/replays").Body)
	if len(list.Replays) != len(history.Names()) || !list.Replays[0].Reconstruction ||
		list.Replays[0].FirstWord != nil {
		t.Fatalf("%d replays: %+v", len(list.Replays), list.Replays[0])
	}
	const path = "/v1/replays/fastly-2021-06-08"
	got := decode[ReplayAnswer](t, n.get(path).Body)
	if got.Score.Named != "cdn:fastly" || len(got.Frames) != got.Revisions || len(got.Sources) == 0 ||
		len(got.Said) != 4 {
		t.Errorf("the replay: %+v", got.ReplayRef)
	}
	last := decode[faultline.Incident](t, n.get(path+"/revisions/105").Body)
	if frame := got.Frames[104]; frame.Revision != last.Revision || frame.Title != last.Title ||
		!frame.At.Equal(last.UpdatedAt) {
		t.Errorf("frame 105 is %+v, the revision %s", frame, last.Title)
	}
	for bad, want := range map[string]int{"/v1/replays/none": http.StatusNotFound,
		path + "/revisions/0":    http.StatusBadRequest,
		path + "/revisions/9999": http.StatusNotFound, path + "?x=1": http.StatusBadRequest} {
		if w := n.get(bad); w.Code != want {
			t.Errorf("%s: %d, want %d", bad, w.Code, want)
		}
	}
}
