package correlate

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"strconv"

	"github.com/oklog/ulid/v2"

	"faultline"
	"faultline/correlate/evidence"
)

// incident is one cause over time, with all that its revisions are made of.
type incident struct {
	ID      string
	Ordinal int64
	State   faultline.IncidentState
	Basis   string
	Cause   faultline.Component // empty: unattributed
	Others  []other

	LogOdds, PeakOdds      float64
	Fraction, PeakFraction float64  // of the component that fails
	Onset                  interval // earliest, likeliest, latest

	Detected, Confirmed, Recovering, Resolved int64
	LastFail                                  int64 // when one of its sites last failed
	// when nothing of it failed any more, 0 while something does
	QuietSince int64
	// when less than recoveringPart of the peak failed, 0 while more does
	LowSince int64
	RenameTo faultline.Component // has explained it better at the last evaluation

	Members                             []member // ascending by site
	Failing, Observed, PeakFailing      int
	Joined                              int // failing that our list of sites does not place on the cause
	PeakPlaced                          int // the most that failed of those that it does
	ElsewhereFailing, ElsewhereObserved int
	ByVantage                           []seenFrom // ascending by vantage

	Reports, Probes, ProbesFailed int
	Reporters                     people
	Networks                      []uint32 // ascending
	Countries                     []string // ascending

	Exonerated  []faultline.Exonerated
	Statements  []faultline.SaidStatement
	Corrections []faultline.Correction
	MergedInto  string

	Course        faultline.Timeline // see noteCourse
	CourseStep    int64              // milliseconds
	CourseReports int                // as of its last point

	Last   faultline.Incident // the newest revision, without its timeline
	LastAt int64              // when it was made

	CountedFrom int64 // since when evidence is counted: the onset that is published
	BasedAt     int64 // when its evidence last became of another kind: the onset is fitted around it

	Chatter float64 // how many times as loud as usual people were before the onset; 0: not measured

	// The readers from the viewers' network that is the cause: whether they are silent now,
	// have ever been, and since when.
	Silent, Silenced bool
	SilentSince      interval

	Adopted adoptedCounts // what was published of it before this fold began; zero: nothing

	probed bool // any of its sites is; counted again at each evaluation
}

// member is one site of an incident.
type member struct {
	Site             uint32
	State            faultline.SiteState
	Code             uint16
	Adopted          bool // its record does not name the cause
	Left             bool // it fails on, by the cause of another incident
	Taken            bool // over from another incident
	Joined           bool // our list of sites does not place it on the cause; counted again at each evaluation
	Witnessed        bool // two networks have seen it fail
	Onset, Recovered int64
	LastFail         int64
	Reports          int
	Probes, Failed   int
}

// other is a component that explains an incident as well.
type other struct {
	Component faultline.Component
	LogOdds   float64
	Near      bool // it decides as well as the cause does
	Same      bool
	Aka       bool // a network of the provider that runs the cause, or the other way round
}

// seenFrom counts what one vantage saw of an incident.
type seenFrom struct {
	Vantage        uint32
	Probes, Failed int
}

// people is a set of pseudonyms in the order in which they came, at most
// maxReporters: the list only grows.
type people struct {
	All   []uint64
	known map[uint64]struct{}
}

// add takes a pseudonym in. The set is made from the list when it is first needed, since
// only the list is in a checkpoint.
func (p *people) add(who uint64) {
	if len(p.All) >= maxReporters {
		return
	}
	if p.known == nil {
		p.known = make(map[uint64]struct{}, len(p.All))
		for _, who := range p.All {
			p.known[who] = struct{}{}
		}
	}
	if _, ok := p.known[who]; !ok {
		p.known[who] = struct{}{}
		p.All = append(p.All, who)
	}
}

// open starts an incident of a cause.
func (e *Engine) open(cause faultline.Component, odds float64) *incident {
	e.ordinal++
	in := &incident{
		Ordinal: e.ordinal, State: faultline.StateCandidate, Cause: cause, Detected: e.clock,
		LogOdds: odds, PeakOdds: odds, LastFail: e.clock,
		// A first guess. The fit replaces it in the same evaluation when probes or reports have
		// seen the beginning.
		Onset: interval{e.clock - firstReach, e.clock - minute, e.clock},
	}
	in.BasedAt, in.CountedFrom = e.clock, roundedUp(in.Onset[1])
	in.ID = e.newID(cause)
	e.incidents = append(e.incidents, in)
	return in
}

// newID makes the id of the incident that is being opened: a ULID of its time of
// detection and a keyed hash of epoch, cause and ordinal, so that the same log
// gives the same ids.
func (e *Engine) newID(cause faultline.Component) string {
	mac := hmac.New(sha256.New, []byte(e.epoch))
	mac.Write([]byte(string(cause) + "|" + strconv.FormatInt(e.ordinal, decimal)))
	var id ulid.ULID
	// Both fail only for times beyond the year 10889 and entropy of other than 10 bytes.
	_ = id.SetTime(uint64(e.clock))
	_ = id.SetEntropy(mac.Sum(nil)[:entropyBytes])
	return "inc_" + id.String()
}

// incident returns the incident of an ordinal that is still held.
func (e *Engine) incident(ordinal int64) *incident {
	i, ok := slices.BinarySearchFunc(e.incidents, ordinal,
		func(in *incident, o int64) int { return int(in.Ordinal - o) })
	if !ok {
		return nil
	}
	return e.incidents[i]
}

// held returns the incident of a cause that is open or ended so lately that what
// fails now is the same incident again.
func (e *Engine) held(cause faultline.Component) *incident {
	for _, in := range slices.Backward(e.incidents) {
		if in.Cause == cause && in.holds(e.clock) {
			return in
		}
	}
	return nil
}

