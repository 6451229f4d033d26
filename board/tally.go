package board

import (
	"faultline"
)

// Tally counts the sites of a component just now.
type Tally struct {
	Failing  int // down or degraded, with a failed probe or a report
	Observed int // that probes judge, the failing ones among them
	// State is down while a confirmed incident has the component as its cause,
	// degraded while it is a candidate or recovers, ok where sites are observed and
	// fewer than half of them fail, else unknown.
	State faultline.SiteState
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
		sum.Observed, sum.Failing = sum.Observed+t.Observed, sum.Failing+t.Failing
		if t.State == faultline.SiteDown || t.State == faultline.SiteDegraded && sum.State != faultline.SiteDown {
			sum.State = t.State
		}
	}
	if sum.State == faultline.SiteUnknown && 2*sum.Failing < sum.Observed {
		sum.State = faultline.SiteOK
	}
	return sum
}

// countTallies counts, for every component, how many of its sites are observed and how many
// fail. It goes over the sites of the view, which are fewer than all.
func (s *Snapshot) countTallies(x *Index) map[faultline.Component]Tally {
	all := map[faultline.Component]Tally{}
	count := func(site string, failing int) {
		for _, c := range x.Record(site).Components {
			t := all[c]
			t.Failing += failing
			t.Observed++
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
		if site := s.View.Well[i].Site; !s.Told(site) {
			count(site, 0)
		}
	}
	for c, t := range all {
		t.State = faultline.SiteUnknown
		if 2*t.Failing < t.Observed {
			t.State = faultline.SiteOK
		}
		all[c] = t
	}
	for _, e := range s.Order {
		if e.Incident.Cause == nil {
			continue
		}
		t := all[e.Incident.Cause.Component]
		switch e.Incident.State {
		case faultline.StateConfirmed:
			t.State = faultline.SiteDown
		case faultline.StateCandidate, faultline.StateRecovering:
			if t.State != faultline.SiteDown {
				t.State = faultline.SiteDegraded
			}
		default:
			continue
		}
		all[e.Incident.Cause.Component] = t
	}
	return all
}
