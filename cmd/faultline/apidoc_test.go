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
	"faultline/pace"
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
	const public = "http://faultline.example" // pages are embedded by their public address
	drill := startServe(t, []string{"FAULTLINE_STATE_DIR=" + state}, "--drill", playedDrill, "--speed", "60",
		"--base-url", public)
	eventuallyLogged(drill, 3*time.Minute, "the drill's incident is published", func() bool {
		var list struct{ Incidents []faultline.Incident }
		drill.get("/v1/incidents?state=open", &list)
		return len(list.Incidents) > 0
	})
	fill := strings.NewReplacer("http://127.0.0.1:8080/site/", public+"/site/",
		"http://127.0.0.1:8080", drill.url, "./bin/faultline", program, "curl -s",
		"curl -sS --fail-with-body")
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
	out, err := whileBusy(t, func() (string, error) {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Env = append(cleanEnv(), "FAULTLINE_STATE_DIR="+state)
		out, err := cmd.CombinedOutput()
		return string(out), err
	})
	if err != nil {
		t.Errorf("%s\n%v\n%s", block, err, out)
	}
	return out
}

// whileBusy tries again, as a person would, what was refused with a 503: an answer that
// needs the store is left out where the store can't be read within 50 ms, and on a busy
// machine it can't be. Whatever else fails is tried once.
func whileBusy(t *testing.T, try func() (string, error)) (out string, err error) {
	t.Helper()
	pace.Eventually(t, "the store is not too busy to answer", func() bool {
		out, err = try()
		return err == nil || !strings.Contains(out+err.Error(), "503")
	})
	return out, err
}

// runInBrowser runs a script on a page of nobody's, from where any page may read.
func runInBrowser(t *testing.T, b browser, block string) (out string) {
	t.Helper()
	ctx, end := chromedp.NewContext(b.ctx)
	defer end()
	script := "(async () => {" + block + "})()"
	out, err := whileBusy(t, func() (string, error) {
		return chromedp.Run[string](ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	})
	if err != nil {
		t.Errorf("%s\n%v", block, err)
	}
	return out
}
