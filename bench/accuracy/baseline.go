package main

import (
	"slices"
	"time"

	"faultline"
)

// baseline names the components to blame for what fails at one moment. Baselines are simpler
// methods that people use or have published. They show whether Faultline's own is worth its
// complexity.
type baseline struct {
	name  string
	blame blame
}

// blame names the components at fault for the flows that fail.
type blame func(flows []*flow) []faultline.Component

// baselines with the parameters that served them best on tuning seeds: a comparison with
// badly tuned rivals would prove nothing. SCORE and Flock are the published methods (NSDI
// 2005, CoNEXT 2023); see peers.go.
var baselines = []baseline{
	{"threshold per site", blameSites},
	{"grouping by label", blameGroups},
	{"SCORE", blameSCORE(0.3)},
	{"Flock", blameFlock(flockSettings{p1: 0.5, p2: 0.03, prior: -30, alone: -14})},
}

// When a blamed component becomes an incident and when it is over.
const (
	// One more judgement than the first, as an engine that confirms at once would be
	// punished for each chance failure.
	confirmAfter = 2 // judgements in a row
	overAfter    = 10 * time.Minute
)

// tracked turns what is blamed from minute to minute into incidents. The baselines have no
// idea of an incident over time, so each is given the same simple one.
// Its rules are simple and the same for all baselines, so that a difference between two
// of them is one of their methods.
type tracked struct {
	baseline
	open map[faultline.Component]*blamed
	all  []*blamed
}

// blamed is one component while it is blamed, with the incident that is made of it.
type blamed struct {
	incident faultline.Incident
	times    int // that it was blamed in a row
	last     time.Time
	// A site that has failed once stays, as the incident counts what failed in all.
	sites map[string]bool
}

// peers are the baselines with the front end that they share.
type peers struct {
	front   *front
	methods []*tracked
}

// newPeers makes all baselines, at the beginning of a scenario.
func newPeers() *peers {
	p := &peers{front: newFront()}
	for _, b := range baselines {
		p.methods = append(p.methods, &tracked{baseline: b, open: map[faultline.Component]*blamed{}})
	}
	return p
}

// fold takes the next event; whenever the front end has judged, all methods blame
// again.
func (p *peers) fold(ev faultline.Event) {
	if p.front.fold(ev) {
		for _, t := range p.methods {
			t.turn(p.front.last, p.front.flows)
		}
	}
}

// turn takes what is blamed just now: an incident begins with the first blame, is confirmed
// by the second in a row, and is over when there was none for ten minutes.
func (t *tracked) turn(now time.Time, flows []*flow) {
	for _, c := range t.blame(flows) {
		r := t.open[c]
		if r == nil {
			r = &blamed{sites: map[string]bool{}}
			r.incident = faultline.Incident{
				State: faultline.StateCandidate, DetectedAt: now, Cause: &faultline.Cause{Component: c, Confidence: 1},
				Onset: onsetOf(c, flows, now),
			}
			t.open[c] = r
			t.all = append(t.all, r)
		}
		r.last = now
		if r.times++; r.times == confirmAfter {
			r.incident.State, r.incident.ConfirmedAt = faultline.StateConfirmed, &now
		}
		r.gather(c, flows)
	}
	for c, r := range t.open {
		// A blame that is not repeated at once was chance, and ends without the ten
		// minutes.
		if now.Sub(r.last) >= overAfter || r.times < confirmAfter && r.last != now {
			last := r.last
			r.incident.State, r.incident.ResolvedAt = faultline.StateResolved, &last
			delete(t.open, c)
		}
	}
}

// How far before and after the first failures the baselines' onset may lie.
const (
	onsetBefore = 75 * time.Second
	onsetAfter  = 30 * time.Second
	onsetShare  = 10 // the tenth of the flows that began first is taken for chance
)

// onsetOf dates a cause to when its first flows began to fail. The first tenth of them is
// left out, since some sites fail by themselves at any time.
func onsetOf(c faultline.Component, flows []*flow, now time.Time) faultline.Onset {
	var began []time.Time
	for _, f := range flows {
		if f.failing && now.Sub(f.since) < overAfter && f.site.dependsOn(c) {
			began = append(began, f.since)
		}
	}
	if len(began) == 0 {
		return faultline.Onset{Earliest: now.Add(-2 * time.Minute), At: now.Add(-time.Minute), Latest: now}
	}
	slices.SortFunc(began, time.Time.Compare)
	// A quantile and not the least: one site that failed by chance an hour before would
	// date the outage.
	at := began[len(began)/onsetShare]
	return faultline.Onset{Earliest: at.Add(-onsetBefore), At: at.Add(-onsetBefore / 4), Latest: at.Add(onsetAfter)}
}

// gather notes the failing sites of a component.
func (r *blamed) gather(c faultline.Component, flows []*flow) {
	for _, f := range flows {
		if s := f.site; f.failing && !r.sites[s.name] && s.dependsOn(c) {
			r.sites[s.name] = true
			r.incident.Sites = append(r.incident.Sites, faultline.IncidentSite{Site: s.name})
		}
	}
}

// dependsOn reports whether a component is on the site's path. A site depends on itself.
func (s *observed) dependsOn(c faultline.Component) bool {
	if c.Kind() == faultline.KindSite {
		return s.name == c.Name()
	}
	return slices.Contains(s.components, c)
}

// incidents are all that were made, as they were last.
func (t *tracked) incidents() []faultline.Incident {
	out := make([]faultline.Incident, len(t.all))
	for i, r := range t.all {
		out[i] = r.incident
	}
	return out
}
