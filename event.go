package faultline

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Event is one line of the log: something that was seen, said or decided, with
// when. Its concrete types are [Report], [Probe], [SiteRecord], [Vantage],
// [Statement], [Readers], [Tick], [Correction], [Epoch], [Adopt] and [Published], all passed
// by value.
type Event interface {
	// Type is the value of the line's "type" member.
	Type() string
	// Time is when it was, in UTC and whole milliseconds; zero if not said.
	Time() time.Time
}

// The types of event.
const (
	TypeReport     = "report"
	TypeProbe      = "probe"
	TypeSite       = "site"
	TypeVantage    = "vantage"
	TypeStatement  = "statement"
	TypeTick       = "tick"
	TypeCorrection = "correction"
	TypeEpoch      = "epoch"
	TypeAdopt      = "adopt"
	TypePublished  = "published"
)

// How far an event's time may lie from the clock of the fold. One that is further behind
// than LateBound is left out; one that is further ahead than FutureBound is set to the
// clock, unless several lines of a replay agree.
const (
	LateBound   = 5 * time.Minute
	FutureBound = 2 * time.Minute
)

// Report is one person saying that one site does not work for them, or, with
// [SymptomOK], that it does.
type Report struct {
	At       time.Time `json:"at"`
	Site     string    `json:"site"`
	Symptom  Symptom   `json:"symptom,omitempty"`
	Reporter string    `json:"reporter"`          // opaque pseudonym, stable for a day
	ASN      uint32    `json:"asn,omitempty"`     // the reporter's network; 0 is unknown
	Country  string    `json:"country,omitempty"` // ISO 3166-1 alpha-2
	Net      string    `json:"net,omitempty"`     // pseudonym of the reporter's /24 or /48
	Hosting  bool      `json:"hosting,omitempty"` // from a network of machines, not of people: weighs nothing
}

// Probe is one automated check of one site from one vantage. The same site,
// vantage and time count once.
type Probe struct {
	At        time.Time   `json:"at"`
	Site      string      `json:"site"`
	Vantage   string      `json:"vantage"`
	Symptom   Symptom     `json:"symptom"`
	Status    int         `json:"status,omitempty"`     // HTTP status; 0 when there was none
	LatencyMS int         `json:"latency_ms,omitempty"` // milliseconds; 0 when not measured
	Detail    string      `json:"detail,omitempty"`     // nxdomain, servfail, origin, edge, …
	Via       []Component `json:"via,omitempty"`        // components seen on that very request
	// CertificateEnds is when the site's certificate ends; zero when none was seen. It is
	// shown and no evidence, and is not kept in the log.
	CertificateEnds time.Time `json:"certificate_ends,omitzero" format:"date-time"`
	// Run is of a probe that stands for several, nil for one result.
	Run *ProbeRun `json:"run,omitempty"`
}

// MaxLatency bounds what a probe says it took.
const MaxLatency = 10 * time.Minute

// Fault names the member of a probe whose number can't be, and says why; empty
// when none is. The API and the replay refuse the same ones.
func (p Probe) Fault() (member, why string) {
	switch {
	case !ValidStatus(p.Status):
		return "status", "is not an HTTP status"
	case p.LatencyMS < 0 || p.LatencyMS > int(MaxLatency.Milliseconds()):
		return "latency_ms", fmt.Sprintf("is not within 0 to %d", MaxLatency.Milliseconds())
	case p.Run != nil:
		return p.Run.fault(p)
	}
	return "", ""
}

// SiteRecord says what a site depends on. It replaces the earlier record of that
// site whole; a site without one has no components.
type SiteRecord struct {
	At         time.Time             `json:"at,omitzero"`
	Site       string                `json:"site"`
	Rank       int                   `json:"rank,omitempty"` // popularity, 1 is the most visited; 0 is unknown
	Components []Component           `json:"components,omitempty"`
	Shares     map[Component]float64 `json:"shares,omitempty"` // of the site's traffic, 0 to 1
	// catalog, observed or reported; observed beats the others
	Source string `json:"source,omitempty"`
	// Owner is who runs the site, as the catalogue writes owners; empty is unknown. That
	// a site answers does not clear it of an outage of what its owner runs.
	Owner string `json:"owner,omitempty"`
	// Runs are the components that the owner runs, where the built-in table of providers
	// does not have them: at most [MaxRuns]. One that ends in "/*" is every one below it.
	Runs []Component `json:"runs,omitempty"`
	// Uses are the components that serve parts of the site's page, such as scripts, styles
	// and fonts, from other hosts: at most [MaxUses], in order. The site answers without them,
	// so that they are shown and never evidence. Empty: nothing is known.
	Uses []Component `json:"uses,omitempty" maxItems:"32"`
}

