package page

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Render writes v as JSON. Empty lists are written as [], and <, > and & as
// escapes, so that a body which is mistaken for HTML stays harmless. Equal values
// give equal bytes.
func Render(v any) ([]byte, error) {
	return json.Marshal(v, jsontext.EscapeForHTML(true), jsontext.AllowInvalidUTF8(true), json.Deterministic(true))
}
