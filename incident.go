package faultline

import (
	"strings"
	"time"
)

// IncidentState is where an incident is in its life.
type IncidentState string

// The states of an incident. Candidate, confirmed and recovering are open.
const (
	StateCandidate  IncidentState = "candidate"  // reports alone, or too little yet
	StateConfirmed  IncidentState = "confirmed"  // by evidence that a crowd cannot fake
	StateRecovering IncidentState = "recovering" // most of its sites are back
	StateResolved   IncidentState = "resolved"   // over
	StateMerged     IncidentState = "merged"     // part of another, see merged_into
	StateRetracted  IncidentState = "retracted"  // it was none
)

// Open reports whether an incident in this state still goes on.
func (s IncidentState) Open() bool {
	return s == StateCandidate || s == StateConfirmed || s == StateRecovering
}

// The bases of a confirmation.
const (
	BasisProbes  = "probes"
	BasisBoth    = "probes+reports"
	BasisReports = "reports"
	// The readers of a viewers' network have stopped reading while others read more than
	// usual; nobody, or many people too, reported sites from there.
	BasisReaders        = "readers"
	BasisReadersReports = "readers+reports"
)

// ListedSites is how many sites an incident carries in lists and streams; all
// of them stand at /v1/incidents/{id}/sites.
const ListedSites = 20

// Incident is one cause and the sites that it takes down, from onset to
// resolution. Each revision is immutable. All times are UTC.
type Incident struct {
	ID       string        `json:"id"`
	Revision int           `json:"revision"`
	State    IncidentState `json:"state"`
	Basis    string        `json:"basis"`
	Drill    bool          `json:"drill"`
	Title    string        `json:"title"`
	// Headline says the same as one sentence with a verb and a date, to quote by itself.
	Headline string `json:"headline"`
	// Cause is null when the failing sites share nothing that we know.
	Cause    *Cause         `json:"cause"`
	Scope    Scope          `json:"scope"`
	Symptoms []SymptomShare `json:"symptoms"`
	Onset    Onset          `json:"onset"`

	DetectedAt   time.Time  `json:"detected_at"`
	ConfirmedAt  *time.Time `json:"confirmed_at"`
	RecoveringAt *time.Time `json:"recovering_at"`
	ResolvedAt   *time.Time `json:"resolved_at"`
	UpdatedAt    time.Time  `json:"updated_at"`

	Impact     Impact         `json:"impact"`
	Evidence   Evidence       `json:"evidence"`
	Sites      []IncidentSite `json:"sites"`
	SitesTotal int            `json:"sites_total"`
	Exonerated []Exonerated   `json:"exonerated"`
	// Rejected are further components that failing sites have in common, at most
	// [MaxRejected] of them, those that fit best first, each with the numbers that speak
	// against it. As it was when most of the sites failed; not there if nothing is shared.
	Rejected    []Rejected      `json:"rejected,omitempty"`
	Statements  []SaidStatement `json:"statements"`
	Corrections []Correction    `json:"corrections,omitempty"`
	MergedInto  *string         `json:"merged_into"`
	// Hash is the SHA-256, in lower-case hexadecimal, of this revision as it is published
	// with all its sites, without the members meta and hash. The public record holds it.
	// The fold leaves it empty; the store sets it.
	Hash string `json:"hash,omitempty"`
	// Timeline is the course of the incident. Only stored revisions carry it: it is read
	// at /v1/incidents/{id}/timeline.
	Timeline Timeline `json:"timeline,omitempty" swaggerignore:"true"`
}

// ulidLength is how many letters and digits a ULID has.
const ulidLength = 26

// IncidentID is the id that somebody means by a text. Ids are ULIDs, whose letters are of
// either case by their specification, and some programs write addresses in small letters. A text
// of another form is returned as it is.
func IncidentID(text string) string {
	const prefix = "inc_"
	if len(text) != len(prefix)+ulidLength || !strings.EqualFold(text[:len(prefix)], prefix) {
		return text
	}
	return prefix + strings.ToUpper(text[len(prefix):])
}

