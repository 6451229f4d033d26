package main

import (
	"time"

	"faultline"
)

// baseline names the components to blame for the sites that fail at one moment.
type baseline struct {
	name  string
	blame blame
}

// blame names the components at fault for the sites that fail.
type blame func(sites []*observed) []faultline.Component

// baselines are set near what served them best on tuning seeds.
var baselines = []baseline{
	{"threshold per site", blameSites},
	{"grouping by label", blameGroups},
	{"SCORE", blameSCORE(0.5)},
	{"Flock", blameFlock(0.5, 0.015, -20)},
}

// When a blamed component becomes an incident and when it is over.
const (
	confirmAfter = 2 // minutes in a row
	overAfter    = 10 * time.Minute
)

// tracked turns what is blamed from minute to minute into incidents.
type tracked struct {
	baseline
	open map[faultline.Component]*blamed
	all  []*blamed
}

// blamed is one component being blamed.
type blamed struct {
	incident faultline.Incident
	minutes  int
	last     time.Time
	sites    map[string]bool
}

// peers are the baselines with the front end that they share.
type peers struct {
	front   *front
	methods []*tracked
}

func newPeers() *peers {
	p := &peers{front: newFront()}
	for _, b := range baselines {
		p.methods = append(p.methods, &tracked{baseline: b, open: map[faultline.Component]*blamed{}})
	}
	return p
}

// fold takes the next event; once a minute all methods blame anew.
func (p *peers) fold(ev faultline.Event) {
	if p.front.fold(ev) {
		for _, t := range p.methods {
			t.minute(p.front.last, p.front.order)
		}
	}
}

// minute takes what is blamed just now.
func (t *tracked) minute(now time.Time, sites []*observed) {
	for _, c := range t.blame(sites) {
		r := t.open[c]
		if r == nil {
			r = &blamed{sites: map[string]bool{}}
			r.incident = faultline.Incident{
				State: faultline.StateCandidate, DetectedAt: now, Cause: &faultline.Cause{Component: c, Confidence: 1},
				Onset: faultline.Onset{Earliest: now.Add(-2 * time.Minute), At: now.Add(-time.Minute), Latest: now},
			}
			t.open[c] = r
			t.all = append(t.all, r)
		}
		r.last = now
		if r.minutes++; r.minutes == confirmAfter {
			r.incident.State, r.incident.ConfirmedAt = faultline.StateConfirmed, &now
		}
		r.gather(c, sites)
	}
	for c, r := range t.open {
		if now.Sub(r.last) >= overAfter || r.minutes < confirmAfter && r.last != now {
			last := r.last
			r.incident.State, r.incident.ResolvedAt = faultline.StateResolved, &last
			delete(t.open, c)
		}
	}
}

// gather notes the failing sites of a component.
func (r *blamed) gather(c faultline.Component, sites []*observed) {
	for _, s := range sites {
		if s.failing && !r.sites[s.name] && s.standsOn(c) {
			r.sites[s.name] = true
			r.incident.Sites = append(r.incident.Sites, faultline.IncidentSite{Site: s.name})
		}
	}
}

func (s *observed) standsOn(c faultline.Component) bool {
	if c.Kind() == faultline.KindSite {
		return s.name == c.Name()
	}
	for _, o := range s.components {
		if o == c {
			return true
		}
	}
	return false
}

func (t *tracked) incidents() []faultline.Incident {
	out := make([]faultline.Incident, len(t.all))
	for i, r := range t.all {
		out[i] = r.incident
	}
	return out
}
