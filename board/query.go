package board

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"faultline"
)

// Query is what a reader asks of the list of incidents.
type Query struct {
	Filter       faultline.Filter
	Since, Until time.Time // of the onset, or, overlapping, of the whole; zero: open
	Overlapping  bool
	Limit        int
	After        Cursor
}

// onlyOpen reports whether nothing that is over is asked for: what is open is in
// memory, however old.
func (l Query) onlyOpen() bool {
	return len(l.Filter.States) > 0 &&
		!slices.ContainsFunc(l.Filter.States, func(s faultline.IncidentState) bool { return !s.Open() })
}

// takes reports whether an incident is within the span asked for and passes the filter.
func (l Query) takes(inc *faultline.Incident) bool {
	begin := inc.Onset.At
	switch {
	case !l.Until.IsZero() && !begin.Before(l.Until):
		return false
	case l.Since.IsZero() || !begin.Before(l.Since):
	// An incident that began before the span counts only if the reader asked for what
	// overlaps it.
	case !l.Overlapping || !inc.State.Open() && !endOf(inc).After(l.Since):
		return false
	}
	return l.Filter.Takes(inc)
}

// endOf is when an incident that is over ended.
func endOf(inc *faultline.Incident) time.Time {
	if inc.ResolvedAt != nil {
		return *inc.ResolvedAt
	}
	return inc.UpdatedAt
}

// Cursor is a place in the list of incidents, newest onset first: behind the
// incident of that onset and id. The zero value stands before all.
type Cursor struct {
	onsetMS int64
	id      string
}

// CursorOf is the place of an incident.
func CursorOf(inc *faultline.Incident) Cursor { return Cursor{inc.Onset.At.UnixMilli(), inc.ID} }

// before orders the list: later onsets first, then greater ids.
func (c Cursor) before(d Cursor) bool {
	if c.onsetMS != d.onsetMS {
		return c.onsetMS > d.onsetMS
	}
	return c.id > d.id
}

// String is empty for the zero value.
func (c Cursor) String() string {
	if c.id == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.onsetMS, 10) + "." + c.id))
}

// ReadCursor reads what String wrote. It fails on anything else.
func ReadCursor(text string) (Cursor, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return Cursor{}, err
	}
	ms, id, _ := strings.Cut(string(raw), ".")
	if !incidentID.MatchString(id) {
		return Cursor{}, faultline.ErrNotFound
	}
	n, err := strconv.ParseInt(ms, 10, 64)
	return Cursor{n, id}, err
}
