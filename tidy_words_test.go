package faultline_test

import (
	"encoding/json"
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

// riddled says where texts that users read use a word of riddles: the README, the
// English words of the pages, the help of the commands.
func riddled(tree fs.FS) []fault {
	var found []fault
	readme, err := fs.ReadFile(tree, "README.md")
	if err != nil {
		return []fault{{"readable", "README.md", err.Error()}}
	}
	n := 0
	for line := range strings.Lines(string(readme)) {
		n++
		found = append(
			found,
			riddlesIn("README's words", fmt.Sprintf("README.md:%d", n), codeSpan.ReplaceAllString(line, ""))...)
	}
	words, err := fs.ReadFile(tree, "web/words/en.json")
	if err != nil {
		return append(found, fault{"readable", "web/words/en.json", err.Error()})
	}
	var pages map[string]any
	if err := json.Unmarshal(words, &pages); err != nil {
		return append(found, fault{"readable", "web/words/en.json", err.Error()})
	}
	for _, key := range slices.Sorted(maps.Keys(pages)) {
		found = append(found, riddlesIn("pages' words", "web/words/en.json: "+key, fmt.Sprint(pages[key]))...)
	}
	return append(found, riddledHelp(tree)...)
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
