package main

import (
	"fmt"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
)

// Media types and references that occur in many operations.
const (
	mediaJSON    = "application/json"
	mediaProblem = "application/problem+json"
	mediaNDJSON  = "application/x-ndjson"

	refSchemas     = "#/components/schemas/"
	refProblem     = refSchemas + "Problem"
	refIfNoneMatch = "#/components/parameters/IfNoneMatch"
	refResponses   = "#/components/responses/"
	refNotModified = refResponses + "NotModified"
	refHeaders     = "#/components/headers/"
)

// errorHeaders are those that package api sets wherever an error becomes an
// answer, by status.
var errorHeaders = map[string][2]string{
	"401": {"WWW-Authenticate", "RFC 6750, section 3"},
	"403": {"WWW-Authenticate", "RFC 6750, section 3: which scope is lacking"},
	"415": {"Accept", "what is understood here"},
	"429": {"Retry-After", "seconds; RateLimit and RateLimit-Policy say which quota is used up"},
	"503": {"Retry-After", "seconds; drawn at random, so that a crowd does not come back as one"},
}

// finishOperations completes every operation with what swag cannot say: security,
// headers, shared parts.
func finishOperations(doc *openapi3.T) error {
	shareParts(doc)
	if err := followTable(doc); err != nil {
		return err
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if err := finishOperation(op); err != nil {
				return fmt.Errorf("%s %s: %w", method, path, err)
			}
		}
	}
	keys := doc.Paths.Value("/.well-known/jwks.json").Get.Responses.Value("200").Value
	keys.Content = openapi3.NewContentWithJSONSchemaRef(&openapi3.SchemaRef{Ref: refSchemas + "KeySet"})
	return batchBody(doc.Paths.Value("/v1/probes").Post)
}

// finishOperation completes one operation.
func finishOperation(op *openapi3.Operation) error {
	if op.Security == nil {
		op.Security = openapi3.NewSecurityRequirements() // none: said, not forgotten
	}
	for status, response := range op.Responses.Map() {
		if err := finishResponse(status, response.Value); err != nil {
			return err
		}
	}
	if ok := op.Responses.Value("200"); ok != nil && ok.Value.Headers["ETag"] != nil {
		op.Parameters = append(op.Parameters, &openapi3.ParameterRef{Ref: refIfNoneMatch})
		op.Responses.Set("304", &openapi3.ResponseRef{Ref: refNotModified})
	}
	return nil
}

// shareParts defines what operations refer to.
func shareParts(doc *openapi3.T) {
	doc.Components.SecuritySchemes = openapi3.SecuritySchemes{"Bearer": {Value: &openapi3.SecurityScheme{
		Type: "http", Scheme: "bearer", BearerFormat: "JWT",
		Description: "A JSON Web Token signed with Ed25519, issued by `faultline token issue`. " +
			"Its sub is the vantage; its scope must hold what the operation needs (probes: `probes:write`). " +
			"Reading needs none; with any of ours a reader may ask more.",
	}}}
	doc.Components.Parameters = filterParameters()
	doc.Components.Parameters["IfNoneMatch"] = &openapi3.ParameterRef{
		Value: openapi3.NewHeaderParameter("If-None-Match").
			WithDescription("the ETag of an earlier answer").WithSchema(openapi3.NewStringSchema())}
	etag := &openapi3.Header{Parameter: openapi3.Parameter{Description: "that of the answer held",
		Schema: openapi3.NewStringSchema().NewRef()}}
	same := openapi3.NewResponse().WithDescription("the answer held is still good")
	same.Headers = openapi3.Headers{"ETag": {Value: etag}}
	doc.Components.Responses = openapi3.ResponseBodies{"NotModified": {Value: same}}
	header := func(say string) *openapi3.HeaderRef {
		return &openapi3.HeaderRef{Value: &openapi3.Header{Parameter: openapi3.Parameter{Description: say,
			Schema: openapi3.NewStringSchema().NewRef()}}}
	}
	doc.Components.Headers = openapi3.Headers{
		"RateLimit-Policy": header(
			"the quota that reads count against: q reads may come at once and grow back within w seconds " +
				"(draft-ietf-httpapi-ratelimit-headers-11)"),
		"RateLimit": header(
			"what of it is left: r reads now, all of them in t seconds. On an answer out of a cache it is " +
				"somebody else's"),
	}
}

// finishResponse gives a problem its one media type: swag takes every @Produce
// for every response.
func finishResponse(status string, response *openapi3.Response) error {
	problem := false
	for _, media := range response.Content {
		problem = problem || media.Schema.Ref == refProblem
	}
	if (status >= "400") != problem {
		return fmt.Errorf("status %s: errors are problems, and nothing else is", status)
	}
	if !problem {
		return nil
	}
	response.Content = openapi3.Content{
		mediaProblem: openapi3.NewMediaType().WithSchemaRef(&openapi3.SchemaRef{Ref: refProblem})}
	if h, ok := errorHeaders[status]; ok {
		schema := openapi3.NewStringSchema()
		if status == fmt.Sprint(http.StatusServiceUnavailable) || status == fmt.Sprint(http.StatusTooManyRequests) {
			schema = openapi3.NewIntegerSchema().WithMin(1)
		}
		response.Headers = openapi3.Headers{h[0]: {Value: &openapi3.Header{
			Parameter: openapi3.Parameter{Description: h[1], Schema: schema.NewRef()}}}}
	}
	return nil
}

// batchBody says in which forms a batch of probes may come. An object with the member probes is
// taken too, and described in words alone: a union is more than many generators take.
func batchBody(op *openapi3.Operation) error {
	body := op.RequestBody.Value
	list := body.Content[mediaJSON]
	if list == nil || list.Schema.Value == nil || list.Schema.Value.Items == nil {
		return fmt.Errorf("%s: the body is no array", op.OperationID)
	}
	list.Schema.Value.MinItems = 1
	list.Schema.Value.WithMaxItems(5_000)
	lines := openapi3.NewStringSchema()
	lines.Description = "one ProbeLine a line"
	body.Content = openapi3.Content{mediaJSON: list, mediaNDJSON: openapi3.NewMediaType().WithSchema(lines)}
	return nil
}
