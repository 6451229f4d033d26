package node

import (
	"net/http"
	"testing"

	"faultline/api"
	"faultline/pace"
	"faultline/store/storetest"
)

func TestALeaderKeepsTheConcentrationOfTheDay(t *testing.T) {
	n := start(t, storetest.Start(t))
	var kept api.ConcentrationHistory
	pace.Eventually(t, "the day is counted", func() bool {
		return n.get("/v1/concentration/history", &kept) == http.StatusOK && len(kept.Days) == 1
	})
	if len(kept.Days[0].Kinds) == 0 || kept.LeftOut {
		t.Errorf("the day is %+v", kept)
	}
}
