package main

import (
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"faultline"
	"faultline/api"
	"faultline/board"
	"faultline/scenario/history"
)

// answers are the Go types of bodies. Their fields, and those of the types within, say
// what Swagger 2.0 does not: what may be null, what is a time. A new type of an answer
// is added here; a test names those that are missing.
var answers = []reflect.Type{
	reflect.TypeFor[faultline.Incident](),
	reflect.TypeFor[faultline.SiteStatus](),
	reflect.TypeFor[api.IncidentAnswer](),
	reflect.TypeFor[api.SiteAnswer](),
	reflect.TypeFor[api.SeriesAnswer](),
	reflect.TypeFor[api.SeriesPoint](),
	reflect.TypeFor[api.VerdictAnswer](),
	reflect.TypeFor[api.ComponentAnswer](),
	reflect.TypeFor[api.ComponentList](),
	reflect.TypeFor[api.ListedComponent](),
	reflect.TypeFor[api.ProviderList](), reflect.TypeFor[api.ListedProvider](), reflect.TypeFor[api.ProviderAnswer](),
	reflect.TypeFor[api.ProviderStatement](),
	reflect.TypeFor[api.SiteList](),
	reflect.TypeFor[api.RevisionList](),
	reflect.TypeFor[api.TimelineAnswer](),
	reflect.TypeFor[api.RevisionRef](),
	reflect.TypeFor[api.ReplayList](), reflect.TypeFor[api.ReplayRef](), reflect.TypeFor[api.ReplayAnswer](),
	reflect.TypeFor[api.ReplayFrame](), reflect.TypeFor[history.Score](),
	reflect.TypeFor[api.RecordAnswer](), reflect.TypeFor[api.RecordDay](), reflect.TypeFor[api.RecordKey](),
	reflect.TypeFor[api.RecordKeys](), reflect.TypeFor[api.RecordSpec](),
	reflect.TypeFor[api.DumpList](), reflect.TypeFor[api.DumpDay](), reflect.TypeFor[api.DumpFile](),
	reflect.TypeFor[api.BlastRadiusAnswer](), reflect.TypeFor[api.ConcentrationAnswer](),
	reflect.TypeFor[api.ProviderRadiusAnswer](), reflect.TypeFor[api.KindRadius](),
	reflect.TypeFor[api.FirebreaksAnswer](), reflect.TypeFor[board.Firebreak](), reflect.TypeFor[board.FirebreakKind](),
	reflect.TypeFor[board.FirebreakBand](), reflect.TypeFor[board.RadiusGroup](), reflect.TypeFor[board.Group](),
	reflect.TypeFor[api.ConcentrationHistory](), reflect.TypeFor[faultline.ConcentrationDay](),
	reflect.TypeFor[faultline.ConcentrationPoint](),
	reflect.TypeFor[api.ScorecardAnswer](), reflect.TypeFor[board.Concentration](), reflect.TypeFor[board.Share](),
	reflect.TypeFor[board.Radius](), reflect.TypeFor[board.RankBand](), reflect.TypeFor[board.RadiusSite](),
	reflect.TypeFor[board.Scorecard](), reflect.TypeFor[board.Calibrated](),
	reflect.TypeFor[board.ProviderLag](), reflect.TypeFor[board.MonthLag](),
	reflect.TypeFor[api.SearchAnswer](),
	reflect.TypeFor[api.StackAnswer](), reflect.TypeFor[api.FoundThing](),
	reflect.TypeFor[api.ShieldsAnswer](),
	reflect.TypeFor[api.IncidentList](),
	reflect.TypeFor[api.IncidentSites](),
	reflect.TypeFor[api.Summary](),
	reflect.TypeFor[api.ReportRequest](),
	reflect.TypeFor[api.ReportAnswer](),
	reflect.TypeFor[api.ProbesAnswer](),
	reflect.TypeFor[faultline.WorkAnswer](),
	reflect.TypeFor[api.VantagesAnswer](),
	reflect.TypeFor[api.VantageRequest](),
	reflect.TypeFor[api.VantageAnswer](),
	reflect.TypeFor[api.CheckAnswer](),
	reflect.TypeFor[api.CheckBody](),
	reflect.TypeFor[api.AlertsAnswer](),
	reflect.TypeFor[api.StatuspageAnswer](),
	reflect.TypeFor[api.OEmbedAnswer](),
	reflect.TypeFor[api.WebhookRequest](),
	reflect.TypeFor[api.WebhookAnswer](),
	reflect.TypeFor[api.DeliveryList](),
	reflect.TypeFor[api.WebhookCode](),
	reflect.TypeFor[api.KeyChallenge](),
	reflect.TypeFor[api.KeyRequest](),
	reflect.TypeFor[api.KeyAnswer](),
	reflect.TypeFor[api.KeyState](),
	reflect.TypeFor[api.PushKey](),
	reflect.TypeFor[api.PushRequest](),
	reflect.TypeFor[api.PushSecrets](),
	reflect.TypeFor[api.PushAnswer](),
	reflect.TypeFor[api.PushEnd](),
	reflect.TypeFor[api.WebhookList](),
	reflect.TypeFor[api.AnnotationRequest](),
	reflect.TypeFor[api.AnnotationAnswer](),
	reflect.TypeFor[api.TokenRequest](),
	reflect.TypeFor[api.TokenAnswer](),
	reflect.TypeFor[api.Problem](),
}