// DatedTitle is the title with the day (UTC) on which the incident began, for where it stands
// without its page, such as in feeds. One that was withdrawn says so: nobody may take it for an
// outage that was.
func (i Incident) DatedTitle() string {
	withdrawn := ""
	if i.State == StateRetracted {
		withdrawn = "Withdrawn: "
	}
	return withdrawn + i.Title + i.Onset.At.UTC().Format(", 2 January 2006")
}

// WithoutTimeline is the incident as it is published.
func (i Incident) WithoutTimeline() Incident {
	i.Timeline = nil
	return i
}

// Listed returns a copy of the incident that carries its first
// [ListedSites] sites only.
func (i Incident) Listed() Incident {
	i.Timeline = nil
	if len(i.Sites) > ListedSites {
		i.Sites = i.Sites[:ListedSites:ListedSites]
	}
	return i
}

// Cause is the component that explains an incident, with how sure we are.
type Cause struct {
	Component Component `json:"component"`
	Kind      string    `json:"kind"`
	Name      string    `json:"name"` // as a person would write it
	// Confidence is a probability, 0 to 1.
	Confidence float64 `json:"confidence"`
	// LogOdds is the natural logarithm of the odds of cause against none.
	LogOdds      float64       `json:"log_odds"`
	Alternatives []Alternative `json:"alternatives"`
	// Aka are other names of the same thing: networks that the provider of the component
	// runs itself and whose sites fail as well. They are no alternatives. Absent if none.
	Aka []Component `json:"aka,omitempty"`
}

// Alternative is another component that explains the same sites.
type Alternative struct {
	Component  Component `json:"component"`
	Confidence float64   `json:"confidence"`
	Reason     string    `json:"reason"`
}

// Scope says where an incident is felt and how much of the cause fails.
type Scope struct {
	Worldwide bool     `json:"worldwide"`
	Countries []string `json:"countries"`
	ISPs      []string `json:"isps"`
	POPs      []string `json:"pops"`
	Fraction  float64  `json:"fraction"` // of the component, 0 to 1
}

// SymptomShare is one symptom and its share of the failures seen, 0 to 1.
type SymptomShare struct {
	Symptom Symptom `json:"symptom"`
	Share   float64 `json:"share"`
}

// Onset is when it began, as an interval that holds the truth 95 times in 100.
type Onset struct {
	Earliest time.Time `json:"earliest"`
	At       time.Time `json:"at"`
	Latest   time.Time `json:"latest"`
}

// Impact counts sites: those that depend on the cause by our list of sites, and, for
// comparison, all others that no open incident explains. Of an incident without a
// cause, Failing and Observed count all of its sites.
type Impact struct {
	Failing     int `json:"failing"`
	Observed    int `json:"observed"`
	PeakFailing int `json:"peak_failing"`
	// Joined counts further sites that fail with these, although our list does not
	// say that they depend on the cause. They are not in Failing or Observed.
	Joined            int `json:"joined"`
	ElsewhereFailing  int `json:"elsewhere_failing"`
	ElsewhereObserved int `json:"elsewhere_observed"`
}

// Evidence counts what an incident rests on, since the time that Onset.At says.
type Evidence struct {
	Reports      int      `json:"reports"`
	Reporters    int      `json:"reporters"`
	Networks     int      `json:"networks"`
	Countries    []string `json:"countries"`
	Probes       int      `json:"probes"`
	ProbesFailed int      `json:"probes_failed"`
	Vantages     int      `json:"vantages"`
	// Readers is what the readers from a viewers' network say of its outage; not there for
	// other causes, and where too few read.
	Readers *ReadersEvidence `json:"readers,omitempty"`
}

// SiteState is how one site does.
type SiteState string

// The states of a site. Within an incident it is down, degraded, recovered or
// unknown; a site on its own may also be ok.
const (
	SiteOK        SiteState = "ok"
	SiteDown      SiteState = "down"
	SiteDegraded  SiteState = "degraded"
	SiteRecovered SiteState = "recovered"
	SiteUnknown   SiteState = "unknown"
)

