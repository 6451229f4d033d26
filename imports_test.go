package faultline_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "faultline"

// anyRoom in a room's list: it may import every other.
const anyRoom = "*"

// rooms is the import table: each package of the module by its folder, with the
// packages of the module that it may import. A folder that is not here is not
// part of the house: whoever adds one decides here what it may see. Imports
// point to the root, so that the wiring stays visible in cmd alone.
//
// A test file may import its own package and any test helper besides. A test
// helper is the package NAMEtest below the package NAME (store/storetest): it
// may import its parent and whatever its parent may, and only tests and bench
// may import it.
var rooms = map[string][]string{
	".":                 {},
	"trace":             {"task"}, // spans, and the form in which the log carries them
	"tlsfiles":          {},       // certificates, for the API, its agents and Redis
	"ingest":            {".", "trace"},
	"ingest/probe":      {"."},
	"ingest/infra":      {".", "atomicfile"},
	"ingest/statements": {"."},
	"ingest/pages":      {"."},
	"ingest/replay":     {".", "ingest/textfile"},
	"ingest/textfile":   {}, // how bytes become text, for replay and for operators' tables
	"ingest/agent": {".", "api/client", "atomicfile", "ingest/infra", "ingest/probe", "lockfile", "task",
		"tlsfiles"},
	"correlate":       {".", "correlate/cause", "correlate/evidence"},
	"correlate/cause": {"."}, // the search knows no engine, so that it is tried by small tables
	// Evidence is worked out in the form in which the search asks for it, and knows no engine.
	"correlate/evidence": {".", "correlate/cause"},
	"store":              {".", "record", "tlsfiles", "trace"},
	"record":             {".", "atomicfile", "board/page", "task"},
	// Open data: rows are rendered as the API's answers.
	"dump":              {".", "atomicfile", "board/page", "record", "task"},
	"correlate/verdict": {"."},
	// A verdict is of what the board holds.
	"board": {".", "atomicfile", "board/page", "correlate/verdict", "trace"},
	// how an answer is rendered and sent, whoever makes it
	"board/page": {},
	"api": {".", "board", "board/find", "board/page", "api/direct", "api/mcptools", "api/push", "api/stream",
		"api/token", "api/webhook", "docs", "dump", "record", "scenario/history", "trace"},
	"api/mcptools": {"."},
	"api/direct":   {}, // plain requests, before net/http reads them
	"api/stream":   {".", "board", "board/page"},
	"api/token":    {".", "atomicfile"},
	"api/push":     {"."},
	// Messages are rendered as the list is.
	"api/webhook":       {".", "api/push", "board/page"},
	"store/redisd":      {".", "lockfile", "task"},
	"store/archive":     {".", "atomicfile", "record", "store", "task"},
	"lockfile":          {},
	"atomicfile":        {}, // files that are replaced as a whole
	"replica":           {".", "atomicfile", "store", "task", "trace"},
	"task":              {},
	"api/client":        {"."},
	"web":               {".", "atomicfile", "board", "board/find", "board/page", "dump", "scenario/history"},
	"scenario":          {"."},
	"scenario/drill":    {".", "scenario", "task"},
	"scenario/accuracy": {".", "scenario"},
	"scenario/history":  {".", "scenario"},
	"board/find":        {"."},
	"transcript":        {"."},
	"docs":              {},
	"pace":              {},
	"docs/gen":          {anyRoom},
	"docs/metrics":      {},             // reads sources as text
	"docs/replays":      {anyRoom},      // plays the past through the engine
	"doctor":            {".", "store"}, // judges what the store and the node found
	"node":              {anyRoom},      // the wiring, visible in one place
	"cmd/faultline":     {anyRoom},
	"bench":             {anyRoom},
	"bench/accuracy":    {anyRoom},
	"bench/attack":      {anyRoom},
	"bench/sim":         {anyRoom},
	"bench/reliability": {anyRoom},
}

// testOnly are packages of which only tests and bench may know, beside the test
// helpers.
var testOnly = []string{"pace"}

// guarded are the libraries that only some rooms may see, by the beginning of
// their import paths, so that what they do can be replaced in one place.
var guarded = []struct {
	module string
	prefix string
	rooms  []string
	tests  bool // every test may see it
}{
	{"gin", "github.com/gin-gonic/", []string{"api", "web", "cmd/faultline", "bench"}, false},
	{"gin", "github.com/gin-contrib/", []string{"api", "web", "cmd/faultline", "bench"}, false},
	{"mcp", "github.com/modelcontextprotocol/", []string{"api/mcptools", "api", "cmd/faultline"}, true},
	{"parquet", "github.com/parquet-go/", []string{"dump"}, true},
	{"opentelemetry", "go.opentelemetry.io/", []string{"trace"}, true},
	{"jwt", "github.com/golang-jwt/", []string{"api/token"}, true},
	{"webpush", "github.com/SherClockHolmes/", []string{"api/push"}, false},
	{"go-redis", "github.com/redis/", []string{"store", "bench"}, true},
	{"miniredis", "github.com/alicebob/miniredis/", []string{"store", "store/redisd", "bench"}, true},
}