// untyped are the schemas whose Go types are not exported, or are not ours: they
// have to say it all themselves.
var untyped = []string{"ProbeLine", "KeySet", "AlertmanagerMessage", "AlertmanagerAlert", "GatusMessage", "KumaMessage",
	"KumaHeartbeat", "KumaMonitor"}

var (
	timeType      = reflect.TypeFor[time.Time]()
	componentType = reflect.TypeFor[faultline.Component]()
)

// What the contract says of words that are strings in Go. Kinds of components are left
// open, because new ones may come and old clients must not refuse them.
const componentPattern = `^[a-z]+:[^\s~]{1,253}$`

const symptomPattern = `^(ok|connect|timeout|dns|tls|slow|content|blocked|other|http_[1-5][0-9][0-9])$`

// finishSchemas completes what swag found out of types.
func finishSchemas(doc *openapi3.T, comments map[string]string) error {
	schemas := doc.Components.Schemas
	schemas["KeySet"] = openapi3.NewSchemaRef("", keySet())
	types := map[string]reflect.Type{}
	for _, t := range answers {
		collect(types, t)
	}
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		schema := schemas[name].Value
		if comment := comments[name]; schema.Description == "" {
			schema.Description = comment
		}
		describeEnum(schema)
		t, ok := types[name]
		switch {
		case ok && t.Kind() == reflect.Struct:
			if err := finishStruct(schema, t); err != nil {
				return fmt.Errorf("schema %s: %w", name, err)
			}
			// a body that we read
			if strings.HasSuffix(name, "Request") && t.PkgPath() == reflect.TypeFor[api.Problem]().PkgPath() {
				allowNull(schema)
			}
		case !ok && !slices.Contains(untyped, name):
			return fmt.Errorf("schema %s has no Go type in the list", name)
		case !ok:
			finishForeign(name, schema)
		}
	}
	symptom := schemas["Symptom"].Value
	symptom.Enum, symptom.Pattern = nil, symptomPattern
	symptom.Description += "\n- `http_NNN`: that status"
	allowParts(schemas)
	schemas["Incident"].Value.Properties["basis"].Value.Enum = []any{
		faultline.BasisProbes, faultline.BasisBoth, faultline.BasisReports,
		faultline.BasisReaders, faultline.BasisReadersReports}
	addNullables(schemas)
	return nil
}

// allowNull says that what may be left out of a request may be null as well.
func allowNull(schema *openapi3.Schema) {
	for name, property := range schema.Properties {
		switch {
		case slices.Contains(schema.Required, name):
		case property.Ref != "" || len(property.Value.AllOf) == 1:
			schema.Properties[name] = orNull(property)
		default:
			property.Value.Nullable = true
		}
	}
}

// finishForeign says of what other programs send that it may hold more, and less,
// and what of it may be null.
func finishForeign(name string, schema *openapi3.Schema) {
	if schema.AdditionalProperties.Has == nil && len(schema.Properties) > 0 {
		open := true
		schema.AdditionalProperties.Has = &open
	}
	if name != "KeySet" && name != "ProbeLine" { // those are ours
		schema.Required = nil
	}
	for name, property := range schema.Properties {
		if property.Value.Nullable && len(property.Value.AllOf) == 1 {
			schema.Properties[name] = orNull(property)
		}
	}
}

// allowParts says that a list may hold incidents of which only some members were
// asked for: nothing but the id is sure to be there.
func allowParts(schemas openapi3.Schemas) {
	part := *schemas["Incident"].Value
	part.Required = []string{"id"}
	part.Description = "An incident as a list holds it: whole, unless the query's fields names the members that " +
		"are told."
	schemas["IncidentPart"] = openapi3.NewSchemaRef("", &part)
	schemas["IncidentList"].Value.Properties["incidents"].Value.Items = openapi3.NewSchemaRef(refSchemas+
		"IncidentPart", nil)
}

// collect finds every named type of ours within t.
func collect(types map[string]reflect.Type, t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		collect(types, t.Elem())
		return
	case reflect.Map:
		collect(types, t.Key())
		collect(types, t.Elem())
		return
	}
	if !strings.HasPrefix(t.PkgPath(), "faultline") || types[t.Name()] != nil {
		return
	}
	types[t.Name()] = t
	if t.Kind() == reflect.Struct {
		for field := range t.Fields() {
			collect(types, field.Type)
		}
	}
}

