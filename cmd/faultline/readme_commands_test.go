//go:build check

package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/scenario"
)

// The README and the documents for those who begin are run: each of their commands
// against a drill of the binary under test.

// notRun are the commands that a test can't run, and what is checked instead.
var notRun = map[string]func(t *testing.T){
	"make run":  func(t *testing.T) { makes(t, "run") },
	"make test": func(t *testing.T) { makes(t, "test") },
	"faultline probe --server http://127.0.0.1:8080 --name lon-2 --token TOKEN": anAgentJoins,
	"faultline probe --server http://127.0.0.1:8080 --name lon-3 --token TOKEN": anAgentJoins,
	"./bin/faultline serve --listen 127.0.0.1:8080": func(t *testing.T) {
		servesWithoutFlags(t)
	},
}

func TestReadmeCommandsRun(t *testing.T) {
	state := shortDir(t)
	drill := startServe(t, []string{"FAULTLINE_STATE_DIR=" + state}, "--drill", "fastly-2021-06-08", "--speed", "60")
	var list struct{ Incidents []faultline.Incident }
	eventuallyLogged(drill, 3*time.Minute, "the drill's incident is published", func() bool {
		drill.get("/v1/incidents", &list)
		return len(list.Incidents) > 0
	})
	lines := filepath.Join(t.TempDir(), "lines.ndjson")
	writeScenario(t, lines)
	fill := strings.NewReplacer("http://127.0.0.1:8080", drill.url, "INCIDENT", list.Incidents[0].ID,
		"./bin/faultline", program, "FILE.ndjson.gz", lines, "curl -s", "curl -sS --fail-with-body -o /dev/null")
	for _, block := range shownBlocks(t, "sh") {
		if check, ok := notRun[strings.TrimSpace(block)]; ok {
			check(t)
			continue
		}
		out, err := whileBusy(t, func() (string, error) {
			cmd := exec.CommandContext(t.Context(), "sh", "-euc", fill.Replace(block))
			cmd.Env = append(cleanEnv(), "FAULTLINE_STATE_DIR="+state)
			out, err := cmd.CombinedOutput()
			return string(out), err
		})
		var exit *exec.ExitError
		if streams := strings.Contains(block, "/v1/stream"); err != nil &&
			!(streams && asExit(err, &exit) && exit.ExitCode() == 28) {
			t.Errorf("%s\n%v\n%s", block, err, out) // 28: the stream was still going when its time was up
		}
	}
	for _, block := range shownBlocks(t, "html") {
		src := regexp.MustCompile(`src="([^"]+)"`).FindStringSubmatch(block)
		if src == nil {
			t.Fatalf("no address in %s", block)
		}
		if _, err := whileBusy(t, func() (string, error) {
			return "", drill.answers(strings.TrimPrefix(fill.Replace(src[1]), drill.url))
		}); err != nil {
			t.Errorf("GET %s: %v", src[1], err)
		}
	}
}

// answers is an error unless a path answers 200.
func (p *process) answers(path string) error {
	if status := p.get(path, nil); status != http.StatusOK {
		return fmt.Errorf("the answer is %d", status)
	}
	return nil
}

func asExit(err error, exit **exec.ExitError) bool {
	return errors.As(err, exit)
}

// makes checks that the Makefile has a target and what it would do.
func makes(t *testing.T, target string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "make", "-n", "-C", "../..", target).CombinedOutput(); err != nil {
		t.Errorf("make -n %s: %v\n%s", target, err, out)
	}
}

// anAgentJoins adds one as the README does, in a world of the test's own.
func anAgentJoins(t *testing.T) {
	t.Helper()
	e := newEarth(t)
	env := []string{"FAULTLINE_STATE_DIR=" + shortDir(t)}
	p := startServe(t, env)
	p.ready()
	e.agent(env, p, "lon-1", e.cable())
	eventuallyLogged(p, 30*time.Second, "the agent is there, and sees",
		func() bool { return p.vantage("lon-1").State == faultline.VantageOK })
}

// servesWithoutFlags starts a node as the README does, but for the port.
func servesWithoutFlags(t *testing.T) {
	t.Helper()
	p := startServe(t, []string{"FAULTLINE_STATE_DIR=" + shortDir(t)})
	p.ready()
	if code, _ := p.terminate(); code != 0 {
		t.Errorf("serve ended with %d", code)
	}
}

// writeScenario writes the first minutes of a scenario as event lines.
func writeScenario(t *testing.T, name string) {
	t.Helper()
	spec, err := scenario.Builtin("fastly-2021-06-08")
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for at, ev := range spec.Arrivals() {
		if at.After(spec.Start.Add(5 * time.Minute)) {
			break
		}
		if out, err = faultline.AppendLine(out, ev); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(name, out, 0o600); err != nil {
		t.Fatal(err)
	}
}
