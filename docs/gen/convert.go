package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
)

// convert makes an OpenAPI 3.0.3 document of what swag wrote. The version is 3.0.3 and
// not 3.1, because more generators of clients read it.
func convert(swagger []byte, comments map[string]string, examples []example) ([]byte, error) {
	var v2 openapi2.T
	if err := json.Unmarshal(shortRefs(swagger), &v2); err != nil {
		return nil, fmt.Errorf("read Swagger 2.0: %w", err)
	}
	if err := shortenNames(&v2); err != nil {
		return nil, err
	}
	doc, err := openapi2conv.ToV3(&v2)
	if err != nil {
		return nil, fmt.Errorf("convert to OpenAPI 3: %w", err)
	}
	doc.Info.Contact = nil // swag leaves an empty one
	doc.Servers = openapi3.Servers{{URL: "/", Description: "this server"}}
	// The order matters: examples come last, because each is put beside a finished
	// answer.
	for _, finish := range []func() error{
		func() error { return keepParameterExamples(doc, swagger) },
		func() error { return finishSchemas(doc, comments) },
		func() error { return finishOperations(doc) },
		func() error { return placeExamples(doc, examples) },
	} {
		if err := finish(); err != nil {
			return nil, err
		}
	}
	body, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("write OpenAPI 3: %w", err)
	}
	// The bytes are validated and not the value in memory: what is lost in writing is
	// found.
	if err := validate(body); err != nil {
		return nil, fmt.Errorf("the document is not valid: %w", err)
	}
	var out bytes.Buffer
	// Indented, so that a change of the document can be read as a difference of lines.
	err = json.Indent(&out, body, "", "  ")
	out.WriteByte('\n')
	return out.Bytes(), err
}

// validate reads a document as others will, and checks it with its examples.
func validate(body []byte) error {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(body)
	if err != nil {
		return err
	}
	return doc.Validate(context.Background(), openapi3.EnableExamplesValidation(),
		openapi3.EnableSchemaFormatValidation())
}

var longRef = regexp.MustCompile(`#/definitions/[\w.]+`)

// shortRefs drops the packages from references: they say where a type lies in
// our sources, which is nothing to readers of the document.
func shortRefs(swagger []byte) []byte {
	return longRef.ReplaceAllFunc(swagger, func(ref []byte) []byte {
		return []byte("#/definitions/" + shortName(strings.TrimPrefix(string(ref), "#/definitions/")))
	})
}

// shortName is a type's name without its package, beginning with a capital.
func shortName(long string) string {
	name := []rune(long[strings.LastIndexByte(long, '.')+1:])
	name[0] = unicode.ToUpper(name[0])
	return string(name)
}

// shortenNames renames the definitions themselves, and fails if two types would then
// share a name.
func shortenNames(doc *openapi2.T) error {
	short := make(map[string]*openapi2.SchemaRef, len(doc.Definitions))
	for long, schema := range doc.Definitions {
		name := shortName(long)
		// Two packages may have types of one name, and one schema would silently take the
		// place of the other.
		if short[name] != nil {
			return errors.New("two types are called " + name)
		}
		short[name] = schema
	}
	doc.Definitions = short
	return nil
}
