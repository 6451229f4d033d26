package web_test

import (
	"net/http"
	"strings"
	"testing"
)

// The letters of an id are of either case: some programs write addresses in small ones.
func TestIncidentsAreFoundByIDsInSmallLetters(t *testing.T) {
	h := serve(t, newWorld().config())
	small := strings.ToLower(outage)
	for _, path := range []string{"/incident/ID", "/incident/ID@2", "/incident/ID.md", "/incident/ID@2.md",
		"/incident/ID?since=1", "/embed/incident/ID", "/embed/incident/ID@2", "/card/incident/ID.png",
		"/card/incident/ID.svg", "/card/incident/ID@2.csv", "/developers?of=incident/ID"} {
		for _, id := range []string{small, strings.ToUpper(outage), small[:10] + outage[10:]} {
			w := get(h, strings.Replace(path, "ID", id, 1))
			same := get(h, strings.Replace(path, "ID", outage, 1))
			if w.Code != http.StatusOK || w.Body.String() != same.Body.String() {
				t.Errorf("%s of %s: %d, and not what %s is", path, id, w.Code, outage)
			}
		}
	}
	w := get(h, "/site?q="+small)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/incident/"+outage {
		t.Errorf("search: %d %v", w.Code, w.Header())
	}
}