// holds reports whether an incident is open or may still recur.
func (in *incident) holds(now int64) bool {
	return in.State.Open() || in.State == faultline.StateResolved && now-in.Resolved < recurrence
}

// heldFraction is how much of the cause is taken to fail when others are weighed:
// the tail of a recovery is part of the incident.
func (in *incident) heldFraction() float64 { return max(in.Fraction, in.PeakFraction*tailPart) }

// sites returns the members' sites, ascending.
func (in *incident) sites() []uint32 {
	ids := make([]uint32, len(in.Members))
	for i, m := range in.Members {
		ids[i] = m.Site
	}
	return ids
}

// member is a site's row in the incident, nil if it is none of its members. It points into
// the list and is good until the list changes.
func (in *incident) member(id uint32) *member {
	i, ok := in.place(id)
	if !ok {
		return nil
	}
	return &in.Members[i]
}

// place is where a site stands, or would stand, among the members.
func (in *incident) place(id uint32) (int, bool) {
	return slices.BinarySearchFunc(in.Members, id,
		func(m member, id uint32) int { return int(int64(m.Site) - int64(id)) })
}

// join adds a site that is not yet a member. A site that is one already would be there twice,
// and the state could not be restored.
func (in *incident) join(id uint32) *member {
	i, _ := in.place(id)
	in.Members = slices.Insert(in.Members, i, member{Site: id, State: faultline.SiteDown})
	return &in.Members[i]
}

// countProbe counts one probe of a member since the onset.
func (in *incident) countProbe(id, vantage uint32, r evidence.Result) {
	// What came before the published onset belongs to normal times, and would make the counts say
	// more than the text.
	m := in.member(id)
	if m == nil || r.At() < in.CountedFrom {
		return
	}
	i, ok := in.sawFrom(vantage)
	if !ok {
		in.ByVantage = slices.Insert(in.ByVantage, i, seenFrom{Vantage: vantage})
	}
	in.Probes++
	m.Probes++
	in.ByVantage[i].Probes++
	if r.Failed() {
		in.ProbesFailed++
		m.Failed++
		in.ByVantage[i].Failed++
	}
}

// sawFrom is the place of a vantage among those that saw something of an incident.
func (in *incident) sawFrom(vantage uint32) (int, bool) {
	return slices.BinarySearchFunc(in.ByVantage, vantage, func(s seenFrom, v uint32) int {
		return int(int64(s.Vantage) - int64(v))
	})
}

// countReport counts one report of a member since the onset.
func (in *incident) countReport(id uint32, h evidence.Report) {
	m := in.member(id)
	if m == nil || h.At < in.CountedFrom {
		return
	}
	in.Reports++
	m.Reports++
	in.Reporters.add(h.Who)
	if i, ok := slices.BinarySearch(in.Networks, h.Network); !ok && len(in.Networks) < maxNets {
		in.Networks = slices.Insert(in.Networks, i, h.Network)
	}
	if h.Country != (country{}) {
		c := string(h.Country[:])
		if i, ok := slices.BinarySearch(in.Countries, c); !ok && len(in.Countries) < maxCountries {
			in.Countries = slices.Insert(in.Countries, i, c)
		}
	}
}

// enlist makes a site a member and counts what was seen of it since the onset. One that was
// taken over as a member while another incident held it is a member already, and is held now.
func (e *Engine) enlist(in *incident, id uint32, onset int64) *member {
	s := e.sites.rows[id]
	e.s.unsettle(id)
	s.Incident = in.Ordinal
	if m := in.member(id); m != nil {
		return m
	}
	m := in.join(id)
	m.Onset = max(onset, in.Onset[0])
	if j := e.evidenceOf(id); j != nil {
		m.Code = j.symptom.is
	}
	// After the member is in place: what was seen of the site before it joined counts too.
	e.countMember(in, id)
	return in.member(id)
}

// release lets an incident's sites and network go.
func (e *Engine) release(in *incident) {
	for _, m := range in.Members {
		if s := e.sites.rows[m.Site]; s.Incident == in.Ordinal {
			// Freed keeps a site from joining another incident by what it did in this one.
			s.Incident, s.Freed = 0, e.clock
		}
	}
	for _, n := range in.Networks {
		if row := e.networks.rows[n]; row.Incident == in.Ordinal {
			row.Incident = 0
			// While it is 0, the weighing of crowds need not ask any network.
			e.s.failingISPs--
			// Networks' people count again, so that all crowds have to be weighed again.
			e.s.capsGen++
		}
	}
}

// forget drops what was seen of an incident's sites while they failed. It has been published, and
// must not become part of their baselines now that they are free.
func (e *Engine) forget(in *incident) {
	published := e.clock - statusReach // what is newer is still shown, and after the end
	for _, m := range in.Members {
		s := e.sites.rows[m.Site]
		// What a chart or page still shows is kept.
		until := published
		if m.Recovered != 0 {
			until = min(published, m.Recovered)
		}
		e.s.invalidate(m.Site)
		for _, t := range s.Tracks {
			// From before the onset on: results of the first seconds of an outage may be older than
			// the onset that was fitted.
			t.Forget(m.Onset-evidence.SickEdge, until)
		}
		if s.Crowd != nil {
			s.Crowd.Drop(published + 1)
			s.Crowd.Base.Advance(0, published, false)
		}
	}
}

// young reports whether an incident may still change its cause: it is open and was detected less
// than renameWithin ago.
func (in *incident) young(now int64) bool {
	kind := in.traits()
	return in.State.Open() && now-in.Detected <= renameWithin && !kind.viewers && !kind.Own
}
