package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// guard is the test that a part of the method is kept by.
type guard struct {
	room string
	test string // as go test -run takes it
}

func (a ablation) guard() guard {
	room, test, _ := strings.Cut(a.test, ".")
	return guard{room, test}
}

// guardRow is what docs/method.md says of a part's test.
func (a ablation) guardRow() string {
	g := a.guard()
	name, part, _ := strings.Cut(g.test, "/")
	if part != "" {
		part = ": " + strings.ReplaceAll(part, "_", " ")
	}
	return "| " + a.name + " | `" + name + "`" + part + " | `" + g.room + "` |"
}

// Each part of the method says by a test what it is for, and docs/method.md names the test.
func TestEachPartNamesATest(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile(filepath.Join(root, "docs", "method.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range ablations {
		if why := missing(t, root, a.guard()); why != "" {
			t.Errorf("%s: %q: %s", a.name, a.test, why)
		}
		if row := a.guardRow(); !strings.Contains(string(doc), row) {
			t.Errorf("docs/method.md has no row %s", row)
		}
	}
	for _, none := range []string{
		"", "correlate.TestNone", "correlate/cause.TestSolve/nothing_of_the_kind", "nowhere.TestSolve",
	} {
		if missing(t, root, ablation{test: none}.guard()) == "" {
			t.Errorf("%q is taken for a test", none)
		}
	}
}

// missing says what is not there of a guard, nothing if all is.
func missing(t *testing.T, root string, g guard) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, g.room, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	name, part, _ := strings.Cut(g.test, "/")
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if name == "" || !strings.Contains(string(src), "func "+name+"(t *testing.T)") {
			continue
		}
		if !strings.Contains(string(src), `"`+strings.ReplaceAll(part, "_", " ")+`"`) && part != "" {
			return "the test has no such part"
		}
		return ""
	}
	return "there is no such test"
}
