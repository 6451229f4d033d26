package board

import (
	"slices"

	"faultline"
)

// Tally counts the sites of a component just now, or as its open incident counts them.
type Tally struct {
	Failing  int // down or degraded, with a failed probe or a report
	Observed int // that probes judge, the failing ones among them
	// Explained are those failing sites that a confirmed incident with another cause takes
	// down. They say nothing of the component: netflix.com, which runs in several regions of
	// a cloud, fails while one of them does.
	Explained int
	// State is down while a confirmed incident has the component as its cause,
	// degraded while it is a candidate or recovers, ok where sites are observed that
	// no other incident explains and fewer than half of these fail, else unknown.
	State faultline.SiteState
}

// Sound reports whether sites are observed that say something of the component, and fewer
// than half of these fail.
func (t Tally) Sound() bool {
	observed := t.Observed - t.Explained
	return observed > 0 && 2*(t.Failing-t.Explained) < observed
}

// Telling reports whether any observed site says something of the component.
func (t Tally) Telling() bool { return t.Observed > t.Explained }

// add counts the sites of another component in.
func (t *Tally) add(o Tally) {
	t.Failing, t.Observed, t.Explained = t.Failing+o.Failing, t.Observed+o.Observed, t.Explained+o.Explained
}

// Tallies counts the sites of every component that is observed or that an open
// incident blames. They are counted once a snapshot, for the list of sites as it is
// then. A component that is not there is unknown.
func (s *Snapshot) Tallies(x *Index) map[faultline.Component]Tally {
	s.tallyOnce.Do(func() { s.tallies = s.countTallies(x) })
	return s.tallies
}

// Tally counts what depends on any of some components, such as those of one provider;
// its state is the worst of theirs.
func (s *Snapshot) Tally(x *Index, of ...faultline.Component) Tally {
	sum := Tally{State: faultline.SiteUnknown}
	for _, c := range of {
		t := s.Tallies(x)[c]
		sum.add(t)
		if t.State == faultline.SiteDown || t.State == faultline.SiteDegraded && sum.State != faultline.SiteDown {
			sum.State = t.State
		}
	}
	if sum.State == faultline.SiteUnknown && sum.Sound() {
		sum.State = faultline.SiteOK
	}
	return sum
}

// explained names, for each site that confirmed incidents take down, their causes.
func (s *Snapshot) explained() map[string][]faultline.Component {
	causes := map[string][]faultline.Component{}
	for _, e := range s.Order {
		inc := &e.Incident
		if inc.Cause == nil || inc.State != faultline.StateConfirmed && inc.State != faultline.StateRecovering {
			continue
		}
		for _, site := range inc.Sites {
			causes[site.Site] = append(causes[site.Site], inc.Cause.Component)
		}
	}
	return causes
}

// countTallies counts, for every component, how many of its sites are observed and how many
// fail. It goes over the sites of the view, which are fewer than all.
func (s *Snapshot) countTallies(x *Index) map[faultline.Component]Tally {
	all := map[faultline.Component]Tally{}
	explained := s.explained()
	count := func(site string, failing int) {
		causes := explained[site]
		for _, c := range x.Record(site).Components {
			t := all[c]
			t.Failing += failing
			t.Observed++
			if failing > 0 && len(causes) > 0 && !slices.Contains(causes, c) {
				t.Explained++
			}
			all[c] = t
		}
	}
	for i := range s.View.Sites { // those that something is said of are fewer than all
		switch site := &s.View.Sites[i]; site.State {
		case faultline.SiteDown, faultline.SiteDegraded:
			count(site.Site, 1)
		case faultline.SiteOK, faultline.SiteRecovered:
			count(site.Site, 0)
		}
	}
	for i := range s.View.Well {
		if site := s.View.Well[i].Site; !s.Listed(site) {
			count(site, 0)
		}
	}
	for c, t := range all {
		t.State = faultline.SiteUnknown
		if t.Sound() {
			t.State = faultline.SiteOK
		}
		all[c] = t
	}
	counted := map[faultline.Component]bool{}
	for _, e := range s.Order {
		if e.Incident.Cause == nil {
			continue
		}
		if !e.Incident.State.Open() {
			continue
		}
		t := all[e.Incident.Cause.Component]
		if e.Incident.State == faultline.StateConfirmed {
			t.State = faultline.SiteDown
		} else if t.State != faultline.SiteDown {
			t.State = faultline.SiteDegraded
		}
		// One screen has one count: that of the incident, as it was last published.
		if n := e.Incident.Impact; n.Observed > 0 && !counted[e.Incident.Cause.Component] {
			t.Failing, t.Observed, t.Explained = n.Failing, n.Observed, 0
			counted[e.Incident.Cause.Component] = true
		}
		all[e.Incident.Cause.Component] = t
	}
	return all
}
