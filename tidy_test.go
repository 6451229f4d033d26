package faultline_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// The form of the code: what a reader can hold in mind, and what a stranger must be
// able to rely on. imports_test.go says which package may see which,
// tidy_words_test.go holds documents and texts, runs_test.go the runs of the tests.
const (
	maxFileLines     = 400
	maxFunctionLines = 60
	maxColumns       = 120
	maxNesting       = 3
	// tabColumns is the width of a tab in maxColumns.
	tabColumns = 4
)

// wallClocks are the packages that may ask what time it is, each with its reason.
// Everything else takes now as a value or as a function, so that a test and a replay
// can say what time it is.
var wallClocks = map[string]string{
	"api/direct":        "sets deadlines of connections, which the kernel keeps by the world's time",
	"bench":             "measures",
	"bench/accuracy":    "says how long a run took",
	"bench/attack":      "says how long a run took",
	"bench/sim":         "says how long a run took",
	"bench/reliability": "says how long a run took",
	"cmd/faultline":     "hands the clock on to everything else",
	"ingest/probe":      "measures how long a connection took",
	"pace":              "measures the machine",
	"scenario/drill":    "plays at a pace of the world's time",
	"store":             "measures how long an answer took",
	"store/redisd":      "waits for a process, and says how long it lived",
	"trace":             "says when work began and ended, as other programs of the same trace do",
}

// fault is one breach of a rule.
type fault struct {
	rule string
	at   string // file:line, or a file
	what string
}

func (f fault) String() string { return fmt.Sprintf("%s: %s (%s)", f.at, f.what, f.rule) }

func TestFormIsKept(t *testing.T) {
	judge(t, untidy(os.DirFS(".")))
}

// judge fails the test for each breach of a rule.
func judge(t *testing.T, found []fault) {
	t.Helper()
	for _, f := range found {
		t.Error(f)
	}
}

// untidy says where the Go code of a tree breaks the rules of form.
func untidy(tree fs.FS) []fault {
	var found []fault
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(name, d)
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		found = append(found, untidyFile(name, string(src))...)
		return nil
	})
	if err != nil {
		found = append(found, fault{"readable", ".", err.Error()})
	}
	return found
}

// untidyFile checks one file of Go.
func untidyFile(name, src string) (found []fault) {
	if strings.HasPrefix(src, "// Code generated ") {
		return nil // nobody reads it, and nobody mends it by hand
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return []fault{{"readable", name, err.Error()}}
	}
	lines, whole := 0, uncut(fset, file)
	for line := range strings.Lines(src) {
		lines++
		line = strings.TrimRight(line, "\n")
		if n := utf8.RuneCountInString(line) + (tabColumns-1)*strings.Count(line, "\t"); n > maxColumns &&
			!whole[lines] && breakable(line) {
			found = append(found, fault{"columns", fmt.Sprintf("%s:%d", name, lines), fmt.Sprintf("%d columns", n)})
		}
	}
	if lines > maxFileLines {
		found = append(found, fault{"file length", name, fmt.Sprintf("%d lines", lines)})
	}
	c := &formCheck{name: name, fset: fset}
	c.file(file)
	return append(found, c.found...)
}

// uncut are the lines that the language does not let anybody cut: a field's tag is one
// literal, and to cut a line of a text that spans several changes the text.
func uncut(fset *token.FileSet, file *ast.File) map[int]bool {
	lines := map[int]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch s := n.(type) {
		case *ast.Field:
			if s.Tag != nil {
				lines[fset.Position(s.Tag.Pos()).Line] = true
			}
		case *ast.BasicLit:
			from, to := fset.Position(s.Pos()).Line, fset.Position(s.End()).Line
			for line := from; from != to && line <= to; line++ {
				lines[line] = true
			}
		}
		return true
	})
	return lines
}

// breakable is false for what can't be cut: a directive, and an annotation of the API,
// which swag reads by the line.
func breakable(line string) bool {
	text := strings.TrimSpace(line)
	return !strings.HasPrefix(text, "//go:") && !strings.HasPrefix(text, "// @") && !strings.HasPrefix(text, "//\t@")
}

// formCheck walks the syntax of one file.
type formCheck struct {
	name  string
	fset  *token.FileSet
	found []fault
}

func (c *formCheck) add(rule string, n ast.Node, format string, args ...any) {
	at := fmt.Sprintf("%s:%d", c.name, c.fset.Position(n.Pos()).Line)
	c.found = append(c.found, fault{rule, at, fmt.Sprintf(format, args...)})
}

func (c *formCheck) file(file *ast.File) {
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			lines := c.fset.Position(f.End()).Line - c.fset.Position(f.Pos()).Line + 1
			if lines > maxFunctionLines {
				c.add("function length", f, "%s has %d lines", f.Name.Name, lines)
			}
			if f.Recv == nil {
				c.shadow(f.Name)
			}
			if f.Body != nil {
				c.nesting(f.Body, 0, f.Name.Name)
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		c.shadows(n)
		c.clock(n)
		return true
	})
}

// nesting counts how deep control flow lies within control flow. An "else if" lies no
// deeper than its "if", and a function literal begins at nought.
func (c *formCheck) nesting(n ast.Node, depth int, function string) {
	ast.Inspect(n, func(inner ast.Node) bool {
		if inner == n {
			return true
		}
		switch s := inner.(type) {
		case *ast.FuncLit:
			c.nesting(s.Body, 0, function)
			return false
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			deeper := depth + 1
			if outer, ok := n.(*ast.IfStmt); ok && outer.Else == inner {
				deeper = depth
			}
			if deeper == maxNesting+1 {
				c.add("nesting", s, "%s nests %d deep", function, deeper)
			}
			c.nesting(s, deeper, function)
			return false
		}
		return true
	})
}

