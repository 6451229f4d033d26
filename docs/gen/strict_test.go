package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"faultline/docs"
)

// strictDocument is the document with every object closed: it says that clients
// must expect new members, and what is served now must have none but those told.
func strictDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(docs.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	for name, schema := range doc.Components.Schemas {
		if len(schema.Value.Properties) > 0 && !openSchemas[strings.TrimSuffix(name, orNullSuffix)] {
			closed := false
			schema.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: &closed}
		}
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatalf("with objects closed: %v", err)
	}
	return doc
}

// openSchemas may hold more: by contract, or because another program sends them.
var openSchemas = map[string]bool{"ProbeLine": true, "AlertmanagerMessage": true, "AlertmanagerAlert": true,
	"KumaMessage": true, "KumaHeartbeat": true, "KumaMonitor": true}

// asText lets the validator read the bodies that it has no decoder for.
var asText = sync.OnceFunc(func() {
	for _, media := range []string{mediaNDJSON, "text/event-stream", "text/html", "text/css", "text/javascript",
		"text/csv", "application/octet-stream", "application/atom+xml", "text/calendar", "image/svg+xml",
		"application/yaml"} {
		openapi3filter.RegisterBodyDecoder(media,
			func(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
				text, err := io.ReadAll(body)
				return string(text), err
			})
	}
})

// operation finds an operation by its id.
func operation(t *testing.T, doc *openapi3.T, id string) *routers.Route {
	t.Helper()
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.OperationID == id {
				return &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: op}
			}
		}
	}
	t.Fatalf("the document has no operation %s", id)
	return nil
}

// pathParams reads the parameters of a path off its template.
func pathParams(t *testing.T, template, path string) map[string]string {
	t.Helper()
	params := map[string]string{}
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		t.Fatalf("%s does not fit %s", path, template)
	}
	for i, part := range want {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			params[strings.TrimSuffix(name, "}")] = got[i]
		} else if part != got[i] {
			t.Fatalf("%s does not fit %s", path, template)
		}
	}
	return params
}

// lenient are operations that take what fits of what they are sent: lines of a
// batch, and what other programs send, whose next version may differ.
var lenient = []string{"postProbes", "postAlertmanager", "postUptimeKuma", "postGatus"}

// checkAnswer holds a request and its answer against an operation. A request
// that is refused need not fit.
func checkAnswer(t *testing.T, route *routers.Route, r *http.Request, sent string, spoilt bool, got answer) {
	t.Helper()
	asText()
	in := &openapi3filter.RequestValidationInput{Request: r, Route: route,
		PathParams: pathParams(t, route.Path, r.URL.EscapedPath()),
		Options:    &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, AuthenticationFunc: bearer}}
	if got.status < 400 && !(spoilt && slices.Contains(lenient, route.Operation.OperationID)) {
		r.Body = io.NopCloser(strings.NewReader(sent)) // read already
		if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
			t.Errorf("the request is not as documented: %v", err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: got.status, Header: got.header,
		Body: io.NopCloser(bytes.NewReader(got.body)), Options: in.Options}
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		t.Errorf("status %d: the answer is not as documented: %v\n%.500s", got.status, err, got.body)
	}
	if response := route.Operation.Responses.Status(got.status); response != nil {
		for name := range response.Value.Headers {
			// The last page has no next one, and no coverage of the past is kept.
			absent := name == "Link" || name == "Faultline-Coverage" && r.URL.Query().Has("as_of")
			if got.header.Get(name) == "" && !absent {
				t.Errorf("status %d: the header %s is documented and missing", got.status, name)
			}
		}
	}
}

// bearer accepts a request that carries the credentials which its operation is
// documented to need; whether they are good, the API has said.
func bearer(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	if !strings.HasPrefix(in.RequestValidationInput.Request.Header.Get("Authorization"), "Bearer ") {
		return errors.New("no bearer token")
	}
	return nil
}