// The bounds of a record's lists: what it says that its owner runs, and what its page uses.
const (
	MaxRuns = 160
	MaxUses = 32
)

// OwnerRuns reports whether a record says that the site's owner runs a component.
func (r SiteRecord) OwnerRuns(c Component) bool {
	return slices.ContainsFunc(r.Runs, func(pattern Component) bool { return pattern.covers(c) })
}

// The sources of a [SiteRecord].
const (
	SourceCatalog  = "catalog"
	SourceObserved = "observed"
	SourceReported = "reported" // asked for from several networks: the name is known, and nothing else
)

// Vantage is a place that probes run from.
type Vantage struct {
	Vantage string `json:"vantage"`
	ASN     uint32 `json:"asn,omitempty"`
	Country string `json:"country,omitempty"`
}

// Statement is what a provider says of itself. It is shown, and never evidence.
type Statement struct {
	At        time.Time `json:"at"`
	Component Component `json:"component"`
	Source    string    `json:"source"`
	Status    string    `json:"status"`
	Text      string    `json:"text"`
}

// Tick is time itself: the leader appends one a second, and whoever folds the
// log evaluates what it knows when it reads one.
type Tick struct {
	At time.Time `json:"at"`
}

// Correction changes a published incident by word of a person with the right
// to do so.
type Correction struct {
	At       time.Time     `json:"at"`
	Incident string        `json:"incident"`
	By       string        `json:"by"`
	Text     string        `json:"text"`
	State    IncidentState `json:"state,omitempty"` // retracted, or empty for a remark
}

// Epoch opens a log. Its name goes into every incident's id, so that two logs
// never give the same ids, and it says that the log carries its own ticks.
type Epoch struct {
	At    time.Time `json:"at"`
	Epoch string    `json:"epoch"`
}

func (Report) Type() string     { return TypeReport }
func (Probe) Type() string      { return TypeProbe }
func (SiteRecord) Type() string { return TypeSite }
func (Vantage) Type() string    { return TypeVantage }
func (Statement) Type() string  { return TypeStatement }
func (Tick) Type() string       { return TypeTick }
func (Correction) Type() string { return TypeCorrection }
func (Epoch) Type() string      { return TypeEpoch }

// Time is when the event happened, by the clock of whoever saw it; of a [Tick] and an [Epoch], by
// the clock of the log.
func (e Report) Time() time.Time     { return e.At }
func (e Probe) Time() time.Time      { return e.At }
func (e SiteRecord) Time() time.Time { return e.At }
func (Vantage) Time() time.Time      { return time.Time{} }
func (e Statement) Time() time.Time  { return e.At }
func (e Tick) Time() time.Time       { return e.At }
func (e Correction) Time() time.Time { return e.At }
func (e Epoch) Time() time.Time      { return e.At }

// Millis brings a time to the form that every event carries: UTC, whole
// milliseconds, no monotonic reading.
func Millis(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Round(0).Truncate(time.Millisecond)
}

// AppendLine appends ev as one event line (NDJSON, with the newline) to dst.
func AppendLine(dst []byte, ev Event) ([]byte, error) {
	body, err := json.Marshal(ev)
	if err != nil {
		return dst, fmt.Errorf("encode %s line: %w", ev.Type(), err)
	}
	dst = append(dst, `{"type":"`...)
	dst = append(dst, ev.Type()...)
	dst = append(dst, '"')
	if len(body) > 2 {
		dst = append(dst, ',')
	}
	dst = append(dst, body[1:]...)
	return append(dst, '\n'), nil
}
