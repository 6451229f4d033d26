package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
)

// An empty list is not to be taken for calm: the command says what is not observed, and
// leaves standard output to what programs read.
func TestIncidentsSayWhatIsNotObserved(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/summary":
			fmt.Fprint(w, `{"meta":{"coverage":{"state":"blind","note":"Not observed: no vantage reports."}}}`)
		default:
			fmt.Fprint(w, `{"incidents":[],"next":null}`)
		}
	}))
	defer server.Close()
	cmd := exec.CommandContext(t.Context(), program, "incidents", "--url", server.URL)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil || len(out) != 0 || said.String() != "faultline: Not observed: no vantage reports.\n" {
		t.Errorf("%v, %q, %q", err, out, said.String())
	}
}
