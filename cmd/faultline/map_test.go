package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
)

// vantageToken issues a token for a vantage and returns the header that carries it.
func vantageToken(t *testing.T, state []string, vantage string) map[string]string {
	t.Helper()
	code, token, errs := tool(t, state, "token", "issue", "--scope", "probes:write", "--subject", vantage)
	if code != 0 {
		t.Fatal(errs)
	}
	return map[string]string{"Authorization": "Bearer " + strings.TrimSpace(token),
		"Content-Type": "application/x-ndjson"}
}

// What probes see on their way becomes the map; a move is one line of the log, and
// a replay of the log knows of it.
func TestTheMapFollowsWhatProbesSee(t *testing.T) {
	state := []string{"FAULTLINE_STATE_DIR=" + shortDir(t), "FAULTLINE_STATEMENTS_EVERY=0"}
	p := startServe(t, state)
	p.ready()
	tokens := []map[string]string{vantageToken(t, state, "lon-1"), vantageToken(t, state, "nyc-1")}
	at := time.Now().Add(-4 * time.Minute)
	check := func(cdn string) { // from both vantages
		at = at.Add(21 * time.Second)
		for _, token := range tokens {
			line := `{"site":"bbc.co.uk","at":%q,"symptom":"ok","status":200,"via":["cdn:%s","pop:%s/lhr"]}`
			code, body := p.post("/v1/probes", fmt.Sprintf(line, at.UTC().Format(time.RFC3339), cdn, cdn), token)
			if code != http.StatusAccepted {
				t.Fatalf("%d %s", code, body)
			}
		}
	}
	standsOn := func(want ...faultline.Component) func() bool {
		return func() bool {
			var s faultline.SiteStatus
			p.get("/v1/sites/bbc.co.uk", &s)
			// These probes say nothing of certificates.
			s.Components = slices.DeleteFunc(s.Components,
				func(c faultline.Component) bool { return c.Kind() == faultline.KindCA })
			return slices.Equal(s.Components, want)
		}
	}
	eventuallyLogged(p, 10*time.Second, "it leads and tells the catalogue",
		standsOn("cdn:akamai", "cdn:fastly", "tld:uk"))
	eventuallyLogged(p, 10*time.Second, "it leads", func() bool { return p.metric("faultline_leader") == 1 })
	for range 3 {
		check("fastly")
	}
	eventuallyLogged(p, 10*time.Second, "what was observed is on the map", standsOn("cdn:fastly", "tld:uk"))
	for range 3 {
		check("cloudflare")
	}
	eventuallyLogged(p, 10*time.Second, "the move is on the map", standsOn("cdn:cloudflare", "tld:uk"))
	eventuallyLogged(p, 10*time.Second, "it says so", func() bool {
		return strings.Contains(p.log(), "cdn:cloudflare (100 %): via cdn:cloudflare, as seen by nyc-1") &&
			strings.Contains(p.log(), "bbc.co.uk moved from Fastly to Cloudflare at "+at.UTC().Format(time.RFC3339))
	})
	_, out, _ := tool(t, state, "export")
	var lines []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, `"type":"site"`) && strings.Contains(line, `"bbc.co.uk"`) {
			lines = append(lines, line)
		}
	}
	if len(lines) != 3 || !strings.Contains(lines[2], `"cdn:cloudflare","tld:uk"],"source":"observed"`) ||
		!strings.Contains(lines[2], at.UTC().Format("2006-01-02T15:04:05")) {
		t.Errorf("the log says %s", lines)
	}
	eventuallyLogged(p, 10*time.Second, "both changes of one site are counted", func() bool {
		return p.metric("faultline_map_changes_total") == 2 && p.metric("faultline_map_sites") == 1
	})
}
