package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"faultline/docs"
)

// What is committed is what the sources say.
func TestDocumentIsFresh(t *testing.T) {
	t.Chdir("..")
	dependsOnSources(t)
	dir := t.TempDir()
	swag := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../script/tools/go.mod", "swag", "init",
		"--dir", "..",
		"--generalInfo", "api/documents.go", "--output", dir, "--outputTypes", "json", "--requiredByDefault", "--quiet")
	if said, err := swag.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	swagger := read(t, filepath.Join(dir, swaggerFile))
	if !bytes.Equal(swagger, read(t, swaggerFile)) {
		t.Errorf("docs/%s is not what the comments of handlers say: run make docs", swaggerFile)
	}
	document, err := makeDocument(swagger)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(document, read(t, openapiFile)) {
		t.Errorf("docs/%s is not what the sources say: run make docs", openapiFile)
	}
	if !bytes.Equal(document, docs.OpenAPI) {
		t.Error("another document is embedded")
	}
}

// dependsOnSources reads whatever swag will read. go test runs a test again when a file
// that it has read is another one, and does not see what another process reads.
func dependsOnSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(name) == ".go" && d.Type().IsRegular() {
			_, err = os.ReadFile(name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// Generators of clients make nothing, or types that nobody can use, of unions: the
// document has none.
func TestDocumentHasNoUnions(t *testing.T) {
	for _, word := range []string{`"anyOf"`, `"oneOf"`, `"not":`} {
		if n := bytes.Count(docs.OpenAPI, []byte(word)); n > 0 {
			t.Errorf("%s is there %d times", word, n)
		}
	}
}
