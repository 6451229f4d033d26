package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"faultline"
	"faultline/api/webhook"
)

// The JSON Schemas (draft 2020-12) of what leaves or enters other than by a route of the
// OpenAPI document: event lines, and the messages of webhooks. That of an incident stands
// beside them, for who keeps incidents in files.
const (
	draft       = "https://json-schema.org/draft/2020-12/schema"
	schemasDir  = "schemas"
	schemaOfAll = "#/components/schemas/"
)

// eventTypes are the Go types of event lines.
var eventTypes = []faultline.Event{
	faultline.Report{}, faultline.Probe{}, faultline.SiteRecord{}, faultline.Vantage{}, faultline.Statement{},
	faultline.Readers{}, faultline.Tick{}, faultline.Correction{}, faultline.Epoch{}, faultline.Adopt{},
	faultline.Published{},
}

// makeSchemas returns the schemas by the names of their files. It fails if the document
// lacks a type that they refer to. They are made from the document, so that the two
// cannot differ.
func makeSchemas(document []byte) (map[string][]byte, error) {
	var doc struct {
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	all := doc.Components.Schemas
	incident := map[string]any{"$ref": "#/$defs/Incident"}
	schemas := map[string]map[string]any{
		"incident": {"title": "An incident, as the API and the stream carry it", "$ref": "#/$defs/Incident"},
		"webhook": {
			"title": "A message to a webhook", "type": "object", "required": []string{"type", "timestamp", "data"},
			"properties": map[string]any{
				"type":      map[string]any{"enum": []string{webhook.TypeUpdated, webhook.TypeTest}},
				"timestamp": map[string]any{"type": "string", "format": "date-time"},
				"data":      map[string]any{"anyOf": []any{incident, map[string]any{"type": "null"}}},
			},
		},
		"event": eventSchema(),
	}
	files := map[string][]byte{}
	for name, schema := range schemas {
		// Each file holds all that it refers to, so that it can be used without a
		// network.
		defs, _ := schema["$defs"].(map[string]any)
		if defs == nil {
			defs = map[string]any{}
		}
		if err := addDefs(defs, schema, all); err != nil {
			return nil, fmt.Errorf("schema of %s: %w", name, err)
		}
		schema["$schema"], schema["$defs"] = draft, defs
		body, err := json.MarshalIndent(schema, "", " ")
		if err != nil {
			return nil, err
		}
		files[name+".schema.json"] = append(body, '\n')
	}
	return files, nil
}

// addDefs adds to defs each type of the document that a schema refers to, and those that
// these refer to.
func addDefs(defs map[string]any, schema any, all map[string]any) error {
	for _, name := range refsIn(schema) {
		// This also ends the recursion where two types refer to each other.
		if defs[name] != nil {
			continue
		}
		of, ok := all[name]
		if !ok {
			return fmt.Errorf("the document has no schema %s", name)
		}
		defs[name] = modern(of)
		if err := addDefs(defs, defs[name], all); err != nil {
			return err
		}
	}
	return nil
}

// refsIn returns the names of the definitions that a schema refers to, in order.
func refsIn(schema any) (names []string) {
	switch v := schema.(type) {
	case map[string]any:
		for key, value := range v {
			if ref, ok := value.(string); ok && key == "$ref" {
				names = append(names, strings.TrimPrefix(ref, "#/$defs/"))
			} else if key != "$defs" {
				names = append(names, refsIn(value)...)
			}
		}
	case []any:
		for _, value := range v {
			names = append(names, refsIn(value)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// modern rewrites a schema of OpenAPI 3.0 as JSON Schema: what may be null is a type
// among others, and examples are a list.
func modern(schema any) any {
	switch v := schema.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = modern(v[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			switch ref, isText := value.(string); {
			case key == "nullable":
			case key == "example":
				out["examples"] = []any{value}
			case key == "$ref" && isText:
				out[key] = strings.Replace(ref, schemaOfAll, "#/$defs/", 1)
			default:
				out[key] = modern(value)
			}
		}
		if v["nullable"] == true {
			return orNullable(out)
		}
		return out
	}
	return schema
}

// orNullable allows null beside what a schema describes.
func orNullable(schema map[string]any) map[string]any {
	// A reference has no type beside it that null could be added to, and needs anyOf.
	if kind, ok := schema["type"].(string); ok {
		schema["type"] = []any{kind, "null"}
		return schema
	}
	return map[string]any{"anyOf": []any{schema, map[string]any{"type": "null"}}}
}

// eventSchema describes a line by its type. Types and members that are not there are
// allowed: readers ignore them.
func eventSchema() map[string]any {
	var rules []any
	for _, ev := range eventTypes {
		rules = append(rules, map[string]any{
			"if": map[string]any{"properties": map[string]any{"type": map[string]any{"const": ev.Type()}},
				"required": []string{"type"}},
			"then": structSchema(reflect.TypeOf(ev)),
		})
	}
	return map[string]any{
		"title": "An event line", "type": "object", "required": []string{"type"},
		"properties": map[string]any{"type": map[string]any{"type": "string"}}, "allOf": rules,
	}
}

// structSchema describes a struct as encoding/json writes it.
func structSchema(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		properties[name] = valueSchema(field.Type)
		if most, err := strconv.Atoi(field.Tag.Get("maxItems")); err == nil {
			properties[name].(map[string]any)["maxItems"] = most
		}
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	return map[string]any{"properties": properties, "required": required}
}

// valueSchema describes one type of Go.
func valueSchema(t reflect.Type) map[string]any {
	switch {
	case t == timeType:
		return map[string]any{"type": "string", "format": "date-time"}
	case t == componentType:
		return map[string]any{"type": "string", "pattern": componentPattern}
	case t == reflect.TypeFor[faultline.Symptom]():
		return map[string]any{"type": "string", "pattern": symptomPattern}
	case t == reflect.TypeFor[faultline.Incident]():
		return map[string]any{"$ref": "#/$defs/Incident"}
	}
	switch t.Kind() {
	case reflect.Pointer: // one that is nil is left out
		return valueSchema(t.Elem())
	case reflect.Array:
		return map[string]any{"type": "array", "items": valueSchema(t.Elem()), "minItems": t.Len(), "maxItems": t.Len()}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": valueSchema(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": valueSchema(t.Elem())}
	case reflect.Struct:
		schema := structSchema(t)
		schema["type"] = "object"
		return schema
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.String:
		return map[string]any{"type": "string"}
	default:
		return map[string]any{"type": "integer"}
	}
}
