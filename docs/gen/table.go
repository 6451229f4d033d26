package main

import (
	"fmt"
	"net/http"
	"regexp"

	"github.com/getkin/kin-openapi/openapi3"

	"faultline"
	"faultline/api"
)

// parameter is one of a path as gin reads it.
var parameter = regexp.MustCompile(`[:*](\w+)`)

// followTable adds to every operation what the API's table of routes says of it:
// whether a token is needed, what a request counts against, and what its query may
// hold. None of this stands in the comments of handlers.
func followTable(doc *openapi3.T) error {
	shareReads(doc)
	for _, row := range api.Routes() {
		path := parameter.ReplaceAllString(row.Path, "{$1}")
		item := doc.Paths.Value(path)
		if item == nil || item.GetOperation(row.Method) == nil {
			return fmt.Errorf("%s %s is in the table of routes and has no annotation", row.Method, path)
		}
		op := item.GetOperation(row.Method)
		if !row.Lenient || len(row.Keys) > 0 {
			refuses(op, http.StatusBadRequest)
		}
		if row.Scope != "" {
			op.Security = &openapi3.SecurityRequirements{{"Bearer": {}}}
			refuses(op, http.StatusUnauthorized)
			refuses(op, http.StatusForbidden)
		}
		switch row.Quota {
		case api.QuotaReads:
			countsAsRead(doc, op)
		case api.QuotaSends, api.QuotaToken:
			refuses(op, http.StatusTooManyRequests)
		}
		for _, key := range row.Keys {
			if doc.Components.Parameters[key] != nil && op.Parameters.GetByInAndName("query", key) == nil {
				op.Parameters = append(
					op.Parameters,
					&openapi3.ParameterRef{
						Ref:   "#/components/parameters/" + key,
						Value: doc.Components.Parameters[key].Value,
					},
				)
			}
		}
	}
	return nil
}

// refuses says that an operation may answer with a problem of that status.
func refuses(op *openapi3.Operation, status int) {
	if op.Responses.Status(status) == nil {
		op.Responses.Set(fmt.Sprint(status), &openapi3.ResponseRef{Value: problem(http.StatusText(status))})
	}
}

func problem(say string) *openapi3.Response {
	r := openapi3.NewResponse().WithDescription(say)
	r.Content = openapi3.Content{
		mediaProblem: openapi3.NewMediaType().WithSchemaRef(&openapi3.SchemaRef{Ref: refProblem}),
	}
	return r
}

// readRefusals are the answers to whoever reads with a token that is not good, or
// too much: one for all operations.
var readRefusals = map[string][2]string{
	"401": {"BadToken", "the token is not good; without one anybody may read"},
	"429": {"TooManyReads", "too many reads, or streams"},
}

func shareReads(doc *openapi3.T) {
	for _, name := range readRefusals {
		doc.Components.Responses[name[0]] = &openapi3.ResponseRef{Value: problem(name[1])}
	}
}

// countsAsRead says of an operation that anybody may read what goes for all of
// them: a token is not needed, and there is a limit.
func countsAsRead(doc *openapi3.T, op *openapi3.Operation) {
	op.Security = &openapi3.SecurityRequirements{{}, {"Bearer": {}}}
	for status, name := range readRefusals {
		op.Responses.Set(
			status,
			&openapi3.ResponseRef{Ref: refResponses + name[0], Value: doc.Components.Responses[name[0]].Value},
		)
	}
	ok := op.Responses.Value("200").Value
	if ok.Headers == nil {
		ok.Headers = openapi3.Headers{}
	}
	for name := range doc.Components.Headers {
		ok.Headers[name] = &openapi3.HeaderRef{Ref: refHeaders + name}
	}
}

// filterParameters are those by which incidents are chosen, the same wherever they
// are: lists with commas between their items.
func filterParameters() openapi3.ParametersMap {
	states := []any{"open", faultline.StateCandidate, faultline.StateConfirmed, faultline.StateRecovering,
		faultline.StateResolved, faultline.StateMerged, faultline.StateRetracted}
	kinds := []any{faultline.FilterNone}
	for _, kind := range faultline.Kinds {
		kinds = append(kinds, kind)
	}
	text := openapi3.NewStringSchema
	list := func(key, say string, item *openapi3.Schema, example ...any) *openapi3.ParameterRef {
		p := openapi3.NewQueryParameter(key).WithDescription(say + "; several with commas between them")
		p.Schema, p.Example = openapi3.NewArraySchema().WithItems(item).NewRef(), example
		apart := false
		p.Style, p.Explode = openapi3.SerializationForm, &apart
		return &openapi3.ParameterRef{Value: p}
	}
	confidence := openapi3.NewQueryParameter("min_confidence").WithDescription("of the cause, at least").
		WithSchema(openapi3.NewFloat64Schema().WithMin(0).WithMax(1))
	return openapi3.ParametersMap{
		"of": list(
			"of",
			"what you depend on: sites, providers or components, of which the incident concerns one",
			text(),
			"stripe.com",
			"cdn:fastly",
			"aws",
		),
		"state": list(
			"state",
			"states; open is candidate, confirmed and recovering",
			text().WithEnum(states...),
			"confirmed",
			"recovering",
		),
		"cause": list(
			"cause",
			"a component such as cdn:fastly, or none for unattributed",
			text(),
			"cdn:fastly",
		),
		"kind":     list("kind", "kind of the cause, or none", text().WithEnum(kinds...), "cdn"),
		"provider": list("provider", "who runs the cause: a slug, a name, or what people call it", text(), "fastly"),
		"site":     list("site", "one of its sites, as a person would name it", text(), "bbc.co.uk"),
		"country": list(
			"country",
			"a country that it is felt in (ISO 3166-1)",
			text().WithPattern("^[A-Z]{2}$"),
			"GB",
		),
		"min_confidence": {Value: confidence},
	}
}
