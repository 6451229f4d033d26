package correlate

import (
	"slices"

	"faultline"
)

// Viewers have a side of their own: when reports from one network rise over many
// unrelated sites that other networks and the probes find well, it is that
// network that fails, isp:AS812, and its subscribers say nothing of the sites.

const (
	ispWindow     = 8 * minute // breadth is counted over this
	ispRecent     = 2 * minute // and it goes on while this is broad too
	ispSites      = 30         // the contract's threshold
	ispRise       = 5.0        // times its own history
	ispLogOdds    = 12.0
	ispOthers     = 2.0 // other networks' reports of those sites, times their normal
	ispSick       = 0.2 // of those sites, at most so many failing by probes
	ispSpread     = 10  // distinct prefixes, where prefixes are known
	ispStillSites = 10
	ispListed     = 200
	ispHistory    = 10.0 // minutes that were learned: without a past nothing rises
	ispPeople     = 30   // distinct reporters: one person may name every site
)

// subscriber is what one network says in the window.
type subscribers struct {
	sites, recent int // distinct sites
	nets          map[uint32]bool
	people        map[uint64]bool
	ids           []uint32
}

// learnNetworks moves the baselines of networks on.
func (e *Engine) learnNetworks(to int64) {
	counts := make([]float64, len(e.networks.rows))
	for _, id := range e.s.active {
		c := e.sites.rows[id].Crowd
		if c == nil || e.sites.rows[id].Incident != 0 || c.Loud {
			continue
		}
		for _, h := range c.Recent {
			if b := &e.networks.rows[h.Network].Base; h.At > b.From && h.At <= to {
				counts[h.Network]++
			}
		}
	}
	e.s.caps++
	e.s.reports = 0
	for i, n := range e.networks.rows {
		n.Base.advance(counts[i], to, n.Incident == 0)
		e.s.reports += n.Base.perMinute(0, networkWeight)
	}
}

// shareOf is a network's share of all reports when all is well.
func (e *Engine) shareOf(id uint32) float64 {
	if e.s.reports <= 0 {
		return 0
	}
	return e.networks.rows[id].Base.perMinute(0, networkWeight) / e.s.reports
}

// viewers opens an incident for each network that fails on its own, and refreshes
// those that are open.
func (e *Engine) viewers() {
	byNet := e.breadth()
	for _, n := range sortedKeys(byNet) {
		row, sub := e.networks.rows[n], byNet[n]
		if row.ASN == 0 {
			continue
		}
		cause := faultline.NewComponent(faultline.KindISP, row.Name)
		in := e.held(cause)
		odds, fails := e.ispOdds(n, sub)
		switch {
		case in != nil && (in.State.Open() || fails):
			e.refreshISP(in, sub, odds)
		case fails && e.persists(cause, odds):
			in = e.open(cause, odds)
			row.Incident = in.Ordinal
			e.s.caps++
			e.refreshISP(in, sub, odds)
		}
	}
}

// breadth counts, for every network, the sites that nothing else explains and
// that it reported of late.
func (e *Engine) breadth() map[uint32]*subscribers {
	out := map[uint32]*subscribers{}
	for i := range e.s.judged {
		j := &e.s.judged[i]
		s := e.sites.rows[j.id]
		if s.Crowd == nil || s.Incident != 0 || j.p0 > 0.5 {
			continue
		}
		for k := len(s.Crowd.Recent) - 1; k >= 0; k-- {
			h := s.Crowd.Recent[k]
			age := e.clock - h.At
			if age > ispWindow {
				break
			}
			sub := out[h.Network]
			if sub == nil {
				sub = &subscribers{nets: map[uint32]bool{}, people: map[uint64]bool{}}
				out[h.Network] = sub
			}
			if h.Net != 0 {
				sub.nets[h.Net] = true
			}
			sub.people[h.Who] = true
			if len(sub.ids) > 0 && sub.ids[len(sub.ids)-1] == j.id {
				continue // reports are visited newest first: the first one counts
			}
			sub.ids = append(sub.ids, j.id)
			sub.sites++
			if age <= ispRecent {
				sub.recent++
			}
		}
	}
	return out
}

// ispOdds weighs one network against its own history, the others and the probes.
func (e *Engine) ispOdds(n uint32, sub *subscribers) (odds float64, fails bool) {
	if sub.sites < ispSites || len(sub.people) < ispPeople || len(sub.nets) > 0 && len(sub.nets) < ispSpread {
		return 0, false
	}
	minutes := float64(ispWindow) / float64(minute)
	mu := max(minRatePerMin, e.networks.rows[n].Base.perMinute(networkStart, networkWeight)) * minutes
	odds = crowdRatio(float64(sub.sites), mu, 10*mu) + e.logPrior()
	if float64(sub.sites) < ispRise*mu || odds < ispLogOdds || e.networks.rows[n].Base.T < ispHistory {
		return odds, false
	}
	var others, normal, sick, probed float64
	for _, id := range sub.ids {
		s, j := e.sites.rows[id], e.judgedSite(id)
		normal += e.expected(s) * minutes
		for _, h := range s.Crowd.Recent {
			if e.clock-h.At <= ispWindow && h.Network != n && e.networks.rows[h.Network].Incident == 0 {
				others++
			}
		}
		if j.probed {
			probed++
			if slices.Max(j.probes[:]) > failed {
				sick++
			}
		}
	}
	return odds, others <= ispOthers*(normal+1) && sick <= ispSick*probed+1
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
			m.State, m.Onset = faultline.SiteUnknown, in.Onset[1]
			m.Code = e.judgedSite(id).code
			e.backfillNetwork(in, id)
		}
	}
}

// backfillNetwork counts what an ISP's subscribers said of a site before its
// incident was open.
func (e *Engine) backfillNetwork(in *incident, id uint32) {
	for _, h := range e.sites.rows[id].Crowd.Recent {
		if h.At >= in.Onset[0] && e.networks.rows[h.Network].Incident == in.Ordinal {
			in.countReport(id, h)
		}
	}
}
