package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAblationsFitTheEngine asks that each part is still there to be taken out,
// and that the engine compiles without it.
func TestAblationsFitTheEngine(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	load := exported(t)
	for _, room := range engineRooms {
		whole := parsed(t, set, root, room, nil)
		for _, a := range ablations {
			changed, err := a.apply(root)
			if err != nil {
				t.Error(err)
				continue
			}
			files := parsed(t, set, root, room, changed)
			list := maps.Clone(whole)
			maps.Copy(list, files)
			config := types.Config{Importer: load(set)}
			if _, err := config.Check("faultline/"+room, set, slices.Collect(maps.Values(list)), nil); err != nil {
				t.Errorf("without %s the engine does not compile: %v", a.name, err)
			}
		}
	}
}

// engineRooms are the packages that an ablation may change.
var engineRooms = []string{"correlate", "correlate/cause", "correlate/evidence"}

// Every edit is of a package whose build is tried above.
func TestAblationsAreOfTheEngine(t *testing.T) {
	t.Parallel()
	for _, a := range ablations {
		for _, e := range a.edits {
			if !slices.Contains(engineRooms, filepath.Dir(e.file)) {
				t.Errorf("%s: %s is not in the engine", a.name, e.file)
			}
		}
	}
}

// parsed parses a package's files, or those that an ablation changes.
func parsed(t *testing.T, set *token.FileSet, root, room string, changed map[string][]byte) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, room, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*ast.File{}
	for _, path := range names {
		name := filepath.Base(path)
		text, ours := changed[room+"/"+name]
		if strings.HasSuffix(name, "_test.go") || changed != nil && !ours {
			continue
		}
		var source any // nil: the file as it is
		if ours {
			source = text
		}
		f, err := parser.ParseFile(set, path, source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = f
	}
	return out
}

// exported makes importers of what the engine imports, from the build's cache.
func exported(t *testing.T) func(*token.FileSet) types.Importer {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}", "faultline/correlate"}
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		files[path] = file
	}
	return func(set *token.FileSet) types.Importer {
		return importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
	}
}

func TestAblationsAreRefusedThatDoNotFit(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range []string{"no such line", "\n"} {
		a := ablation{name: "a part", edits: []edit{{"correlate/doc.go", old, ""}}}
		if _, err := a.apply(root); err == nil {
			t.Errorf("%q: no error", old)
		}
	}
	if _, err := named("tuesday"); err == nil || !strings.Contains(err.Error(), "handover") {
		t.Errorf("an unknown part: %v", err)
	}
	if list, err := named(everything); err != nil || len(list) != len(ablations) {
		t.Errorf("all: %d, %v", len(list), err)
	}
}

// What the program without a part prints is what the table is made of.
func TestAblationRowsReadTheDocument(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(scored(9, 1).document())
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	row := ablationRow(ablation{name: "a part", what: "less"}, d.Methods[ours])
	if want := "| a part | less | 0.900 | 1 | 0 | 1.0 | 60 s |"; !bytes.HasPrefix([]byte(row), []byte(want)) {
		t.Errorf("row %s, want it to begin %s", row, want)
	}
}
