package board

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"faultline"
)

// StackState is how one thing that somebody depends on does, in a word.
type StackState string

// The states of things, the worst first. Failing is said of what a confirmed outage
// takes down and of nothing else; what nobody observes is unknown, never ok.
const (
	StackFailing    StackState = "failing"
	StackRecovering StackState = "recovering"
	StackSuspected  StackState = "suspected" // reports alone, or too little yet
	StackUnknown    StackState = "unknown"
	StackOK         StackState = "ok"
)

// StackThing is one thing that somebody depends on, and how it does.
type StackThing struct {
	Kind  string     `json:"kind"` // site, provider, component or unknown
	ID    string     `json:"id"`
	Name  string     `json:"name"` // as a person would write it
	State StackState `json:"state"`
	// Covered says that the thing is on our lists and that something that we check
	// depends on it; false: nothing will ever be said of it.
	Covered bool `json:"covered"`
	// Partly says that it is a site that answers and that parts of its page come from what
	// fails.
	Partly bool `json:"partly,omitzero"`
	// Since is the onset of the outage that takes it down; null where there is none.
	Since *time.Time `json:"since"`
	// Incidents are the ids of the open ones that concern it, the foremost first.
	Incidents []string `json:"incidents"`
}

// StackCause is what most of the failing things fail because of.
type StackCause struct {
	Component faultline.Component `json:"component"`
	Name      string              `json:"name"`    // of the provider, or of the component
	Failing   int                 `json:"failing"` // things that fail because of it
}

// StackVerdict is how all of them do.
type StackVerdict struct {
	State    StackState `json:"state"`    // the worst of the things; failing, … or ok
	Sentence string     `json:"sentence"` // all of it in one English sentence
	Total    int        `json:"total"`
	// Failing, Recovering, Suspected, OK and Unknown count the things by their state.
	Failing    int `json:"failing"`
	Recovering int `json:"recovering"`
	Suspected  int `json:"suspected"`
	OK         int `json:"ok"`
	Unknown    int `json:"unknown"`
	// Cause is null where nothing fails, or nothing is known in common. Of one thing that is only
	// suspected it is the outage of what its owner runs, or of what serves parts of its page, with
	// failing 0.
	Cause *StackCause `json:"cause"`
	Since *time.Time  `json:"since"` // when the first of the failing things began to fail
}

// Stack is how the things do that somebody depends on.
type Stack struct {
	Verdict StackVerdict
	Things  []StackThing
	Open    []*Entry // open incidents that concern them, newest onset first
}

// stackReader puts a stack together.
type stackReader struct {
	snap    *Snapshot
	index   *Index
	open    []*Entry
	members map[string][]memberOf        // sites that were asked for, in the open incidents
	parts   map[string][]Tally           // by slug of the provider
	below   map[faultline.Component]bool // components that sites depend on
}

// memberOf is a site's place in an open incident.
type memberOf struct {
	entry *Entry
	state faultline.SiteState
}

// Stack says how some things do that somebody depends on. It is what a page or an API
// answer about a person's own list comes from. The things keep the order in which they
// were asked for.
func (s *Snapshot) Stack(x *Index, items []faultline.StackItem) Stack {
	r := stackReader{
		snap:    s,
		index:   x,
		members: map[string][]memberOf{},
		parts:   map[string][]Tally{},
		below:   map[faultline.Component]bool{},
	}
	r.prepare(items)
	out := Stack{Things: make([]StackThing, len(items))}
	foremost := make([]*Entry, len(items))
	concerned := map[string]bool{}
	for i, item := range items {
		out.Things[i], foremost[i] = r.thing(item)
		for _, id := range out.Things[i].Incidents {
			concerned[id] = true
		}
	}
	for _, e := range r.open {
		if concerned[e.Incident.ID] {
			out.Open = append(out.Open, e)
		}
	}
	out.Verdict = s.stackVerdict(out.Things, foremost)
	return out
}