// shadows looks for names that hide one of the language's own.
func (c *formCheck) shadows(n ast.Node) {
	switch s := n.(type) {
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE {
			for _, x := range s.Lhs {
				c.shadowExpr(x)
			}
		}
	case *ast.RangeStmt:
		if s.Tok == token.DEFINE {
			c.shadowExpr(s.Key)
			c.shadowExpr(s.Value)
		}
	case *ast.ValueSpec:
		for _, id := range s.Names {
			c.shadow(id)
		}
	case *ast.TypeSpec:
		c.shadow(s.Name)
	case *ast.FuncType:
		for _, list := range []*ast.FieldList{s.TypeParams, s.Params, s.Results} {
			c.shadowFields(list)
		}
	}
}

func (c *formCheck) shadowFields(list *ast.FieldList) {
	if list == nil {
		return
	}
	for _, f := range list.List {
		for _, id := range f.Names {
			c.shadow(id)
		}
	}
}

func (c *formCheck) shadowExpr(x ast.Expr) {
	if id, ok := x.(*ast.Ident); ok {
		c.shadow(id)
	}
}

func (c *formCheck) shadow(id *ast.Ident) {
	if types.Universe.Lookup(id.Name) != nil {
		c.add("shadowed builtin", id, "%s hides the builtin of that name", id.Name)
	}
}

// clock finds where the time is asked for.
func (c *formCheck) clock(n ast.Node) {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok || !slices.Contains([]string{"Now", "Since", "Until", "Sleep"}, sel.Sel.Name) {
		return
	}
	dir := path.Dir(c.name)
	_, helper := helperOf(dir)
	_, may := wallClocks[dir]
	if id, ok := sel.X.(*ast.Ident); !ok || id.Name != "time" || may || helper ||
		strings.HasSuffix(c.name, "_test.go") {
		return
	}
	c.add("wall clock", n, "time.%s: take now as a value, or give the package a reason in wallClocks", sel.Sel.Name)
}

func TestFormFindsPlantedViolations(t *testing.T) {
	const head = "// Package api answers.\npackage api\n"
	if found := untidy(asTree(house())); len(found) > 0 {
		t.Fatalf("a clean house is accused: %v", found)
	}
	for name, tt := range map[string]struct{ file, src, want string }{
		"a long file": {"api/x.go", head + strings.Repeat("\n", maxFileLines), "api/x.go: 402 lines"},
		"a long function": {"api/x.go", head + "func f() {" + strings.Repeat("\n", maxFunctionLines) + "}",
			"f has 61 lines"},
		"a long line": {"api/x.go", head + "// " + strings.Repeat("x", maxColumns), "api/x.go:3: 123 columns"},
		"a long line of tabs": {"api/x.go", head + "\t\t// " + strings.Repeat("x", maxColumns-10),
			"api/x.go:3: 121 columns"},
		"a deep function": {"api/x.go", head + "func f() { for { if a { switch { case b: if c {} } } } }",
			"f nests 4 deep"},
		"a deep else": {"api/x.go", head + "func f() { if a {} else if b { for { for { for {} } } } }",
			"f nests 4 deep"},
		"a deep literal": {"api/x.go",
			head + "var f = 1\nfunc g() { func() { for { for { for { for {} } } } }() }", "g nests 4 deep"},
		"a builtin as result": {"api/x.go", head + "func f() (len int) { return 1 }", "len hides the builtin"},
		"a builtin as local":  {"api/x.go", head + "func f() { max := 1 }", "max hides the builtin"},
		"a builtin in range":  {"api/x.go", head + "func f() { for _, new := range x {} }", "new hides the builtin"},
		"a builtin as func":   {"api/x.go", head + "func clear() {}", "clear hides the builtin"},
		"a clock":             {"api/x.go", head + "var n = time.Now", "time.Now: take now as a value"},
		"a sleep":             {"api/x.go", head + "func f() { time.Sleep(1) }", "time.Sleep"},
	} {
		t.Run(name, func(t *testing.T) {
			files := maps.Clone(house())
			files[tt.file] = tt.src
			found := untidy(asTree(files))
			if !slices.ContainsFunc(found, func(f fault) bool { return strings.Contains(f.String(), tt.want) }) {
				t.Errorf("found %v, want %s", found, strconv.Quote(tt.want))
			}
		})
	}
}

func TestFormAllowsWhatReads(t *testing.T) {
	src := `// Package api answers.
package api

type s struct{ len int }

func (s) copy() {}

func f() {
	for {
		if a {
			if b {
			} else if c {
			} else if d {
			}
		}
	}
}
// @Description ` + strings.Repeat("x", maxColumns) + "\ntype tagged struct {\n\tA int `help:\"" +
		strings.Repeat("x", maxColumns) + "\"`\n}\nvar text = `\n" + strings.Repeat("x", maxColumns+1) + "\n`\n"
	if found := untidyFile("api/x.go", src); len(found) > 0 {
		t.Errorf("%v", found)
	}
	if found := untidyFile("api/x_test.go", "package api\nvar began = time.Now()"); len(found) > 0 {
		t.Errorf("%v", found)
	}
}
