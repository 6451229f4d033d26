package faultline_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Tests are run by two commands: `make test` every day, and `make check`, which is
// slow, beside it. A test that belongs to the second alone says so by the build
// constraint "check" of its file. What follows proves that each test is in at least
// one of the two, and that none leaves itself out at run time, where nobody sees it.

// run is one `go test` of the Makefile.
type run struct {
	target string   // of the Makefile
	dir    string   // the module that it tests
	tags   []string // build tags
}

// runTargets are the targets that together run every test.
var runTargets = []string{"test", "check"}

var (
	targetLine = regexp.MustCompile(`^([a-z][a-z-]*):([^=].*)?$`)
	testLine   = regexp.MustCompile(`\bgo\)? test\b|\$\(GO\) test\b`)
)

// runsOf reads the Makefile's runs of tests, and says which of them leave tests out
// in a way that is not a build tag.
func runsOf(makefile string) (runs []run, found []string) {
	target := ""
	makefile = strings.ReplaceAll(makefile, "\\\n", " ")
	for line := range strings.Lines(makefile) {
		if m := targetLine.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil {
			target = m[1]
			continue
		}
		if !slices.Contains(runTargets, target) || !strings.HasPrefix(line, "\t") || !testLine.MatchString(line) {
			continue
		}
		r := run{target: target, dir: "."}
		fields := strings.Fields(line)
		for i, f := range fields {
			flag, value, joined := strings.Cut(f, "=")
			if !joined && i+1 < len(fields) {
				value = fields[i+1]
			}
			switch flag {
			case "-tags":
				r.tags = strings.Split(value, ",")
			case "-C":
				r.dir = value
			case "-run", "-skip", "-short":
				found = append(found, fmt.Sprintf("Makefile: make %s leaves tests out by %s", target, f))
			}
		}
		if !slices.Contains(fields, "./...") {
			found = append(found, fmt.Sprintf("Makefile: make %s does not test ./...", target))
			continue
		}
		runs = append(runs, r)
	}
	return runs, found
}

// untested says which tests of a tree no run would run, and which are able to leave
// themselves out.
func untested(tree fs.FS) []string {
	makefile, err := fs.ReadFile(tree, "Makefile")
	if err != nil {
		return []string{err.Error()}
	}
	runs, found := runsOf(string(makefile))
	for _, target := range runTargets {
		if !slices.ContainsFunc(runs, func(r run) bool { return r.target == target && r.dir == "." }) {
			found = append(found, fmt.Sprintf("Makefile: make %s runs no tests", target))
		}
	}
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(name, d)
		}
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		found = append(found, untestedFile(name, moduleOf(tree, name), src, runs)...)
		return nil
	})
	if err != nil {
		found = append(found, err.Error())
	}
	return found
}

// moduleOf is the folder of the go.mod that a file belongs to.
func moduleOf(tree fs.FS, name string) string {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if _, err := fs.Stat(tree, path.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	return "."
}

// untestedFile checks one file of tests.
func untestedFile(name, mod string, src []byte, runs []run) []string {
	file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok &&
			slices.Contains([]string{"Skip", "Skipf", "SkipNow", "Short"}, sel.Sel.Name) &&
			isTesting(sel.X) {
			found = append(found, fmt.Sprintf("%s: %s leaves a test out where nobody sees it", name, sel.Sel.Name))
		}
		return true
	})
	compiled := func(r run) bool { return r.dir == mod && matches(name, src, r.tags) }
	if !slices.ContainsFunc(runs, compiled) {
		found = append(found, fmt.Sprintf("%s: neither make test nor make check compiles it", name))
	}
	if !matches(name, src, []string{"check"}) && matches(name, src, nil) {
		found = append(
			found,
			fmt.Sprintf("%s: a test that make check leaves out would never run with the race detector", name),
		)
	}
	return found
}

// isTesting recognises what a test is handed (t, b, tb, f) and the package testing.
func isTesting(x ast.Expr) bool {
	id, ok := x.(*ast.Ident)
	return ok && slices.Contains([]string{"t", "b", "tb", "f", "testing"}, id.Name)
}

// matches says whether a file is compiled with these tags on Linux, where every
// continuous integration that we know of runs.
func matches(name string, src []byte, tags []string) bool {
	c := build.Context{GOOS: "linux", GOARCH: "amd64", Compiler: "gc", BuildTags: tags,
		OpenFile: func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(src)), nil }}
	ok, err := c.MatchFile(path.Dir(name), path.Base(name))
	return ok && err == nil
}

func TestEveryTestIsRun(t *testing.T) {
	for _, v := range untested(os.DirFS(".")) {
		t.Error(v)
	}
}

func TestEveryTestIsRunFindsPlantedViolations(t *testing.T) {
	clean := map[string]string{
		"Makefile":             "test: needs\n\t$(GO) test -pgo=off ./...\ncheck:\n\t$(GO) test -race \\\n\t-tags check ./...\n\t$(GO) test -C inner ./...\n",
		"a_test.go":            "package a\nfunc TestA(t *testing.T) {}",
		"b/kill_linux_test.go": "//go:build check\n\npackage b\nfunc TestB(t *testing.T) {}",
		"inner/go.mod":         "module inner",
		"inner/c_test.go":      "package c\nfunc TestC(t *testing.T) {}",
	}
	if found := untested(asTree(clean)); len(found) > 0 {
		t.Fatalf("a clean tree is accused: %v", found)
	}
	for name, tt := range map[string]struct{ file, src, want string }{
		"a skip":              {"a_test.go", "package a\nfunc TestA(t *testing.T) { t.Skip() }", "Skip leaves a test out"},
		"a short run":         {"a_test.go", "package a\nfunc TestA(t *testing.T) { if testing.Short() {} }", "Short leaves a test out"},
		"a tag of no run":     {"x_test.go", "//go:build slow\n\npackage a", "neither make test nor make check"},
		"not in check":        {"x_test.go", "//go:build !check\n\npackage a", "never run with the race detector"},
		"another system's":    {"x_windows_test.go", "package a", "neither make test nor make check"},
		"another system":      {"x_test.go", "//go:build windows\n\npackage a", "neither make test nor make check"},
		"a module of no run":  {"b/go.mod", "module b", "b/kill_linux_test.go: neither"},
		"a pattern":           {"Makefile", "test:\n\t$(GO) test -skip Slow ./...\ncheck:\n\t$(GO) test -tags check ./...\n", "leaves tests out by -skip"},
		"some packages":       {"Makefile", "test:\n\t$(GO) test ./api\ncheck:\n\t$(GO) test -tags check ./...\n", "make test does not test ./..."},
		"a run without a tag": {"Makefile", "test:\n\t$(GO) test ./...\ncheck:\n\t$(GO) test ./...\n", "b/kill_linux_test.go: neither"},
		"one run":             {"Makefile", "test:\n\t$(GO) test ./...\n", "make check runs no tests"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			for k, v := range clean {
				files[k] = v
			}
			files[tt.file] = tt.src
			found := untested(asTree(files))
			if !slices.ContainsFunc(found, func(v string) bool { return strings.Contains(v, tt.want) }) {
				t.Errorf("found %v, want %q", found, tt.want)
			}
		})
	}
}