// prepare walks incidents and components once for all things. A list may have dozens of
// things and there may be thousands of sites in open incidents: one walk for all keeps
// the answer at the cost of one.
func (r *stackReader) prepare(items []faultline.StackItem) {
	wanted := map[string]bool{}
	for _, item := range items {
		wanted[item.ID] = true
	}
	for _, e := range r.snap.Order {
		if !e.Incident.State.Open() {
			continue
		}
		r.open = append(r.open, e)
		for _, site := range e.Incident.Sites {
			if wanted[site.Site] {
				r.members[site.Site] = append(r.members[site.Site], memberOf{e, site.State})
			}
		}
	}
	tallies := r.snap.Tallies(r.index)
	for _, c := range r.index.Components() {
		r.below[c] = true
		if p, ok := r.snap.providers.Of(c); ok && wanted[p.Slug] {
			r.parts[p.Slug] = append(r.parts[p.Slug], tallies[c])
		}
	}
}

// thing says how one of them does, and which open incident is to blame. A provider or
// component is well as far as the sites behind it tell. Nobody probes a provider
// itself, so one that no site depends on is unknown.
func (r *stackReader) thing(item faultline.StackItem) (StackThing, *Entry) {
	t := StackThing{Kind: item.Kind, ID: item.ID, Name: item.ID, State: StackUnknown}
	switch item.Kind {
	case faultline.StackSite:
		return r.site(t)
	case faultline.StackProvider:
		t.Name, t.Covered = item.Provider().Name, len(r.parts[item.ID]) > 0
		t.State = tallied(r.parts[item.ID])
	case faultline.StackComponent:
		t.Name = faultline.Component(item.ID).DisplayName()
		tallies := r.component(item.ID)
		t.Covered, t.State = len(tallies) > 0, tallied(tallies)
	}
	var best *Entry
	for _, e := range r.open {
		if item.Takes(&e.Incident) {
			best = r.blame(&t, best, e, stackStateOf(&e.Incident))
			t.Covered = true
		}
	}
	return t, best
}

// component are the tallies of a component and of those below it. A component of a
// cloud without its region, such as cloud:aws, stands for all regions.
func (r *stackReader) component(id string) (all []Tally) {
	tallies := r.snap.Tallies(r.index)
	for c := range r.below {
		if strings.EqualFold(string(c), id) || strings.HasPrefix(string(c), id+"/") {
			all = append(all, tallies[c])
		}
	}
	return all
}

// site says how a site does. One that answers while what its owner runs for others
// fails is not called well.
func (r *stackReader) site(t StackThing) (StackThing, *Entry) {
	record := r.index.Record(t.ID)
	t.Covered = record.Site != ""
	status := r.snap.Status(faultline.SiteRecord{Site: t.ID})
	switch status.State {
	case faultline.SiteOK, faultline.SiteRecovered:
		t.State = StackOK
	case faultline.SiteDown, faultline.SiteDegraded:
		t.State = StackSuspected // until an incident is confirmed
	}
	var best *Entry
	for _, m := range r.members[t.ID] {
		state := stackStateOf(&m.entry.Incident)
		switch m.state {
		case faultline.SiteRecovered:
			state = r.recovered(t, status, &m.entry.Incident)
		case faultline.SiteDown, faultline.SiteDegraded:
			// A site that still fails is failing, although the incident as a whole
			// recovers.
			if state == StackRecovering {
				state = StackFailing
			}
		}
		best = r.blame(&t, best, m.entry, state)
		t.Covered = true
	}
	if owner := r.snap.OfOwner(t.ID); best == nil && owner != nil {
		best = r.blame(&t, nil, owner, StackSuspected)
	}
	for _, e := range r.snap.PartsOf(t.ID) {
		t.Partly = best == nil || t.Partly
		best = r.blame(&t, best, e, StackSuspected)
	}
	return t, best
}

// recovered is the state of a site that works again while its incident is open:
// whatever the others do, but for what its owner runs, and only once no probe of it has
// failed for a while. One probe that failed is enough to wait: a site that goes up and
// down must not be called well between two failures.
func (r *stackReader) recovered(t StackThing, status faultline.SiteStatus, inc *faultline.Incident) StackState {
	switch {
	case r.snap.owns(t.ID, inc):
		return StackSuspected
	case status.ProbesFailed > 0:
		return StackRecovering
	}
	return t.State
}

