package faultline_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// The table of answers in docs/architecture.md leads newcomers to a name in a file. A name
// that was moved would send them astray, so each is looked up.
const (
	answersDocument = "docs/architecture.md"
	answersHeading  = "## Where the answers stand\n"
	fewAnswers      = 10 // rows that the table must have
)

func TestAnswersStandWhereTheTableSays(t *testing.T) {
	judge(t, astray(os.DirFS(".")))
}

// astray says which rows of the table of answers name what is not there. In a row a span of
// code that ends as a file does is one, and the spans behind it are names in that file.
func astray(tree fs.FS) (found []fault) {
	text, err := fs.ReadFile(tree, answersDocument)
	if err != nil {
		return []fault{{"readable", answersDocument, err.Error()}}
	}
	add := func(what string) { found = append(found, fault{"answers", answersDocument, what}) }
	rows := 0
	for _, row := range answerRows(string(text)) {
		rows++
		question, answer, _ := strings.Cut(row, "|")
		file, names := "", 0
		for _, span := range codeSpan.FindAllStringSubmatch(answer, -1) {
			switch {
			case slices.Contains([]string{".go", ".json", ".lua"}, path.Ext(span[1])):
				file = span[1]
			case !stands(tree, file, span[1]):
				add(strings.TrimSpace(question) + " " + span[1] + " is not in " + file)
			default:
				names++
			}
		}
		if names == 0 {
			add(strings.TrimSpace(question) + " names nothing")
		}
	}
	if rows < fewAnswers {
		add("the table has lost rows")
	}
	return found
}

// answerRows are the rows of the table below the heading, without the bars at both ends. The
// first two are its head.
func answerRows(text string) []string {
	_, section, _ := strings.Cut(text, answersHeading)
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []string
	for line := range strings.Lines(section) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "|") {
			rows = append(rows, strings.Trim(line, "|"))
		}
	}
	return rows[min(2, len(rows)):]
}

// stands reports whether a file has a name: code of Go must declare or use it as an
// identifier, any other file must contain it.
func stands(tree fs.FS, file, name string) bool {
	src, err := fs.ReadFile(tree, file)
	if err != nil {
		return false
	}
	if path.Ext(file) != ".go" {
		return strings.Contains(string(src), name)
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, src, parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	has := false
	ast.Inspect(parsed, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		has = has || ok && id.Name == name
		return !has
	})
	return has
}

func TestAnswersFindPlantedViolations(t *testing.T) {
	row := "| Where? | `api/doc.go` `serve`; `web/words/en.json` `a.title` |\n"
	clean := map[string]string{
		"api/doc.go":        "package api\nfunc serve() {}",
		"web/words/en.json": `{"a.title":"A"}`,
		answersDocument: "# It\n\n" + answersHeading + "\n| question | answer |\n|---|---|\n" +
			strings.Repeat(row, fewAnswers) + "\n## More\n\n| `x/y.go` `z` |\n",
	}
	if found := astray(asTree(clean)); len(found) > 0 {
		t.Fatalf("a true table is accused: %v", found)
	}
	for name, tt := range map[string]struct{ file, text, want string }{
		"a function that has gone": {"api/doc.go", "package api // serve", "Where? serve is not in api/doc.go"},
		"a word that has gone":     {"web/words/en.json", "{}", "Where? a.title is not in web/words/en.json"},
		"a table that has gone":    {answersDocument, "# It\n", "the table has lost rows"},
		"a row of prose": {answersDocument, strings.ReplaceAll(clean[answersDocument], "`", ""),
			"Where? names nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			files := maps.Clone(clean)
			files[tt.file] = tt.text
			found := astray(asTree(files))
			if !slices.ContainsFunc(found, func(f fault) bool { return f.what == tt.want }) {
				t.Errorf("found %v, want %q", found, tt.want)
			}
		})
	}
}
