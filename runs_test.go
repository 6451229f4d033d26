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
// one of the two, that none leaves itself out at run time, where nobody sees it, and
// that whatever has goroutines is run with the race detector. runs_race_test.go says
// which packages those are.

// run is one `go test` of the Makefile.
type run struct {
	target   string   // of the Makefile
	dir      string   // the module that it tests
	tags     []string // build tags
	race     bool     // with the race detector
	packages []string // as the command takes them: ./api, ./api/...
}

// covers says whether the run tests the package in a folder of its module.
func (r run) covers(folder string) bool {
	return slices.ContainsFunc(r.packages, func(p string) bool {
		p = path.Clean(p)
		below, whole := strings.CutSuffix(p, "...")
		below = strings.TrimSuffix(below, "/")
		return p == folder || whole && (below == "" || folder == below || strings.HasPrefix(folder, below+"/"))
	})
}

// runTargets are the targets that together run every test.
var runTargets = []string{"test", "race", "check"}

var (
	targetLine   = regexp.MustCompile(`^([a-z][a-z-]*):([^=].*)?$`)
	testLine     = regexp.MustCompile(`\bgo\)? test\b|\$\(GO\) test\b`)
	variableLine = regexp.MustCompile(`^([A-Z_]+) *[:?]?= *(.*)$`)
)

// runsOf reads the Makefile's runs of tests, and says which of them leave tests out
// in a way that is neither a build tag nor a package.
func runsOf(makefile string) (runs []run, found []string) {
	target := ""
	variables := []string{}
	makefile = strings.ReplaceAll(makefile, "\\\n", " ")
	for line := range strings.Lines(makefile) {
		line = strings.TrimRight(line, "\n")
		if m := variableLine.FindStringSubmatch(line); m != nil {
			variables = append(variables, "$("+m[1]+")", m[2])
		}
		if m := targetLine.FindStringSubmatch(line); m != nil {
			target = m[1]
			continue
		}
		if !slices.Contains(runTargets, target) || !strings.HasPrefix(line, "\t") || !testLine.MatchString(line) {
			continue
		}
		r, left := runOf(target, strings.Fields(strings.NewReplacer(variables...).Replace(line)))
		found = append(found, left...)
		if target == "test" && !slices.Contains(r.packages, "./...") {
			found = append(found, "Makefile: make test does not test ./...")
			continue
		}
		runs = append(runs, r)
	}
	return runs, found
}

// runOf reads the words of one run.
func runOf(target string, words []string) (r run, found []string) {
	r = run{target: target, dir: "."}
	for i, w := range words {
		flag, value, joined := strings.Cut(w, "=")
		if !joined && i+1 < len(words) {
			value = words[i+1]
		}
		switch flag {
		case "-tags":
			r.tags = strings.Split(value, ",")
		case "-C":
			r.dir = value
		case "-race":
			r.race = true
		case "-run", "-skip", "-short":
			found = append(found, fmt.Sprintf("Makefile: make %s leaves tests out by %s", target, w))
		}
		if strings.HasPrefix(w, "./") {
			r.packages = append(r.packages, w)
		}
	}
	return r, found
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
	folder := path.Clean("./" + strings.TrimPrefix(path.Dir(name), mod))
	compiled := func(r run) bool { return r.dir == mod && r.covers(folder) && matches(name, src, r.tags) }
	if !slices.ContainsFunc(runs, compiled) {
		found = append(found, fmt.Sprintf("%s: neither make test nor make check compiles it", name))
	}
	if !matches(name, src, []string{"check"}) && matches(name, src, nil) {
		found = append(
			found,
			fmt.Sprintf("%s: a test that the tag check leaves out would never run with the race detector", name),
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
		"Makefile": "RACE = . ./b/...\ntest: needs\n\t$(GO) test -pgo=off ./...\n" +
			"race:\n\t$(GO) test -race \\\n\t-tags check $(RACE)\n" +
			"check: race\n\t$(GO) test -tags check ./b\n\t$(GO) test -C inner ./...\n",
		"a_test.go":            "package a\nfunc TestA(t *testing.T) {}",
		"b/kill_linux_test.go": "//go:build check\n\npackage b\nfunc TestB(t *testing.T) {}",
		"inner/go.mod":         "module inner",
		"inner/c_test.go":      "package c\nfunc TestC(t *testing.T) {}",
	}
	if found := untested(asTree(clean)); len(found) > 0 {
		t.Fatalf("a clean tree is accused: %v", found)
	}
	for name, tt := range map[string]struct{ file, src, want string }{
		"a skip": {"a_test.go", "package a\nfunc TestA(t *testing.T) { t.Skip() }",
			"Skip leaves a test out"},
		"a short run": {"a_test.go", "package a\nfunc TestA(t *testing.T) { if testing.Short() {} }",
			"Short leaves a test out"},
		"a tag of no run":    {"x_test.go", "//go:build slow\n\npackage a", "neither make test nor make check"},
		"not in check":       {"x_test.go", "//go:build !check\n\npackage a", "never run with the race detector"},
		"another system's":   {"x_windows_test.go", "package a", "neither make test nor make check"},
		"another system":     {"x_test.go", "//go:build windows\n\npackage a", "neither make test nor make check"},
		"a module of no run": {"b/go.mod", "module b", "b/kill_linux_test.go: neither"},
		"a pattern": {"Makefile",
			"test:\n\t$(GO) test -skip Slow ./...\ncheck:\n\t$(GO) test -tags check ./...\n",
			"leaves tests out by -skip"},
		"some packages": {"Makefile", "test:\n\t$(GO) test ./api\ncheck:\n\t$(GO) test -tags check ./...\n",
			"make test does not test ./..."},
		"a package of no run": {"Makefile", "test:\n\t$(GO) test ./...\ncheck:\n\t$(GO) test -tags check ./a\n",
			"b/kill_linux_test.go: neither"},
		"a run without a tag": {"Makefile", "test:\n\t$(GO) test ./...\ncheck:\n\t$(GO) test ./...\n",
			"b/kill_linux_test.go: neither"},
		"one run": {"Makefile", "test:\n\t$(GO) test ./...\n", "make check runs no tests"},
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
