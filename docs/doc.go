// Package docs holds the OpenAPI document of the HTTP interface and the files
// that show it to people.
//
// What belongs here: what is generated from the comments of handlers
// (swagger.json in Swagger 2.0, openapi.json in OpenAPI 3.0.3), answers of a
// drill as its examples (examples/), JSON Schemas (schemas/), Swagger UI as it was published and our page
// around it (ui/), and prose. What does not: code beyond what embeds these files.
// `make docs` runs the generator (gen/); a document that is not what the sources
// say fails its tests.
package docs

import "embed"

//go:generate go tool -modfile=../script/tools/go.mod swag init --dir .. --generalInfo api/documents.go --output . --outputTypes json --requiredByDefault --quiet
//go:generate go run ./gen -update
//go:generate go run ./metrics

// OpenAPI is the document, OpenAPI 3.0.3 in JSON.
//
//go:embed openapi.json
var OpenAPI []byte

// Method is the account of how Faultline decides, in Markdown.
//
//go:embed method.md
var Method []byte

// Schemas are the JSON Schemas of event lines, incidents, messages to webhooks and rows of
// open data, below schemas/.
//
//go:embed schemas/*.json
var Schemas embed.FS

// UI are the files below ui/ that /docs/ serves: our page and its script, and
// Swagger UI with its licences.
//
//go:embed ui/index.html ui/init.js ui/page.css
//go:embed ui/swagger-ui.css ui/swagger-ui-bundle.js ui/swagger-ui-bundle.js.LICENSE.txt ui/LICENSE ui/NOTICE
var UI embed.FS
