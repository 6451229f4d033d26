package faultline

// Change is one published revision of an incident: its position in the stream of
// all revisions, and the incident with its first [ListedSites] sites.
type Change struct {
	ID       string
	Incident Incident
	Trace    string `json:"-"` // the spans that led to it, as of a [View]
}
