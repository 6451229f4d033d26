package api

import (
	"bytes"
	"errors"
	"time"

	"faultline"
)

// Meta is in front of every answer: how old it is, and what it rests on.
type Meta struct {
	AsOf  *time.Time `json:"as_of"` // of the newest view; null before the first
	Stale bool       `json:"stale"` // older than 15 seconds
	// Vantages are those heard from in the 15 minutes before as_of.
	Vantages int `json:"vantages"`
	// Method is where it is told how what is said was found out.
	Method string `json:"method"`
	// Licence is under what terms the answer may be used.
	Licence string `json:"licence"`
}

// licence of the data: to be used by anyone who names the source.
const licence = "https://creativecommons.org/licenses/by/4.0/"

// methodPath is where package docs' account of the method is served.
const methodPath = "/docs/method.md"

func newMeta(publicURL string) Meta {
	return Meta{Method: publicURL + methodPath, Licence: licence}
}

var errNotRendered = errors.New("a page that could not be rendered")

// withMeta puts a rendered meta in front of a rendered object.
func withMeta(meta, object []byte) []byte {
	body := make([]byte, 0, len(meta)+len(object)+10)
	body = append(append(append(body, `{"meta":`...), meta...), ',')
	return append(body, bytes.TrimPrefix(object, []byte("{"))...)
}

// IncidentAnswer is an incident with how old the answer is.
type IncidentAnswer struct {
	Meta Meta `json:"meta"`
	faultline.Incident
}

// revisionPage renders one revision, which never changes: its meta says when it
// was told.
func revisionPage(inc faultline.Incident, publicURL string) (*page, error) {
	m := newMeta(publicURL)
	m.AsOf, m.Vantages = &inc.UpdatedAt, inc.Evidence.Vantages
	return newPage(IncidentAnswer{Meta: m, Incident: inc})
}

// SiteAnswer is how one site does, with how old the answer is.
type SiteAnswer struct {
	Meta Meta `json:"meta"`
	faultline.SiteStatus
}