// badNames say nothing about what belongs in a package.
var badNames = []string{"util", "utils", "common", "models", "mocks", "helpers", "misc"}

func TestImportsFollowTheTable(t *testing.T) {
	for _, v := range violations(os.DirFS(".")) {
		t.Error(v)
	}
}

// violations reads every Go file below a root and says what breaks the rules
// above, sorted.
func violations(tree fs.FS) []string {
	var found []string
	described := map[string]bool{} // folder → its package has a comment
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(name, d)
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		described[dir] = described[dir] || file.Doc != nil && !strings.HasSuffix(name, "_test.go")
		found = append(found, checkFile(name, file)...)
		return nil
	})
	if err != nil {
		found = append(found, err.Error())
	}
	for dir, ok := range described {
		if !ok {
			found = append(found, fmt.Sprintf("%s: the package has no comment", dir))
		}
		if _, ok := allowed(dir); !ok {
			found = append(found, fmt.Sprintf("%s: the folder is not in the import table", dir))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// enter skips what the go command skips too, and what is not ours.
func enter(name string, d fs.DirEntry) error {
	base := d.Name()
	hidden := strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")
	if name != "." && (hidden || slices.Contains([]string{"testdata", "vendor", "node_modules"}, base)) {
		return fs.SkipDir
	}
	return nil
}

// checkFile checks the name of one file's package and its imports.
func checkFile(name string, file *ast.File) []string {
	var found []string
	dir := path.Dir(name)
	if n := strings.TrimSuffix(file.Name.Name, "_test"); slices.Contains(badNames, n) ||
		slices.Contains(badNames, path.Base(dir)) {
		found = append(found, fmt.Sprintf("%s: a package named %s says nothing", dir, n))
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			found = append(found, fmt.Sprintf("%s: %v", name, err))
			continue
		}
		if why := forbidden(dir, imported, strings.HasSuffix(name, "_test.go")); why != "" {
			found = append(found, fmt.Sprintf("%s: imports %s: %s", name, imported, why))
		}
	}
	return found
}

// forbidden says why a file of the package in dir must not import something; it
// returns "" when it may.
func forbidden(dir, imported string, test bool) string {
	if imported == module || strings.HasPrefix(imported, module+"/") {
		return forbiddenOwn(dir, ownFolder(imported), test)
	}
	if !strings.Contains(strings.Split(imported, "/")[0], ".") {
		return "" // the standard library
	}
	if dir == "." && !test {
		return "the root imports the standard library alone"
	}
	room := dir
	if parent, ok := helperOf(dir); ok {
		room = parent
	}
	for _, g := range guarded {
		if strings.HasPrefix(imported, g.prefix) && !slices.Contains(g.rooms, room) && !(g.tests && test) {
			return fmt.Sprintf("%s is for %s alone", g.module, strings.Join(g.rooms, ", "))
		}
	}
	return ""
}

func forbiddenOwn(dir, target string, test bool) string {
	if test && target == dir {
		return ""
	}
	if _, helper := helperOf(target); helper || slices.Contains(testOnly, target) {
		_, amHelper := helperOf(dir)
		if test || dir == "bench" || amHelper && !helper {
			return ""
		}
		return "a test helper is for tests and bench"
	}
	may, _ := allowed(dir)
	if slices.Contains(may, anyRoom) || slices.Contains(may, target) {
		return ""
	}
	return fmt.Sprintf("%s may import of this module: %v", dir, may)
}

func ownFolder(imported string) string {
	if imported == module {
		return "."
	}
	return strings.TrimPrefix(imported, module+"/")
}

// allowed returns what the package in dir may import of the module, and whether
// the table knows it at all.
func allowed(dir string) ([]string, bool) {
	if parent, ok := helperOf(dir); ok {
		return append(slices.Clone(rooms[parent]), parent), true
	}
	may, ok := rooms[dir]
	return may, ok
}

// helperOf returns the package that a test helper helps to test.
func helperOf(dir string) (parent string, ok bool) {
	parent = path.Dir(dir)
	_, known := rooms[parent]
	return parent, known && parent != "." && path.Base(dir) == path.Base(parent)+"test"
}

// house is a tree that keeps every rule.
func house() map[string]string {
	return map[string]string{
		"doc.go":    "// Package faultline is it.\npackage faultline\nimport \"time\"",
		"a_test.go": "package faultline_test\nimport \"faultline\"\nimport \"pgregory.net/rapid\"",
		"ingest/doc.go": "// Package ingest is the door.\npackage ingest\nimport \"faultline\"\nimport " +
			"\"golang.org/x/net/idna\"",
		"ingest/door_test.go": "package ingest_test\nimport \"faultline/ingest\"\nimport " +
			"\"faultline/store/storetest\"\nimport \"github.com/redis/go-redis/v9\"",
		"store/doc.go": "// Package store keeps.\npackage store\nimport \"github.com/redis/go-redis/v9\"",
		"store/storetest/doc.go": "// Package storetest helps.\npackage storetest\nimport \"faultline\"\nimport " +
			"\"faultline/store\"\nimport \"faultline/pace\"\nimport \"github.com/alicebob/miniredis/v2\"",
		"api/doc.go": "// Package api answers.\npackage api\nimport \"faultline/docs\"\nimport " +
			"\"github.com/gin-gonic/gin\"",
		"docs/doc.go": "// Package docs holds.\npackage docs",
		"cmd/faultline/doc.go": "// Command faultline runs.\npackage main\nimport \"faultline/api\"\nimport " +
			"\"faultline/store\"",
		"bench/doc.go":               "// Command bench measures.\npackage main\nimport \"github.com/gin-gonic/gin\"",
		"store/testdata/util/bad.go": "package util",
	}
}

func asTree(files map[string]string) fs.FS {
	tree := fstest.MapFS{}
	for name, src := range files {
		tree[name] = &fstest.MapFile{Data: []byte(src)}
	}
	return tree
}

func TestCheckerFindsPlantedViolations(t *testing.T) {
	if found := violations(asTree(house())); len(found) > 0 {
		t.Fatalf("a clean house is accused: %v", found)
	}
	planted := []struct{ file, src, want string }{
		{"x.go", "package faultline\nimport \"github.com/oklog/ulid/v2\"", "standard library alone"},
		{"x.go", "package faultline\nimport \"faultline/store\"", "x.go: imports faultline/store"},
		{"ingest/x.go", "package ingest\nimport \"faultline/store\"", "ingest/x.go: imports faultline/store"},
		{
			"ingest/x_test.go",
			"package ingest_test\nimport \"faultline/store\"",
			"ingest/x_test.go: imports faultline/store",
		},
		{"ingest/x.go", "package ingest\nimport \"faultline/store/storetest\"", "for tests and bench"},
		{"cmd/faultline/x.go", "package main\nimport \"faultline/store/storetest\"", "for tests and bench"},
		{"cmd/faultline/x.go", "package main\nimport \"faultline/pace\"", "for tests and bench"},
		{
			"store/storetest/x.go",
			"package storetest\nimport \"faultline/api\"",
			"store/storetest/x.go: imports faultline/api",
		},
		{"docs/x.go", "package docs\nimport \"faultline\"", "docs/x.go: imports faultline:"},
		{"ingest/x.go", "package ingest\nimport \"github.com/gin-gonic/gin\"", "gin is for"},
		{"ingest/x_test.go", "package ingest\nimport \"github.com/gin-contrib/sse\"", "gin is for"},
		{"api/x.go", "package api\nimport \"github.com/redis/go-redis/v9\"", "go-redis is for"},
		{"api/x.go", "package api\nimport \"github.com/alicebob/miniredis/v2\"", "miniredis is for"},
		{"store/x.go", "package store\nimport \"github.com/golang-jwt/jwt/v5\"", "jwt is for"},
		{"ingest/doc.go", "package ingest", "ingest: the package has no comment"},
		{"ingest/util/x.go", "// Package util is.\npackage util", "a package named util says nothing"},
		{"ingest/y/x.go", "// Package mocks is.\npackage mocks", "a package named mocks says nothing"},
		{"attic/x.go", "// Package attic is.\npackage attic", "attic: the folder is not in the import table"},
		{"api/x.go", "package api\nimport (", "api/x.go"},
	}
	for _, p := range planted {
		files := maps.Clone(house())
		files[p.file] = p.src
		found := violations(asTree(files))
		if !slices.ContainsFunc(found, func(v string) bool { return strings.Contains(v, p.want) }) {
			t.Errorf("%s with %q: found %v, want %q", p.file, p.src, found, p.want)
		}
	}
}
