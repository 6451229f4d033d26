package faultline_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// action is what is read of deploy/action/action.yml.
type action struct {
	Inputs map[string]struct{ Default string }
	Runs   struct {
		Steps []struct {
			ID, Shell, Run string
			Env            map[string]string
		}
	}
}

// askStep returns the script of the step that asks, and its environment with these inputs.
func askStep(t *testing.T, inputs map[string]string) (script string, env []string) {
	t.Helper()
	text, err := os.ReadFile("deploy/action/action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	for _, step := range a.Runs.Steps {
		if step.ID != "ask" {
			continue
		}
		for name, value := range step.Env {
			input := regexp.MustCompile(`^\$\{\{ inputs\.([a-z-]+) \}\}$`).FindStringSubmatch(value)
			if input == nil {
				t.Fatalf("%s is %s", name, value)
			}
			given, ok := inputs[input[1]]
			if !ok {
				given = a.Inputs[input[1]].Default
			}
			env = append(env, name+"="+given)
		}
		return step.Run, env
	}
	t.Fatal("no step asks")
	return "", nil
}

// The action of deploy/action asks as faultline check wants to be asked, says what it was
// answered as data alone, and ends as its inputs say.
func TestActionRunsItsLines(t *testing.T) {
	const sentence = "1 of your 2 is failing, 50% of what you have."
	for name, c := range map[string]struct {
		code, want int
		inputs     map[string]string
		said       string
	}{
		"nothing fails":          {0, 0, nil, ""},
		"something fails":        {3, 3, nil, "::error title=Faultline::1 of your 2 is failing, 50%25 of"},
		"it is only a warning":   {3, 0, map[string]string{"warn-only": "true"}, "::warning title=Faultline::1 of"},
		"nobody answers":         {1, 1, map[string]string{"warn-only": "true"}, "::error title=Faultline::"},
		"what else fails counts": {3, 3, map[string]string{"fail-on": "suspected"}, "::error"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			program, output := filepath.Join(dir, "faultline"), filepath.Join(dir, "output")
			asked := filepath.Join(dir, "asked")
			stub := "#!/bin/sh\nprintf '%s\\n' \"$@\" >" + asked + "\necho '" + sentence + "'\n" +
				"echo '::set-output name=x::y'\nexit " + strconv.Itoa(c.code) + "\n"
			if err := os.WriteFile(program, []byte(stub), 0o700); err != nil {
				t.Fatal(err)
			}
			inputs := map[string]string{"url": "https://faultline.example", "program": program,
				"of": "a.example,$(touch x); cdn:fastly"}
			for k, v := range c.inputs {
				inputs[k] = v
			}
			script, env := askStep(t, inputs)
			cmd := exec.CommandContext(t.Context(), "bash", "-eo", "pipefail", "-c", script)
			cmd.Dir = dir
			cmd.Env = append(env, "GITHUB_OUTPUT="+output, "RUNNER_TEMP="+dir, "PATH="+os.Getenv("PATH"))
			said, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != c.want || !strings.Contains(string(said), c.said) {
				t.Errorf("exit %d, want %d: %s", got, c.want, said)
			}
			if !regexp.MustCompile(`(?s)^::stop-commands::(\S+)\n.*::set-output.*\n::stop-\d+::\n`).Match(said) {
				t.Errorf("the answer could be taken for a command: %s", said)
			}
			failOn := "confirmed"
			if v := c.inputs["fail-on"]; v != "" {
				failOn = v
			}
			holds(t, asked, "check\n--url\nhttps://faultline.example\n--of\n"+inputs["of"]+"\n--fail-on\n"+failOn+"\n")
			holds(t, output, "verdict="+sentence+"\ncode="+strconv.Itoa(c.code)+"\n")
		})
	}
}

// holds checks what a file holds.
func holds(t *testing.T, file, want string) {
	t.Helper()
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%s holds %q, want %q (%v)", filepath.Base(file), got, want, err)
	}
}