// Member says why a site belongs to an incident.
type Member string

// The reasons why a site belongs to an incident.
const (
	// MemberMap is a site that depends on the cause by our list of sites, the site
	// that is the cause, or any site of an incident without such a cause.
	MemberMap Member = "map"
	// MemberJoined is a site that fails with the others, although our list does not
	// say that it depends on the cause.
	MemberJoined Member = "joined"
)

// IncidentSite is one site of an incident.
type IncidentSite struct {
	Site         string     `json:"site"`
	Member       Member     `json:"member"`
	State        SiteState  `json:"state"`
	Symptom      Symptom    `json:"symptom"`
	Onset        time.Time  `json:"onset"`
	RecoveredAt  *time.Time `json:"recovered_at"`
	Reports      int        `json:"reports"` // 0 where they are fewer than 5 of a network that the incident names
	Probes       int        `json:"probes"`
	ProbesFailed int        `json:"probes_failed"`
}

// Exonerated is a site that people reported during the incident and that probes find
// well. Reason says so with the numbers; they stand beside it for programs. All count
// since the onset, as far as it is remembered (about half an hour).
type Exonerated struct {
	Site      string `json:"site"`
	Reason    string `json:"reason"`
	Reporters int    `json:"reporters"`
	Networks  int    `json:"networks"`
	Probes    int    `json:"probes"` // all of them succeeded
}

// MaxRejected bounds the components of which an incident says why they are not its cause.
const MaxRejected = 5

// The reasons why a component is not named as the cause of an incident.
const (
	// RejectedWorked: the failing sites got further than the step that it serves.
	RejectedWorked = "worked"
	// RejectedNotReached: the failing sites failed before the step that it serves.
	RejectedNotReached = "not_reached"
	// RejectedEdgeAnswered: it answered, and said that the servers behind it fail.
	RejectedEdgeAnswered = "edge_answered"
	// RejectedSitesWell: too many of the sites that depend on it are well.
	RejectedSitesWell = "sites_well"
	// RejectedSitesMissing: failing sites do not depend on it.
	RejectedSitesMissing = "sites_missing"
	// RejectedNoOtherSite: nothing is known of any other site that depends on it.
	RejectedNoOtherSite = "no_other_site"
	// RejectedExplainsLess: by all counts it may be, but the evidence as a whole fits less well.
	RejectedExplainsLess = "explains_less"
)

// Rejected is a component that failing sites have in common and that is neither the cause
// nor one of its alternatives. Reason says why not, with the numbers; they stand beside it
// for programs.
type Rejected struct {
	Component Component `json:"component"`
	Kind      string    `json:"kind"`
	Name      string    `json:"name"`
	// Because lists what speaks against it, the strongest first: one or more of "worked",
	// "not_reached", "edge_answered", "sites_well", "sites_missing", "no_other_site" and
	// "explains_less".
	Because []string `json:"because"`
	Reason  string   `json:"reason"` // the same in words
	// Failing of FailingTotal failing sites of the incident depend on it.
	Failing      int `json:"failing"`
	FailingTotal int `json:"failing_total"`
	// Excluded of those Failing fail in a way that proves that it was not this.
	Excluded int `json:"excluded"`
	// Well of Observed sites that depend on it, whether they belong to the incident or not,
	// are found well.
	Well     int `json:"well"`
	Observed int `json:"observed"`
	// LogOdds is the natural logarithm of its odds against no cause at all, as if nothing
	// else explained the failures; not there where it was not weighed.
	LogOdds float64 `json:"log_odds,omitempty"`
}

// SaidStatement is a provider's statement on an incident. LagS is its time
// minus the onset, in seconds.
type SaidStatement struct {
	At     time.Time `json:"at"`
	Status string    `json:"status"`
	Source string    `json:"source"`
	Text   string    `json:"text"`
	LagS   int       `json:"lag_s"`
}
