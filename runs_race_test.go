package faultline_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// unraced are the packages with goroutines that make check runs without the race
// detector, each with its reason.
var unraced = map[string]string{
	"bench":          "a figure that is taken under the race detector is the detector's",
	"bench/accuracy": "plays scenarios beside each other that share nothing but a queue",
	"bench/attack":   "tries armies beside each other that share nothing but a queue; ten times slower with it",
	"bench/sim":      "plays deployments beside each other that share nothing but a queue",
	"cmd/faultline":  "starts processes and browsers; the goroutines of a node stand in node and below",
	"docs/gen":       "makes a document; what it starts is run with the race detector where it stands",
	"pace":           "measures the machine, and would measure the detector",
	"scenario/drill": "has no tests of its own; what it starts is run with the detector in node",
}

// concurrent are the imports by which a package shows that it shares memory between
// goroutines, as a go statement does.
var concurrent = []string{"sync", "sync/atomic", "golang.org/x/sync/errgroup", "faultline/task"}

// notRaced says which packages have goroutines, and tests that no run has the race
// detector for.
func notRaced(tree fs.FS) []string {
	makefile, err := fs.ReadFile(tree, "Makefile")
	if err != nil {
		return []string{err.Error()}
	}
	runs, _ := runsOf(string(makefile))
	why := map[string]string{} // folder → what in it is concurrent
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(name, d)
		}
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		if how := isConcurrent(name, src); how != "" {
			why[path.Dir(name)] = how
		}
		return nil
	})
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	for folder, how := range why {
		raced := slices.ContainsFunc(runs, func(r run) bool {
			return r.race && r.dir == "." && r.covers(folder) && slices.Contains(r.tags, "check")
		})
		if _, excused := unraced[folder]; !raced && !excused {
			found = append(found, fmt.Sprintf("%s: %s, and make check has no race detector for it", folder, how))
		}
	}
	slices.Sort(found)
	return found
}

// isConcurrent says what in a file shows that its package has goroutines, "" if nothing.
func isConcurrent(name string, src []byte) (how string) {
	file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
	if err != nil {
		return err.Error()
	}
	for _, spec := range file.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil && slices.Contains(concurrent, p) {
			return name + " imports " + p
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if _, ok := n.(*ast.GoStmt); ok {
			how = name + " starts a goroutine"
		}
		return how == ""
	})
	return how
}

func TestWhatHasGoroutinesIsRunWithTheRaceDetector(t *testing.T) {
	for _, v := range notRaced(os.DirFS(".")) {
		t.Error(v)
	}
	for folder := range unraced {
		if _, err := os.Stat(folder); err != nil {
			t.Errorf("%s has a reason to be left out, and is not there: %v", folder, err)
		}
	}
}

func TestWhatHasGoroutinesIsFound(t *testing.T) {
	const makefile = "test:\n\t$(GO) test ./...\ncheck:\n\t$(GO) test -race -tags check ./api/...\n\t$(GO) test " +
		"-tags check ./web\n"
	for name, tt := range map[string]struct{ file, src, want string }{
		"raced":           {"api/stream/x.go", "package stream\nimport \"sync\"", ""},
		"its tests alone": {"web/x_test.go", "package web\nimport \"sync\"", ""},
		"nothing":         {"web/x.go", "package web\nfunc f() {}", ""},
		"with a reason":   {"bench/attack/x.go", "package main\nimport \"sync\"", ""},
		"a lock":          {"web/x.go", "package web\nimport \"sync\"", "web: web/x.go imports sync"},
		"a goroutine":     {"web/x.go", "package web\nfunc f() { go f() }", "web: web/x.go starts a goroutine"},
		"a task":          {"board/x.go", "package board\nimport \"faultline/task\"", "board: board/x.go imports"},
	} {
		t.Run(name, func(t *testing.T) {
			found := strings.Join(notRaced(asTree(map[string]string{"Makefile": makefile, tt.file: tt.src})), "\n")
			if found == "" != (tt.want == "") || !strings.Contains(found, tt.want) {
				t.Errorf("found %q, want %q", found, tt.want)
			}
		})
	}
}
