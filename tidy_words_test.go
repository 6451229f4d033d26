package faultline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Documents and texts: every path that a document names is there, and what users read
// keeps to plain words.

var (
	// linkTo is the target of a link or picture in Markdown.
	linkTo = regexp.MustCompile(`\]\(([^)\s#]+)(?:#[^)]*)?\)`)
	// codeSpan is a span of code in Markdown.
	codeSpan = regexp.MustCompile("`([^`\n]+)`")
	// filePath is what of a span of code is the path of a file or a folder: names
	// joined by slashes, or one name that ends as a file of Go does.
	filePath = regexp.MustCompile(`^\.?[a-zA-Z0-9_][a-zA-Z0-9_.-]*(?:/[a-zA-Z0-9_.-]+)*/?$`)
)

// riddles are words that only those who wrote the code understand, each with what to
// write instead.
var riddles = []struct {
	word    *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`(?i)\b(un)?hear(s|d|ing)?\b`), "reported, counted"},
	{regexp.MustCompile(`(?i)\b(un)?told\b|\btells\b`), "published, confirmed, says"},
	{
		regexp.MustCompile(`(?i)\b(a|an|the|each|every|one|first|last|per|our|its) (last |first |next )?looks?\b`),
		"check",
	},
	{regexp.MustCompile(`(?i)\bvoices?\b`), "trust"},
	{regexp.MustCompile(`(?i)\b(stands?|standing|stood) (on|upon)\b`), "depends on"},
	{regexp.MustCompile(`(?i)\bnameless\b`), "an unmapped cause"},
	{regexp.MustCompile(`(?i)\bstir(s|red)?\b`), "changed"},
	{regexp.MustCompile(`(?i)\b(story|stories)\b`), "incident history"},
	{regexp.MustCompile(`(?i)\bwish(es)?\b`), "check request"},
	{regexp.MustCompile(`(?i)\banew\b`), "again"},
	{regexp.MustCompile(`(?i)\bfor ever\b`), "permanently"},
	{regexp.MustCompile(`(?i)\bthe door\b`), "the API"},
	{regexp.MustCompile(`(?i)\b(the|our|its) map\b`), "our list of sites"},
}

func TestDocumentsNameWhatIsThere(t *testing.T) {
	judge(t, dangling(os.DirFS(".")))
}

func TestTextsUsePlainWords(t *testing.T) {
	judge(t, riddled(os.DirFS(".")))
}

// dangling says which paths the Markdown of a tree names in vain.
func dangling(tree fs.FS) []fault {
	var found []fault
	files := map[string]bool{} // the bare names of all files of Go
	var documents []string
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(name, d)
		}
		switch path.Ext(name) {
		case ".go":
			files[path.Base(name)] = true
		case ".md":
			documents = append(documents, name)
		}
		return nil
	})
	if err != nil {
		found = append(found, fault{"readable", ".", err.Error()})
	}
	for _, name := range documents {
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			found = append(found, fault{"readable", name, err.Error()})
			continue
		}
		n := 0
		for line := range strings.Lines(string(text)) {
			n++
			for _, missing := range missingPaths(tree, files, name, line) {
				found = append(
					found,
					fault{"paths in documents", fmt.Sprintf("%s:%d", name, n), missing + " is not there"},
				)
			}
		}
	}
	return found
}

// missingPaths returns what one line of a document names and the tree does not have.
// Links are relative to the document, code to the root; the bare name of a file of Go
// may be in any folder.
func missingPaths(tree fs.FS, files map[string]bool, name, line string) (missing []string) {
	for _, m := range linkTo.FindAllStringSubmatch(line, -1) {
		if strings.Contains(m[1], ":") || strings.HasPrefix(m[1], "/") {
			continue
		}
		if _, err := fs.Stat(tree, path.Join(path.Dir(name), m[1])); err != nil {
			missing = append(missing, m[1])
		}
	}
	for _, m := range codeSpan.FindAllStringSubmatch(line, -1) {
		if !namesAFile(m[1]) {
			continue
		}
		if _, err := fs.Stat(tree, path.Clean(m[1])); err != nil && !files[m[1]] {
			missing = append(missing, m[1])
		}
	}
	return missing
}

// namesAFile says whether a span of code is a path of this repository: its first part
// is one of our folders, or it is a file of Go at the root.
func namesAFile(span string) bool {
	if !filePath.MatchString(span) {
		return false
	}
	first, _, deeper := strings.Cut(span, "/")
	if !deeper {
		return path.Ext(span) == ".go"
	}
	ours := slices.Contains([]string{"script", ".ci"}, first)
	for room := range rooms {
		top, _, _ := strings.Cut(room, "/")
		ours = ours || top == first
	}
	return ours
}

// riddled says where texts that users read use a word of riddles: the documents, the
// English words of the pages, the help of the commands, and what the program says.
func riddled(tree fs.FS) []fault {
	found := append(riddledDocuments(tree), riddledPages(tree)...)
	return append(append(found, riddledHelp(tree)...), riddledMessages(tree)...)
}

// riddledDocuments reads the prose of documents: what stands in code is no prose.
func riddledDocuments(tree fs.FS) (found []fault) {
	names := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"}
	docs, err := fs.Glob(tree, "docs/*.md")
	if err != nil {
		return []fault{{"readable", "docs", err.Error()}}
	}
	for _, name := range append(names, docs...) {
		text, err := fs.ReadFile(tree, name)
		if errors.Is(err, fs.ErrNotExist) || slices.Contains(quoting, name) {
			continue
		}
		if err != nil {
			return append(found, fault{"readable", name, err.Error()})
		}
		n, code := 0, false
		for line := range strings.Lines(string(text)) {
			n++
			if strings.HasPrefix(line, "```") {
				code = !code
			}
			if !code {
				at := fmt.Sprintf("%s:%d", name, n)
				found = append(found, riddlesIn("documents' words", at, codeSpan.ReplaceAllString(line, ""))...)
			}
		}
	}
	return found
}

