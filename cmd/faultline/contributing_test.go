package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faultline/scenario"
)

// howTo returns one section of CONTRIBUTING.md, and fails if it is longer than promised.
func howTo(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "### … "+name+"\n")
	if !found {
		t.Fatalf("CONTRIBUTING.md does not say how to %s", name)
	}
	section, _, _ = strings.Cut(section, "\n##")
	lines := 0
	for line := range strings.Lines(section) {
		if trimmed := strings.TrimSpace(line); trimmed != "" && !strings.HasPrefix(trimmed, "```") {
			lines++
		}
	}
	if lines >= 10 {
		t.Errorf("how to %s takes %d lines: ten are too many", name, lines)
	}
	return section
}

// What CONTRIBUTING.md shows for a new provider, signature and status page is taken, and
// what is wrong with a variant of it is named.
func TestContributingShowsEntriesThatAreTaken(t *testing.T) {
	t.Setenv("FAULTLINE_STATE_DIR", t.TempDir())
	for name, flag := range map[string]string{"add a provider": "--providers", "add a signature": "--signatures",
		"add a status page": "--statements"} {
		section := howTo(t, name)
		_, block, found := strings.Cut(section, "```json\n")
		block, _, closed := strings.Cut(block, "```")
		if !found || !closed {
			t.Errorf("%s: no example", name)
			continue
		}
		dir := t.TempDir()
		good, bad := filepath.Join(dir, "good.json"), filepath.Join(dir, "bad.json")
		write(t, good, block)
		write(t, bad, strings.Replace(block, "cdn:example", "cdn:", 1))
		signs := filepath.Join(dir, "signs.json") // the component must be known to what names it
		_, known, _ := strings.Cut(howTo(t, "add a signature"), "```json\n")
		known, _, _ = strings.Cut(known, "```")
		write(t, signs, known)
		args := []string{"infra", "check", flag, good}
		if flag != "--signatures" {
			args = append(args, "--signatures", signs)
		}
		if code, _, errs := command(t, args...); code != 0 {
			t.Errorf("%s: exit %d: %s", name, code, errs)
		}
		args[3] = bad
		if code, _, errs := command(t, args...); code != exitUsage || !strings.Contains(errs, "bad.json") {
			t.Errorf("%s: a wrong entry: exit %d: %s", name, code, errs)
		}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A scenario that was made as CONTRIBUTING.md says can be read and played.
func TestContributingShowsHowToAddAScenario(t *testing.T) {
	section := howTo(t, "add a scenario")
	const model = "scenario/specs/fastly-2021-06-08.json"
	if !strings.Contains(section, model) {
		t.Fatal("it names no model")
	}
	text, err := os.ReadFile("../../" + model)
	if err != nil {
		t.Fatal(err)
	}
	mine := strings.Replace(string(text), `"name":"fastly-2021-06-08"`, `"name":"mine-2026-01-01"`, 1)
	spec, err := scenario.Parse(strings.NewReader(mine))
	if err != nil {
		t.Fatal(err)
	}
	if spec.Name != "mine-2026-01-01" {
		t.Errorf("%+v", spec.Name)
	}
	for range spec.Events() {
		return // it is played
	}
	t.Error("it makes no events")
}
