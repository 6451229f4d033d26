// Command gen makes docs/openapi.json from docs/swagger.json, which swag has
// made from the comments of handlers, and the JSON Schemas of docs/schemas from that
// document and the Go types of events. It runs in docs/, by `make docs`.
//
// What belongs here: the conversion to OpenAPI 3, what Swagger 2.0 can't say
// (media types by status, null, times, headers of errors), and the recording of
// examples from a drill. What does not: anything that describes one route in
// words; that stands at its handler.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// Where things are, from docs/.
const (
	swaggerFile = "swagger.json"
	openapiFile = "openapi.json"
	examplesDir = "examples"
	moduleDir   = ".."
)

// main makes the document; with -update it plays the drill first and records the
// examples again.
func main() {
	update := flag.Bool("update", false, "play the drill and record the examples anew")
	flag.Parse()
	if err := run(*update); err != nil {
		fmt.Fprintln(os.Stderr, "docs/gen:", err)
		os.Exit(1)
	}
}

// run works in docs/, where `make docs` calls it.
func run(update bool) error {
	if update {
		if err := recordExamples(context.Background(), examplesDir); err != nil {
			return fmt.Errorf("record examples: %w", err)
		}
	}
	swagger, err := os.ReadFile(filepath.Clean(swaggerFile))
	if err != nil {
		return err
	}
	document, err := makeDocument(swagger)
	if err != nil {
		return err
	}
	files, err := makeSchemas(document)
	if err != nil {
		return fmt.Errorf("make JSON Schemas: %w", err)
	}
	for name, body := range files {
		//nolint:gosec // a source file, to be read by everyone
		if err := os.WriteFile(filepath.Join(schemasDir, name), body, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(openapiFile, document, 0o644) //nolint:gosec // a source file, to be read by everyone
}

// makeDocument is all that follows swag: the document from what swag wrote, the
// comments of types and the recorded examples. A test calls it too, and fails when the
// committed document is another.
func makeDocument(swagger []byte) ([]byte, error) {
	comments, err := typeComments(moduleDir, filepath.Join(moduleDir, "board"), filepath.Join(moduleDir, "api"),
		filepath.Join(moduleDir, "api", "webhook"), filepath.Join(moduleDir, "scenario", "history"))
	if err != nil {
		return nil, fmt.Errorf("read comments of types: %w", err)
	}
	examples, err := readExamples(examplesDir)
	if err != nil {
		return nil, fmt.Errorf("read examples: %w", err)
	}
	return convert(swagger, comments, examples)
}
