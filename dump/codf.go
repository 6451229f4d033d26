package dump

import (
	"strings"
	"time"

	"faultline"
)

// Event is an element of codf.json: an outage in the Common Outage Data Format, with the
// members that IODA's API answers with for format=codf. What IODA leaves null is null, and
// so is the score, which is a sum of IODA's own signals.
type Event struct {
	Location     string   `json:"location"` // TYPE/CODE, such as asn/812 or cdn/fastly
	Start        int64    `json:"start"`    // in Unix seconds
	Duration     int64    `json:"duration"` // in seconds
	Uncertainty  *int64   `json:"uncertainty"`
	Method       string   `json:"method"`
	Datasource   string   `json:"datasource"`
	Status       int      `json:"status"` // 0: down
	Fraction     *float64 `json:"fraction"`
	Score        *float64 `json:"score"`
	LocationName string   `json:"location_name"`
	Overlaps     bool     `json:"overlaps_window"` // it began before the day
}

// codfMethod is how Faultline names its method in [Event].
const codfMethod = "faultline"

// codf is an incident as an event of a day; false where it is none: it is not over, was
// never confirmed, has no cause, or does not touch the day.
func codf(inc faultline.Incident, day, until time.Time) (Event, bool) {
	if inc.State != faultline.StateResolved || inc.ConfirmedAt == nil || inc.ResolvedAt == nil || inc.Cause == nil ||
		inc.ResolvedAt.Before(day) || !inc.Onset.At.Before(until) {
		return Event{}, false
	}
	start := inc.Onset.At.Unix()
	return Event{Location: location(inc.Cause.Component), Start: start,
		Duration: max(0, inc.ResolvedAt.Unix()-start), Method: codfMethod, Datasource: inc.Basis,
		LocationName: inc.Cause.Name, Overlaps: inc.Onset.At.Before(day)}, true
}

// location is a component as IODA writes places. A network of viewers or of servers is
// asn/NUMBER there; the other kinds are Faultline's own.
func location(c faultline.Component) string {
	kind, name, _ := strings.Cut(string(c), ":")
	if number, ok := strings.CutPrefix(name, "AS"); ok && (kind == "isp" || kind == "asn") {
		return "asn/" + number
	}
	return kind + "/" + name
}
