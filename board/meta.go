package board

import (
	"bytes"
	"time"

	"faultline"
)

// Meta is in front of every answer: how old it is, and what it rests on.
type Meta struct {
	AsOf  *time.Time `json:"as_of"` // of the newest view; null before the first
	Stale bool       `json:"stale"` // older than 15 seconds
	// Vantages are those that reported in the 15 minutes before as_of.
	Vantages int `json:"vantages"`
	// Coverage is what can be said at all just now; null in an answer that never changes.
	Coverage *faultline.Coverage `json:"coverage"`
	// Method is where it is told how what is said was found out.
	Method string `json:"method"`
	// Licence is under what terms the answer may be used.
	Licence string `json:"licence"`
}

// Licence of the data: to be used by anyone who names the source.
const Licence = "https://creativecommons.org/licenses/by/4.0/"

// MethodPath is where package docs' account of the method is served.
const MethodPath = "/docs/method.md"

// NewMeta is a Meta that says nothing yet of what is known.
func NewMeta(publicURL string) Meta {
	return Meta{Method: publicURL + MethodPath, Licence: Licence}
}

// WithMeta puts a rendered meta in front of a rendered object.
func WithMeta(meta, object []byte) []byte {
	body := make([]byte, 0, len(meta)+len(object)+10)
	body = append(append(append(body, `{"meta":`...), meta...), ',')
	return append(body, bytes.TrimPrefix(object, []byte("{"))...)
}