// riddledPages reads the English words of the pages.
func riddledPages(tree fs.FS) (found []fault) {
	words, err := fs.ReadFile(tree, "web/words/en.json")
	if err != nil {
		return []fault{{"readable", "web/words/en.json", err.Error()}}
	}
	var pages map[string]any
	if err := json.Unmarshal(words, &pages); err != nil {
		return []fault{{"readable", "web/words/en.json", err.Error()}}
	}
	for _, key := range slices.Sorted(maps.Keys(pages)) {
		found = append(found, riddlesIn("pages' words", "web/words/en.json: "+key, fmt.Sprint(pages[key]))...)
	}
	return found
}

// unsaid are folders whose sentences no user of the program reads.
var unsaid = []string{"bench", "scenario", "docs"}

// riddledMessages reads the sentences in the code of the program: errors, lines of the log,
// the help of metrics, answers. A sentence is a string with a space in it.
func riddledMessages(tree fs.FS) (found []fault) {
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if top, _, _ := strings.Cut(name, "/"); d.IsDir() {
			if slices.Contains(unsaid, top) {
				return fs.SkipDir
			}
			return enter(name, d)
		}
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if f, ok := n.(*ast.Field); ok && f.Tag != nil {
				return false // riddledHelp reads it
			}
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			if text, _ := strconv.Unquote(lit.Value); strings.Contains(text, " ") {
				at := fmt.Sprintf("%s:%d", name, fset.Position(lit.Pos()).Line)
				found = append(found, riddlesIn("messages' words", at, text)...)
			}
			return true
		})
		return nil
	})
	if err != nil {
		found = append(found, fault{"readable", ".", err.Error()})
	}
	return found
}

// riddledHelp reads the help that struct tags give to flags and commands.
func riddledHelp(tree fs.FS) (found []fault) {
	names, err := fs.Glob(tree, "cmd/*/*.go")
	if err != nil {
		return []fault{{"readable", "cmd", err.Error()}}
	}
	for _, name := range names {
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return append(found, fault{"readable", name, err.Error()})
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
		if err != nil {
			return append(found, fault{"readable", name, err.Error()})
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if f, ok := n.(*ast.Field); ok && f.Tag != nil {
				tag, _ := strconv.Unquote(f.Tag.Value) // the parser has checked it
				at := fmt.Sprintf("%s:%d", name, fset.Position(f.Pos()).Line)
				found = append(found, riddlesIn("help's words", at, reflect.StructTag(tag).Get("help"))...)
			}
			return true
		})
	}
	return found
}

func riddlesIn(rule, at, text string) (found []fault) {
	for _, r := range riddles {
		if word := r.word.FindString(text); word != "" {
			found = append(found, fault{rule, at, fmt.Sprintf("%q: write %s", word, r.instead)})
		}
	}
	return found
}

func TestDocumentsAndTextsFindPlantedViolations(t *testing.T) {
	clean := map[string]string{
		"README.md": "# It\n\nSee [more](docs/more.md#part) and `api/doc.go`, " +
			"[them](https://example.org/x) and `GET /v1/x`.",
		"docs/more.md":             "Back to [it](../README.md). `docs/gen` is a folder, `text/html` is none of ours.",
		"docs/gen/doc.go":          "package gen",
		"api/doc.go":               "package api",
		"cmd/faultline/a.go":       "package main\ntype c struct {\n\tA string `help:\"Where it listens.\"`\n}",
		"web/words/en.json":        `{"a":{"other":"Nothing is known."}}`,
		"web/testdata/x/README.md": "[nothing](no.md)",
	}
	check := func(files map[string]string) []fault {
		tree := asTree(files)
		return append(dangling(tree), riddled(tree)...)
	}
	if found := check(clean); len(found) > 0 {
		t.Fatalf("a clean tree is accused: %v", found)
	}
	for name, tt := range map[string]struct{ file, text, want string }{
		"a dead link":      {"docs/more.md", "[it](README.md)", "docs/more.md:1: README.md is not there"},
		"a dead picture":   {"README.md", "x\n![it](docs/img/it.png)", "README.md:2: docs/img/it.png is not there"},
		"a dead path":      {"README.md", "See `api/limit.go`.", "api/limit.go is not there"},
		"a dead root file": {"README.md", "See `gone_test.go`.", "gone_test.go is not there"},
		"an idiom":         {"README.md", "You hear 202.", `"hear": write reported`},
		"an idiom of ours": {"web/words/en.json", `{"a":"As of the last look."}`, `"the last look"`},
		"an idiom in docs": {"docs/more.md", "They are read anew.", `docs/more.md:1: "anew": write again`},
		"a quiet document": {"CONTRIBUTING.md", "It stands upon it.", `CONTRIBUTING.md:1: "stands upon"`},
		"an idiom in errors": {"api/doc.go",
			"package api\nvar e = f(\"a door\",\n\"nobody hears it\")", `api/doc.go:3: "hears"`},
		"an idiom in help": {"cmd/faultline/a.go",
			"package main\ntype c struct {\n\tA string `help:\"Who is told.\"`\n}", `cmd/faultline/a.go:3: "told"`},
	} {
		t.Run(name, func(t *testing.T) {
			files := maps.Clone(clean)
			files[tt.file] = tt.text
			found := check(files)
			if !slices.ContainsFunc(found, func(f fault) bool { return strings.Contains(f.String(), tt.want) }) {
				t.Errorf("found %v, want %q", found, tt.want)
			}
		})
	}
}
