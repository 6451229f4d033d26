package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// statusPage answers as a provider's page that has just spoken.
func statusPage(t *testing.T) *httptest.Server {
	t.Helper()
	said := time.Now().UTC().Format(time.RFC3339)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.UserAgent(), "Faultline/") {
			t.Errorf("asked for %s as %q", r.URL, r.UserAgent())
		}
		switch r.URL.Path {
		case "/api/v2/incidents.json":
		case "/api/v2/scheduled-maintenances.json":
			fmt.Fprint(w, `{"scheduled_maintenances":[]}`)
			return
		default:
			t.Errorf("asked for %s", r.URL)
		}
		fmt.Fprintf(w,
			`{"incidents":[{"id":"i","name":"Global CDN Disruption","incident_updates":[{"id":"u",`+
				`"status":"investigating","body":"We look.","created_at":%q}]}]}`, said)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestTheLeaderHearsWhatProvidersSay(t *testing.T) {
	page, list := statusPage(t), filepath.Join(t.TempDir(), "statements.json")
	doc := fmt.Sprintf(
		`{"sources":[{"name":"Fastly","url":%q,"form":"statuspage","says":[{"component":"cdn:fastly"}]}]}`, page.URL)
	if err := os.WriteFile(list, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	state := []string{"FAULTLINE_STATE_DIR=" + shortDir(t), "FAULTLINE_STATEMENTS=" + list + "," + onlyFastly(t)}
	p := startServe(t, state)
	p.ready()
	var out string
	eventuallyLogged(p, 20*time.Second, "the statement is in the log", func() bool {
		_, out, _ = tool(t, state, "export")
		return strings.Contains(out, `"type":"statement"`)
	})
	if want := `"component":"cdn:fastly","source":"` + strings.TrimPrefix(page.URL, "http://") +
		`","status":"investigating","text":"Global CDN Disruption: We look."`; strings.Count(out, want) != 1 {
		t.Errorf("not once in the log: %s", want)
	}
}

// onlyFastly is a list that takes every other page out: a test asks nobody outside.
func onlyFastly(t *testing.T) string {
	t.Helper()
	var flags statementFlags
	flags.StatementsEvery = time.Minute
	sources, err := flags.load()
	if err != nil {
		t.Fatal(err)
	}
	var off []string
	for _, s := range sources {
		if s.Name != "Fastly" {
			off = append(off, fmt.Sprintf(`{"name":%q,"off":true}`, s.Name))
		}
	}
	name := filepath.Join(t.TempDir(), "off.json")
	if err := os.WriteFile(name, []byte(`{"sources":[`+strings.Join(off, ",")+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestNobodyIsAskedWhenNobodyShouldBe(t *testing.T) {
	if sources, err := (statementFlags{}).load(); err != nil || sources != nil {
		t.Errorf("%d sources, %v", len(sources), err)
	}
}