// blame notes that an open incident concerns a thing, and returns the foremost. The
// foremost is the one with the worst state, and of equal ones the first, which has the
// newest onset. It stands first among the incidents of the thing, and its onset is the
// thing's.
func (r *stackReader) blame(t *StackThing, best, e *Entry, state StackState) *Entry {
	if best == nil || stackOrder(state) < stackOrder(t.State) {
		best = e
	}
	if best == e {
		t.Incidents = append([]string{e.Incident.ID}, t.Incidents...)
	} else {
		t.Incidents = append(t.Incidents, e.Incident.ID)
	}
	if stackOrder(state) < stackOrder(t.State) {
		t.State = state
	}
	if best == e && t.State != StackOK && t.State != StackUnknown {
		t.Since = &e.Incident.Onset.At
	}
	return best
}

// stackStateOf is the state of a service that an open incident affects.
func stackStateOf(inc *faultline.Incident) StackState {
	switch inc.State {
	case faultline.StateConfirmed:
		return StackFailing
	case faultline.StateRecovering:
		return StackRecovering
	}
	return StackSuspected
}

// tallied is how things do of which some components are counted, as far as sites that
// depend on them tell. It never says that something fails: only an incident does,
// because a share of failing sites does not tell why.
func tallied(tallies []Tally) StackState {
	var sum Tally
	for _, t := range tallies {
		sum.add(t)
	}
	if sum.Sound() {
		return StackOK
	}
	return StackUnknown
}

// stackOrder orders states, the worst first.
func stackOrder(state StackState) int {
	return slices.Index([]StackState{StackFailing, StackRecovering, StackSuspected, StackUnknown, StackOK}, state)
}

// stackVerdict counts things and finds what most of the failing ones have in common.
// The smaller name wins between causes of equal count, so that two nodes, and two
// answers of one, say the same.
func (s *Snapshot) stackVerdict(things []StackThing, foremost []*Entry) StackVerdict {
	v := StackVerdict{Total: len(things), State: StackOK}
	blamed := map[string]*StackCause{}
	for i, t := range things {
		switch t.State {
		case StackFailing:
			v.Failing++
		case StackRecovering:
			v.Recovering++
		case StackSuspected:
			v.Suspected++
		case StackOK:
			v.OK++
		default:
			v.Unknown++
		}
		if stackOrder(t.State) < stackOrder(v.State) {
			v.State = t.State
		}
		if owned := len(things) == 1 && t.State == StackSuspected && foremost[i] != nil; owned {
			v.ownersOutage(&foremost[i].Incident)
		}
		if t.State != StackFailing || foremost[i] == nil {
			continue
		}
		if at := foremost[i].Incident.Onset.At; v.Since == nil || at.Before(*v.Since) {
			v.Since = &at
		}
		s.countCause(blamed, foremost[i].Incident.Cause)
	}
	for _, cause := range blamed {
		if v.Cause == nil || cause.Failing > v.Cause.Failing ||
			cause.Failing == v.Cause.Failing && cause.Component < v.Cause.Component {
			v.Cause = cause
		}
	}
	asOf := s.Meta.AsOf
	if s.past {
		v.Sentence = pastSentence(v, things, asOf)
		return v
	}
	v.Sentence = stackSentence(v, things, asOf)
	switch {
	case s.Blind() && v.Failing+v.Recovering+v.Suspected > 0: // an incident was open when we saw last
		v.Sentence += " We cannot check this just now."
	case s.Blind() && v.Total > 1: // the sentence of one thing says it by its name
		v.Sentence = "Nothing is observed just now, so we cannot say how they do."
	}
	return v
}

// ownersOutage names the outage for which one thing is suspected that does not fail
// itself. A candidate is not named: it may be nothing.
func (v *StackVerdict) ownersOutage(inc *faultline.Incident) {
	if inc.Cause == nil || inc.State == faultline.StateCandidate {
		return
	}
	v.Since = &inc.Onset.At
	v.Cause = &StackCause{
		Component: inc.Cause.Component,
		Name:      cmp.Or(inc.Cause.Name, inc.Cause.Component.DisplayName()),
	}
}

// countCause counts one failing thing for what it fails because of: the provider where
// one is known, so that two regions of a cloud are one cause.
func (s *Snapshot) countCause(blamed map[string]*StackCause, cause *faultline.Cause) {
	if cause == nil {
		return
	}
	key, name := string(cause.Component), cmp.Or(cause.Name, cause.Component.DisplayName())
	if p, ok := s.providers.Of(cause.Component); ok {
		key = p.Slug
	}
	if blamed[key] == nil {
		blamed[key] = &StackCause{Component: cause.Component, Name: name}
	}
	blamed[key].Failing++
}
