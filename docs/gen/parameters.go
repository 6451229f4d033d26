package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// keepParameterExamples carries over the examples of parameters, which the
// conversion to OpenAPI 3 leaves behind.
func keepParameterExamples(doc *openapi3.T, swagger []byte) error {
	var v2 struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				In, Name string
				Example  any
			}
		}
	}
	if err := json.Unmarshal(swagger, &v2); err != nil {
		return fmt.Errorf("read parameters: %w", err)
	}
	for path, item := range v2.Paths {
		for method, op := range item {
			into := doc.Paths.Value(path).GetOperation(strings.ToUpper(method)).Parameters
			for _, p := range op.Parameters {
				setExample(into.GetByInAndName(p.In, p.Name), p.Example)
			}
		}
	}
	return nil
}

// setExample gives a parameter its example, if there are both.
func setExample(p *openapi3.Parameter, example any) {
	if p != nil && example != nil {
		p.Example = example
	}
}
