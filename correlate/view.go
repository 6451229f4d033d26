package correlate

import (
	"cmp"
	"math"
	"slices"
	"time"

	"faultline"
	"faultline/correlate/evidence"
)

// View is the state of all sites that were checked or reported lately, for readers. Sites without a
// report or a failed probe are in Well alone, which keeps the view small on a quiet day.
func (e *Engine) View() faultline.View {
	v := faultline.View{AsOf: e.Clock(), Counters: e.counters, Sites: []faultline.SiteStatus{}, SitesKnown: e.s.mapped}
	// A vantage counts once, however many sites it checks.
	reported := make([]bool, len(e.vantages.rows))
	for _, id := range e.active {
		s := e.sites.rows[id]
		st := e.status(id)
		v.Well = well(v.Well, st)
		if st.Probes > 0 || st.Reports > 0 {
			v.SitesObserved++
		}
		for _, t := range s.Tracks {
			if n := len(t.Recent); n > 0 && e.clock-t.Recent[n-1].At() <= viewReach {
				reported[t.Vantage] = true
			}
		}
		if st.Reports > 0 || st.ProbesFailed > 0 || len(st.Incidents) > 0 {
			v.Sites = append(v.Sites, st)
		}
	}
	for _, h := range reported {
		if h {
			v.Vantages++
		}
	}
	// Sorted before it is cut to ViewSites, so that what is left out is what matters least; by name
	// in the end, because the same log must give the same bytes.
	slices.SortFunc(v.Sites, func(a, b faultline.SiteStatus) int {
		return cmp.Or(cmp.Compare(b.Reports, a.Reports), cmp.Compare(b.ProbesFailed, a.ProbesFailed),
			cmp.Compare(a.Site, b.Site))
	})
	slices.SortFunc(v.Well, func(a, b faultline.WellSite) int { return cmp.Compare(a.Site, b.Site) })
	v.Well = v.Well[:min(len(v.Well), faultline.ViewSites)]
	v.Networks = e.networkStatuses()
	v.Sites = v.Sites[:min(len(v.Sites), faultline.ViewSites)]
	return v
}

// status is the state of one site now: counts of the last statusReach, and the state that its
// incident published if it has one.
func (e *Engine) status(id uint32) faultline.SiteStatus {
	s := e.sites.rows[id]
	st := faultline.SiteStatus{
		Site: s.Name, Rank: int(s.Rank), State: faultline.SiteUnknown,
		Components: e.componentsOf(s), Incidents: []string{},
	}
	var last int64
	for _, t := range s.Tracks {
		for _, r := range t.Recent {
			last = max(last, r.At())
			if e.clock-r.At() > statusReach {
				continue
			}
			st.Probes++
			if r.Failed() {
				st.ProbesFailed++
			}
		}
	}
	st.LastProbeAt = msPtr(last)
	// Rounded: the last bits of a sum differ with the order of addition, and a view is compared by
	// its bytes.
	st.Expected = math.Round(e.expected(s)*float64(statusReach/minute)*rateScale) / rateScale
	if s.Crowd != nil {
		// Vantages and people may be ahead of the log's clock by up to futureBound.
		st.Reports = int(s.Crowd.Between(e.clock-statusReach, e.clock+futureBound))
		st.LastReportAt = minutePtr(s.Crowd.LastAt)
		st.FirstReportAt = minutePtr(s.Crowd.First(e.clock - statusReach))
	}
	now := e.recentChecks(s)
	switch {
	case now.all > 0 && now.fails == 0:
		st.State = faultline.SiteOK
	// Half or more of the newest checks fail: down. Fewer: degraded. The incident below has a
	// judgement with hysteresis and replaces this one.
	case now.all > 0 && 2*now.fails >= now.all:
		st.State = faultline.SiteDown
	case now.all > 0:
		st.State = faultline.SiteDegraded
	}
	if now.all > 0 {
		st.Symptom = faultline.SymptomOK
	}
	if st.ProbesFailed > 0 || st.Reports > 0 {
		st.Symptom = evidence.CodeSymptom(s.symptom(e.clock))
	}
	if s.Incident != 0 {
		in := e.incident(s.Incident)
		st.Incidents = append(st.Incidents, in.ID)
		// What an incident publishes of a site is what its page must say too, or two pages
		// contradict each other.
		if m := in.member(id); m != nil {
			st.State = m.State
		}
	}
	return st
}

// minutePtr is the minute of a person's report: the second would tell whoever sees
// connections which of them made it.
func minutePtr(t int64) *time.Time { return msPtr(t - t%minute) }
