package api

import (
	"net/http"
	"strings"
	"testing"

	"faultline"
)

// The letters of an id are of either case: some programs write addresses in small ones.
func TestIncidentsAreFoundByIDsInSmallLetters(t *testing.T) {
	n := feedNode(t)
	inc := incident(0, 1, 2)
	inc.ID = "inc_01F7NGAFK0W46GM07S7W6QNY9B"
	n.source.Publish(inc)
	gone := incident(1, 1, 2)
	gone.ID = "inc_01F7NPCJH0472HB96KB7APSRGY"
	n.run()
	n.source.Publish(gone)
	n.await(gone)
	for _, path := range []string{"/v1/incidents/ID", "/v1/incidents/ID/sites", "/v1/incidents/ID/timeline",
		"/v1/incidents/ID/revisions", "/v1/incidents/ID/revisions/1", "/v1/incidents/ID?as_of=2021-06-08T10:00:00Z",
		"/oembed?url=https://faultline.example/incident/ID", "/oembed?url=http://faultline.example/incident/ID@1/",
		"/oembed?url=https://faultline.example/embed/incident/ID"} {
		for _, of := range []faultline.Incident{inc, gone} {
			same := n.get(strings.Replace(path, "ID", of.ID, 1))
			small := n.get(strings.Replace(path, "ID", strings.ToLower(of.ID), 1))
			large := n.get(strings.Replace(path, "ID", strings.ToUpper(of.ID), 1))
			if same.Code != http.StatusOK || small.Body.String() != same.Body.String() ||
				large.Body.String() != same.Body.String() {
				t.Errorf("%s of %s: %d %s %s, want %s", path, of.ID, same.Code, small.Body, large.Body, same.Body)
			}
		}
	}
	wantProblem(t, n.get("/v1/incidents/inc_01f7npcjh0472hb96kb7apsrgz"), http.StatusNotFound)
}