// finishStruct goes through the fields as encoding/json sees them.
func finishStruct(schema *openapi3.Schema, t reflect.Type) error {
	schema.Required = nil
	fields := slices.DeleteFunc(slices.Collect(fieldsOf(t)), func(f reflect.StructField) bool {
		return f.Tag.Get("swaggerignore") == "true" // it is stored and not published
	})
	for _, field := range fields {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		property := schema.Properties[name]
		if property == nil {
			return fmt.Errorf("has no property %q", name)
		}
		if !strings.Contains(options, "omit") {
			schema.Required = append(schema.Required, name)
		}
		schema.Properties[name] = finishField(property, field.Type, strings.Contains(options, "omit"))
	}
	if extra := len(schema.Properties) - len(fields); extra != 0 {
		return fmt.Errorf("has %d properties that the type has not", extra)
	}
	slices.Sort(schema.Required)
	return nil
}

// fieldsOf are the fields of a struct, with those of what is embedded in its place.
func fieldsOf(t reflect.Type) iter.Seq[reflect.StructField] {
	return func(yield func(reflect.StructField) bool) {
		for field := range t.Fields() {
			if !field.Anonymous {
				if !yield(field) {
					return
				}
				continue
			}
			for inner := range fieldsOf(field.Type) {
				if !yield(inner) {
					return
				}
			}
		}
	}
}

// finishField says of one property what its Go type says. A pointer that is
// left out when it is nil is never null.
func finishField(property *openapi3.SchemaRef, t reflect.Type, omitted bool) *openapi3.SchemaRef {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
		switch {
		case omitted:
		case t.Kind() == reflect.Struct && t != timeType:
			property = orNull(property)
		default:
			property.Value.Nullable = true
		}
	}
	switch {
	case t == timeType:
		property.Value.Format = "date-time"
	case t == componentType && property.Ref == "":
		property.Value.Pattern = componentPattern
	case t.Kind() == reflect.Slice:
		property.Value.Items = finishField(property.Value.Items, t.Elem(), true)
	}
	return property
}

// orNullSuffix is behind the name of a schema that may be null as well.
const orNullSuffix = "OrNull"

// orNull allows null beside a schema that is referred to: by a schema of its own
// that is the same and may be null. OpenAPI 3.0 has no shorter way (nullable counts
// only beside a type), and many generators make nothing of a union.
func orNull(property *openapi3.SchemaRef) *openapi3.SchemaRef {
	if property.Ref != "" {
		return openapi3.NewSchemaRef(property.Ref+orNullSuffix, nil)
	}
	// swag puts a reference that has a description into allOf
	either := openapi3.NewSchema().WithNullable()
	either.Description = property.Value.Description
	either.AllOf = openapi3.SchemaRefs{{Ref: property.Value.AllOf[0].Ref + orNullSuffix}}
	return either.NewRef()
}

// addNullables adds the schemas that [orNull] refers to. It comes last, when those
// that they are made of are whole.
func addNullables(schemas openapi3.Schemas) {
	wanted := map[string]bool{}
	want := func(ref string) {
		if name, ok := strings.CutPrefix(ref, refSchemas); ok && strings.HasSuffix(name, orNullSuffix) {
			wanted[name] = true
		}
	}
	for _, schema := range schemas {
		for _, property := range schema.Value.Properties {
			if want(property.Ref); property.Value == nil {
				continue
			}
			for _, part := range property.Value.AllOf {
				want(part.Ref)
			}
		}
	}
	for name := range wanted {
		same := *schemas[strings.TrimSuffix(name, orNullSuffix)].Value
		same.Nullable = true
		schemas[name] = openapi3.NewSchemaRef("", &same)
	}
}

// describeEnum writes what each value means, which swag keeps beside the list.
func describeEnum(schema *openapi3.Schema) {
	meanings, _ := schema.Extensions["x-enum-descriptions"].([]any)
	for i, meaning := range meanings {
		if i < len(schema.Enum) && meaning != "" {
			schema.Description += fmt.Sprintf("\n- `%v`: %v", schema.Enum[i], meaning)
		}
	}
	for _, key := range []string{"x-enum-descriptions", "x-enum-comments", "x-enum-varnames"} {
		delete(schema.Extensions, key)
	}
}

// keySet is what a JSON Web Key Set (RFC 7517) of Ed25519 keys (RFC 8037) looks
// like. Its Go type is a library's.
func keySet() *openapi3.Schema {
	one := func(value string) *openapi3.Schema { return openapi3.NewStringSchema().WithEnum(value) }
	key := openapi3.NewObjectSchema().
		WithProperty("kty", one("OKP")).WithProperty("crv", one("Ed25519")).
		WithProperty("x", openapi3.NewStringSchema()).WithProperty("kid", openapi3.NewStringSchema()).
		WithProperty("alg", one("EdDSA")).WithProperty("use", one("sig")).
		WithRequired([]string{"alg", "crv", "kid", "kty", "use", "x"})
	set := openapi3.NewObjectSchema().WithProperty("keys", openapi3.NewArraySchema().WithItems(key)).
		WithRequired([]string{"keys"})
	set.Description = "The public keys that tokens are signed with, sorted by key id."
	return set
}
