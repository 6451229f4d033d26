package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// example is one recorded body. Its file is called OPERATION.STATUS.KIND, or
// OPERATION.request.KIND for what was sent.
type example struct {
	operation, status, kind string
	body                    []byte
}

// mediaOf is the media type of a kind of file. An error in JSON is a problem (RFC
// 9457).
func mediaOf(kind, status string) string {
	switch {
	case kind == "json" && status >= "400" && status < "600":
		return mediaProblem
	case kind == "json":
		return mediaJSON
	case kind == "feed":
		return "application/feed+json"
	case kind == "atom":
		return "application/atom+xml"
	case kind == "bin":
		return "application/octet-stream"
	case kind == "svg":
		return "image/svg+xml"
	case kind == "ics":
		return "text/calendar"
	case kind == "csv":
		return "text/csv"
	case kind == "ndjson":
		return mediaNDJSON
	case kind == "sse":
		return "text/event-stream"
	}
	return "text/plain"
}

// file is the name of its file.
func (e example) file() string { return e.operation + "." + e.status + "." + e.kind }

// readExamples reads what recordExamples wrote, sorted by name.
func readExamples(dir string) ([]example, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []example
	for _, entry := range entries {
		parts := strings.Split(entry.Name(), ".")
		// Anything else in the folder is a mistake, such as a file that an editor left
		// there.
		if len(parts) != 3 {
			return nil, fmt.Errorf("%s is not called OPERATION.STATUS.KIND", entry.Name())
		}
		body, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, example{parts[0], parts[1], parts[2], body})
	}
	return all, nil
}

// placeExamples puts each example where it belongs. One that belongs nowhere is
// an error, so that none is left behind by a change.
func placeExamples(doc *openapi3.T, examples []example) error {
	for _, e := range examples {
		media, err := placeOf(doc, e)
		if err != nil {
			return fmt.Errorf("example %s: %w", e.file(), err)
		}
		if e.kind == "json" || e.kind == "feed" {
			media.Example = json.RawMessage(e.body) // keeps the order of members
		} else {
			media.Example = string(e.body)
		}
	}
	return exampleIDs(doc)
}

// placeOf finds the operation, status and media type in the document that an example is
// of.
func placeOf(doc *openapi3.T, e example) (*openapi3.MediaType, error) {
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.OperationID != e.operation {
				continue
			}
			var content openapi3.Content
			if e.status == "request" && op.RequestBody != nil {
				content = op.RequestBody.Value.Content
			} else if r := op.Responses.Value(e.status); r != nil && r.Value != nil {
				content = r.Value.Content
			}
			if media := content[mediaOf(e.kind, e.status)]; media != nil {
				return media, nil
			}
			return nil, fmt.Errorf("%s has no %s of that media type", e.operation, e.status)
		}
	}
	return nil, fmt.Errorf("there is no operation %s", e.operation)
}

// exampleIDs makes parameters name the incident of the recorded answers, so that
// what is tried out on the drill finds something.
func exampleIDs(doc *openapi3.T) error {
	// The id is a function of the drill, so it is read from a recorded answer and written
	// down nowhere.
	one := doc.Paths.Value("/v1/incidents/{id}").Get.Responses.Value("200").Value.Content[mediaJSON].Example
	var incident struct{ ID string }
	raw, ok := one.(json.RawMessage)
	if !ok {
		return fmt.Errorf("example getIncident.200.json is missing")
	}
	if err := json.Unmarshal(raw, &incident); err != nil {
		return fmt.Errorf("example getIncident.200.json: %w", err)
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if p := op.Parameters.GetByInAndName("path", "id"); p != nil {
				p.Example = incident.ID
			}
			if p := op.Parameters.GetByInAndName("path", "n"); p != nil {
				p.Example = 1
			}
		}
	}
	return nil
}
