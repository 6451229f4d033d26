package correlate

import (
	"math"

	"faultline"
	"faultline/correlate/evidence"
)

// Viewers have a side of their own: when reports from one network rise over many
// unrelated sites that other networks and the probes find well, it is that
// network that fails, isp:AS812, and its subscribers say nothing of the sites.

// learnNetworks updates what is usual of each network, up to a time. The baseline of a network with
// an incident is frozen, or the outage would become normal.
func (e *Engine) learnNetworks(to int64) {
	counts := make([]float64, len(e.networks.rows))
	for _, id := range e.active {
		c := e.sites.rows[id].Crowd
		// Reports during an outage of a site say nothing of what is usual for the networks that
		// they come from.
		if c == nil || e.sites.rows[id].Incident != 0 || c.Rises(e.clock) {
			continue
		}
		for _, h := range c.Recent {
			if b := &e.networks.rows[h.Network].Base; h.At > b.From && h.At <= to {
				counts[h.Network]++
			}
		}
	}
	// Caps and comparisons that depend on networks are cached with this generation.
	e.s.capsGen++
	e.reportRate = 0
	for i, n := range e.networks.rows {
		n.Base.Advance(counts[i], to, n.Incident == 0)
		e.reportRate += n.Base.PerMinute(0, evidence.NetworkWeight)
	}
}

// shareOf is a network's share of all reports when all is well.
func (e *Engine) shareOf(id uint32) float64 {
	if e.reportRate <= 0 {
		return 0
	}
	return e.networks.rows[id].Base.PerMinute(0, evidence.NetworkWeight) / e.reportRate
}

// viewers opens an incident for each network that fails on its own, and refreshes
// those that are open: by what its people report, and by whether they read.
func (e *Engine) viewers() {
	if e.anyBroad() {
		e.broadViewers()
	}
	e.silentViewers()
}

// broadViewers goes by how many sites the people of each network report.
func (e *Engine) broadViewers() {
	b := e.countBreadth()
	for _, n := range b.networks {
		row, sub := e.networks.rows[n], &b.of[n]
		if row.ASN == 0 {
			continue
		}
		cause := faultline.NewComponent(faultline.KindISP, row.Name)
		in := e.held(cause)
		odds, fails := e.ispOdds(n, sub)
		switch {
		// An incident that has ended is brought up to date only if the network fails again, which
		// continues it.
		case in != nil && (in.State.Open() || fails):
			e.refreshISP(in, sub, odds)
		case fails && e.persists(cause, odds):
			in = e.open(cause, odds)
			e.holdNetwork(in, n)
			e.refreshISP(in, sub, odds)
		}
	}
}

// ispOdds weighs one network against its own history, the others and the probes.
func (e *Engine) ispOdds(n uint32, sub *subscribers) (odds float64, fails bool) {
	sites := min(sub.sites, len(sub.people)) // one person may name many
	if sites < ispSites || len(sub.people) < ispPeople || len(sub.nets) > 0 && len(sub.nets) < ispSpread {
		return 0, false
	}
	odds, rises := e.ispRises(n, sites, min(sub.recent, len(sub.people)))
	if !rises || odds < ispLogOdds || e.networks.rows[n].Base.T < ispHistory {
		return odds, false
	}
	var others, normal, sick, probed float64
	for _, id := range sub.ids {
		a := e.aroundSite(id)
		normal += a.normal
		others += float64(a.reports)
		if a.probed {
			probed++
		}
		if a.sick {
			sick++
		}
	}
	if e.networks.rows[n].Incident == 0 {
		// Once it has an incident, its reports are left out by aroundSite already.
		others -= float64(sub.reports) // its own
	}
	// If other networks report the same sites too, or probes find them sick, the sites are failing
	// and not the provider.
	return odds, others <= ispOthers*(normal+1) && sick <= ispSick*probed+1
}

// ispRises is the log-odds that a network fails of which people missed so many sites, in all of
// ispWindow and of late, and whether they are far more than usual. What began two minutes ago is
// compared with what is usual in two minutes: beside what is usual in eight it would be small.
func (e *Engine) ispRises(n uint32, sites, recent int) (odds nats, rises bool) {
	odds = math.Inf(-1)
	for _, of := range []struct {
		sites int
		span  int64
	}{{sites, ispWindow}, {recent, ispRecent}} {
		mu := e.usualReports(n) * float64(of.span) / float64(ispWindow)
		// The alternative is ispSurge times what is usual, as for a site; the prior is that of one
		// component among all.
		l := evidence.CrowdRatio(float64(of.sites), mu, ispSurge*mu) + e.logPrior()
		odds, rises = max(odds, l), rises || l >= ispLogOdds && float64(of.sites) >= ispRise*mu
	}
	return odds, rises
}

// refreshISP brings an ISP's incident up to date: the sites are what its
// subscribers miss, of which nothing is known to be wrong.
func (e *Engine) refreshISP(in *incident, sub *subscribers, odds float64) {
	in.LogOdds = odds
	in.PeakOdds = max(in.PeakOdds, odds)
	still := sub.recent >= ispStillSites
	in.Failing, in.Observed = 0, sub.sites
	if still {
		in.Failing = sub.recent
		in.LastFail = e.clock
	}
	for _, id := range sub.ids {
		if len(in.Members) >= ispListed {
			break
		}
		if in.member(id) == nil {
			m := in.join(id)
			// The state of the sites stays unknown: whether they work is not what these reports
			// say.
			m.State, m.Onset = faultline.SiteUnknown, in.Onset[1]
			m.Code = e.sites.rows[id].symptom(e.clock)
			e.countMember(in, id)
		}
	}
}
