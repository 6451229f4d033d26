package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"faultline"
	"faultline/api/webhook"
	"faultline/docs"
	"faultline/scenario"
)

func TestSchemasAreFresh(t *testing.T) {
	files, err := makeSchemas(docs.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range files {
		if !bytes.Equal(body, read(t, filepath.Join("..", schemasDir, name))) {
			t.Errorf("docs/schemas/%s is not what the sources say: run make docs", name)
		}
	}
}

// schemaNamed compiles one of the published schemas.
func schemaNamed(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	body, err := docs.Schemas.ReadFile("schemas/" + name + ".schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func valid(t *testing.T, schema *jsonschema.Schema, text []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(v)
}

// A schema takes as many components of a page as the replay reads, and no more.
func TestSchemaBoundsWhatAPageUses(t *testing.T) {
	for n, taken := range map[int]bool{faultline.MaxUses: true, faultline.MaxUses + 1: false} {
		line, err := faultline.AppendLine(nil, faultline.SiteRecord{Site: "bbc.co.uk",
			Uses: slices.Repeat([]faultline.Component{"cdn:fastly"}, n)})
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(t, schemaNamed(t, "event"), line); (err == nil) != taken {
			t.Errorf("%d components: %v", n, err)
		}
	}
}

// Every line of a scenario, and one of each type of event, is as its schema says.
func TestEventLinesFitTheirSchema(t *testing.T) {
	schema := schemaNamed(t, "event")
	at := time.Date(2021, 6, 8, 9, 50, 0, 0, time.UTC)
	events := []faultline.Event{
		faultline.Tick{At: at}, faultline.Epoch{At: at, Epoch: "e"},
		faultline.Vantage{Vantage: "lon-1", ASN: 20473, Country: "GB"},
		faultline.Probe{At: at, Site: "bbc.co.uk", Vantage: "lon-1", Symptom: faultline.SymptomOK,
			Run: &faultline.ProbeRun{From: at.Add(-time.Minute), Count: 2, LatencyMS: [3]int{80, 80, 90}}},
		faultline.Correction{At: at, Incident: "inc_1", By: "desk", Text: "No.", State: faultline.StateRetracted},
		faultline.Readers{At: at, Node: "n", Networks: []faultline.ReaderNetwork{{ASN: 812, Requests: 60}}},
		faultline.Adopt{At: at, Incidents: []faultline.Incident{}},
		faultline.Published{At: at, Incidents: []faultline.Incident{}},
	}
	spec, err := scenario.Builtin("fastly-2021-06-08")
	if err != nil {
		t.Fatal(err)
	}
	for arrives, ev := range spec.Arrivals() {
		if arrives.After(spec.Onset.Add(12 * time.Minute)) {
			break
		}
		events = append(events, ev)
	}
	seen := map[string]bool{}
	for _, ev := range events {
		line, err := faultline.AppendLine(nil, ev)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(t, schema, line); err != nil {
			t.Fatalf("%s\n%v", line, err)
		}
		seen[ev.Type()] = true
	}
	for _, ev := range eventTypes {
		if !seen[ev.Type()] {
			t.Errorf("no line of type %s was checked", ev.Type())
		}
	}
	for name, line := range map[string]string{
		"no type": `{"at":"2021-06-08T09:51:03Z"}`,
		"no site": `{"type":"report","at":"2021-06-08T09:51:03Z","reporter":"9f3c01aa22bb44dd"}`,
		"another symptom": `{"type":"probe","at":"2021-06-08T09:51:03Z","site":"a.example","vantage":"v",` +
			`"symptom":"broken"}`,
		"a time in words":    `{"type":"tick","at":"noon"}`,
		"a number as a text": `{"type":"vantage","vantage":"v","asn":"20473"}`,
		"no component at all": `{"type":"statement","at":"2021-06-08T09:51:03Z","component":"fastly","source":"s",` +
			`"status":"x","text":""}`,
	} {
		if valid(t, schema, []byte(line)) == nil {
			t.Errorf("%s is taken: %s", name, line)
		}
	}
	for _, isNew := range []string{`{"type":"weather","sky":"blue"}`,
		`{"type":"tick","at":"2021-06-08T09:51:03Z","mood":"good"}`} {
		if err := valid(t, schema, []byte(isNew)); err != nil {
			t.Errorf("%s is refused: %v", isNew, err)
		}
	}
}

// The incident that the drill published, and the messages made of it.
func TestIncidentsAndMessagesFitTheirSchemas(t *testing.T) {
	body := read(t, filepath.Join("..", examplesDir, "getIncident.200.json"))
	if err := valid(t, schemaNamed(t, "incident"), body); err != nil {
		t.Error(err)
	}
	var inc faultline.Incident
	if err := json.Unmarshal(body, &inc); err != nil {
		t.Fatal(err)
	}
	schema := schemaNamed(t, "webhook")
	for _, m := range []webhook.Message{
		{Type: webhook.TypeUpdated, Timestamp: inc.UpdatedAt, Data: &inc},
		{Type: webhook.TypeTest, Timestamp: inc.UpdatedAt},
	} {
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(t, schema, text); err != nil {
			t.Error(err)
		}
		spoilt := strings.Replace(string(text), `"timestamp":`, `"time":`, 1)
		if valid(t, schema, []byte(spoilt)) == nil {
			t.Errorf("a message without a timestamp is taken: %.200s", spoilt)
		}
	}
	if valid(t, schema, fmt.Appendf(nil, `{"type":%q,"timestamp":"2021-06-08T09:51:03Z","data":{"id":"inc_1"}}`,
		webhook.TypeUpdated)) == nil {
		t.Error("an incident of one member is taken")
	}
}
