package main

import (
	"bytes"
	"io"
	"log"
	"os"
	"path/filepath"
	"testing"

	"github.com/swaggo/swag/gen"

	"faultline/docs"
)

// What is committed is what the sources say. swag runs in this process, so that
// go test sees which files the outcome depends on.
func TestDocumentIsFresh(t *testing.T) {
	t.Chdir("..")
	dir := t.TempDir()
	err := gen.New().Build(&gen.Config{
		SearchDir: moduleDir, MainAPIFile: "api/documents.go", OutputDir: dir, OutputTypes: []string{"json"},
		RequiredByDefault: true, PropNamingStrategy: "camelcase", ParseDepth: 100, CollectionFormat: "csv",
		Debugger: log.New(io.Discard, "", 0),
	})
	if err != nil {
		t.Fatal(err)
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
