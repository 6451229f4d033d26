//go:build check

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"faultline"
)

// Each example of docs/api.md and docs/webhooks.md is run against a drill, in its own
// language: a shell, a browser, Python and Go.
func TestAPIExamplesRun(t *testing.T) {
	var text []byte
	for _, name := range []string{"api.md", "webhooks.md"} {
		one, err := os.ReadFile("../../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, one...)
	}
	state := shortDir(t)
	drill := startServe(t, []string{"FAULTLINE_STATE_DIR=" + state}, "--drill", playedDrill, "--speed", "60")
	eventuallyLogged(drill, 3*time.Minute, "the drill's incident is told", func() bool {
		var list struct{ Incidents []faultline.Incident }
		drill.get("/v1/incidents?state=open", &list)
		return len(list.Incidents) > 0
	})
	fill := strings.NewReplacer("http://127.0.0.1:8080", drill.url, "./bin/faultline", program, "curl -s", "curl -sS --fail-with-body")
	b := startBrowser(t)
	seen := map[string]int{}
	for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
		language, block := m[1], fill.Replace(m[2])
		seen[language]++
		out := ""
		switch language {
		case "sh":
			out = runExample(t, state, block, "sh", "-euc", block)
		case "python":
			out = runExample(t, state, block, "python3", "-c", block)
		case "go":
			file := filepath.Join(t.TempDir(), "main.go")
			if err := os.WriteFile(file, []byte(block), 0o600); err != nil {
				t.Fatal(err)
			}
			out = runExample(t, state, block, "go", "run", file)
		case "js":
			out = runInBrowser(t, b, block)
		default:
			t.Errorf("an example in %s, which nothing runs", language)
		}
		if strings.TrimSpace(out) == "" {
			t.Errorf("says nothing:\n%s", block)
		}
	}
	for _, language := range []string{"sh", "js", "python", "go"} {
		if seen[language] == 0 {
			t.Errorf("no example in %s", language)
		}
	}
}

// runExample runs a command and returns what it printed.
func runExample(t *testing.T, state, block string, name string, args ...string) string {
	t.Helper()
	// Charts are left out, with a 503, where they can't be read within 50 ms.
	for until := time.Now().Add(30 * time.Second); ; {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Env = append(cleanEnv(), "FAULTLINE_STATE_DIR="+state)
		out, err := cmd.CombinedOutput()
		if busy := strings.Contains(string(out), `"status":503`); err != nil && busy && time.Now().Before(until) {
			continue
		}
		if err != nil {
			t.Errorf("%s\n%v\n%s", block, err, out)
		}
		return string(out)
	}
}

// runInBrowser runs a script on a page of nobody's, from where any page may read.
func runInBrowser(t *testing.T, b browser, block string) (out string) {
	t.Helper()
	ctx, end := chromedp.NewContext(b.ctx)
	defer end()
	script := "(async () => {" + block + "})()"
	out, err := chromedp.Run[string](ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Errorf("%s\n%v", block, err)
	}
	return out
}
