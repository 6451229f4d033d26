package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each control can still be planted, and the tests that figures and controls name exist.
func TestTheTablesFitTheSource(t *testing.T) {
	t.Chdir("../..")
	for _, c := range controls {
		if _, err := c.plant(t.TempDir()); err != nil {
			t.Errorf("%s: %v", c.defence, err)
		}
		hasTests(t, c.folder, c.test)
	}
	for _, f := range figures {
		if f.test != "" {
			hasTests(t, f.folder, f.test)
		}
	}
	doc, err := os.ReadFile("docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range controls {
		if !strings.Contains(string(doc), "| "+c.defence+" |") {
			t.Errorf("docs/reliability.md does not name the defence: %s", c.defence)
		}
	}
	for _, f := range figures {
		if !strings.Contains(string(doc), "| `"+f.name+"` |") {
			t.Errorf("docs/reliability.md does not name the figure %s", f.name)
		}
	}
}

// hasTests fails unless a folder has all tests that a pattern names.
func hasTests(t *testing.T, folder, pattern string) {
	t.Helper()
	var source strings.Builder
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := fs.ReadFile(os.DirFS("."), filepath.ToSlash(filepath.Clean(name)))
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	for name := range strings.SplitSeq(pattern, "|") {
		name, _, _ = strings.Cut(name, "/")
		if !regexp.MustCompile(`func ` + name + `\w*\(t \*testing\.T\)`).MatchString(source.String()) {
			t.Errorf("%s has no test %s", folder, name)
		}
	}
}

// A number in what a test says is the value; without one there is none.
func TestValues(t *testing.T) {
	pattern := regexp.MustCompile(`took (\d+) ms`)
	for text, want := range map[string]float64{"it took 12 ms": 12, "it took no time": -1} {
		if got := valueOf(pattern, text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if got := valueOf(nil, "took 12 ms"); got != -1 {
		t.Errorf("without a pattern: %v", got)
	}
}
