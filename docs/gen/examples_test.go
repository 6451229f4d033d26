package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"faultline"
)

// Every example fits its schema with all objects closed, and its Go type with
// unknown members refused.
func TestExamplesDecode(t *testing.T) {
	doc := strictDocument(t) // validates the examples that are JSON
	types := map[string]reflect.Type{}
	for _, body := range answers {
		collect(types, body)
	}
	examples, err := readExamples("../" + examplesDir)
	if err != nil {
		t.Fatal(err)
	}
	decoded := 0
	for _, e := range examples {
		media, err := placeOf(doc, e)
		if err != nil {
			t.Errorf("%s: %v", e.file(), err)
			continue
		}
		switch {
		case e.kind == "sse":
			events := frames(e.body)
			if len(events["incident"]) == 0 {
				t.Errorf("%s holds no incident", e.file())
			}
			for _, data := range events["incident"] {
				decodeStrictly[faultline.Incident](t, []byte(data))
				visit(t, e.file(), doc.Components.Schemas["Incident"].Value, []byte(data))
			}
		case e.kind == "ndjson":
			for line := range bytes.Lines(e.body) {
				visit(t, e.file(), doc.Components.Schemas["ProbeLine"].Value, line)
			}
		case e.kind == "json" && types[strings.TrimPrefix(media.Schema.Ref, refSchemas)] != nil:
			strictly(t, e.body, reflect.New(types[strings.TrimPrefix(media.Schema.Ref, refSchemas)]).Interface())
			decoded++
		case e.kind == "json" && !slices.Contains([]string{"postProbes.request.json", "getKeySet.200.json",
			"postAlertmanager.request.json", "postGatus.request.json", "postUptimeKuma.request.json",
			"postMCP.request.json", "postMCP.200.json"}, e.file()):
			t.Errorf("%s: nothing is known of its Go type", e.file())
		}
	}
	if decoded < 40 {
		t.Errorf("%d examples have Go types", decoded)
	}
}

// Every answer with a body has a real one as its example, but for what is too
// long or of no form: the document itself, metrics and files.
func TestEveryAnswerHasAnExample(t *testing.T) {
	bare := map[string]bool{"getOpenAPI 200": true, "getOpenAPIYAML 200": true, "getMetrics 200": true,
		"getDocs 200":    true,
		"getMetrics 404": true, // of a node with an address for operators, which a drill has none of
		// Of a node that notifies no browsers, which a drill has none of.
		"getPush 404": true, "postPush 404": true, "deletePush 404": true,
		"getDocsFile 200": true, "getSchema 200": true}
	for _, item := range strictDocument(t).Paths.Map() {
		for _, op := range item.Operations() {
			for status, r := range op.Responses.Map() {
				wantExamples(t, op.OperationID+" "+status, r.Value.Content, bare)
			}
		}
	}
}

func wantExamples(t *testing.T, answer string, content openapi3.Content, bare map[string]bool) {
	t.Helper()
	if bare[answer] {
		return
	}
	for media, c := range content {
		if c.Example == nil {
			t.Errorf("%s %s has no example", answer, media)
		}
	}
}

// visit holds one JSON text against a schema.
func visit(t *testing.T, name string, schema *openapi3.Schema, text []byte) {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Errorf("%s: %v", name, err)
	} else if err := schema.VisitJSON(v, openapi3.EnableFormatValidation()); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func decodeStrictly[T any](t *testing.T, body []byte) T {
	t.Helper()
	var v T
	strictly(t, body, &v)
	return v
}

func strictly(t *testing.T, body []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Errorf("%T: %v in %.300s", into, err, body)
	}
}

// frames takes a recorded stream apart: the data of each event, by its kind.
func frames(stream []byte) map[string][]string {
	events := map[string][]string{}
	kind := "message"
	lines := bufio.NewScanner(bytes.NewReader(stream))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			kind = value
		case "data":
			events[kind] = append(events[kind], value)
		}
	}
	return events
}
