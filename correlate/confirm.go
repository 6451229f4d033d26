package correlate

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"faultline"
	"faultline/correlate/cause"
	"faultline/correlate/evidence"
)

// What confirms an incident is evidence that a crowd cannot fake: probes failing
// from two vantages, or from one whose other sites are well while reports over
// several networks agree. Reports alone confirm where nothing probes and they come
// from many networks, and for a viewer's ISP.

// confirms reports whether the evidence of a candidate confirms it, and its basis.
func (e *Engine) confirms(in *incident) (string, bool) {
	if in.traits().viewers {
		return e.viewersConfirm(in)
	}
	if in.LogOdds < confirmOdds {
		return "", false
	}
	e.hearChatter(in)
	// The order of the cases is the rule: what forbids comes before what confirms, and the cheap
	// tests before those that go through all sites.
	failed := e.failuresOf(in)
	failing := e.sitesFor(in.Cause, failed.sites)
	need := 1
	if in.traits().Own && !e.onceIsEnough(in) {
		need = ownFaultFailures
	}
	agree := e.witnesses(in, failed, need, evidence.SickTrust)
	single := in.traits().Own
	switch {
	case single && (e.clock-in.Onset[1] < ownFaultAge || e.othersFailing(in)):
		return "", false
	case agree > 0 && !single && (e.probeSupport(in) < probesAlone || e.othersFellSick(in)):
		return "", false // chance failures that a crowd points at, or vantages that fail one after another
	case agree >= confirmVantages && !single && e.contested(in) &&
		(e.clock-in.Onset[1] < contradictionWait || e.pooledNetworks(in) < confirmNetworks):
		return "", false
	case agree >= confirmVantages && (single || failing >= 2):
		return e.basis(in), true
	case agree >= confirmVantages && failing > 0 && e.broad(in):
		return faultline.BasisBoth, true // one probed site fails, the crowd is broad on the others
	case agree == 1 && in.Cause == unattributed && e.checkedFromSeveral(in):
		return "", false
	// Another vantage will say within two minutes whether it sees the same.
	case agree == 1 && e.yetToCheck(in, feltProbes) > 0:
		return "", false
	case agree == 1 && e.witnesses(in, failed, need, 1) == 1 && e.pooledNetworks(in) >= confirmNetworks:
		return faultline.BasisBoth, true
	case e.peopleConfirm(in):
		return faultline.BasisReports, true
	}
	return "", false
}

// onceIsEnough reports whether one failure at each vantage says enough of a site's own fault. It
// has no other sites to support it, so that each vantage must have seen it twice, unless people
// agree and little doubt is left: by the odds, or as every vantage sees it.
func (e *Engine) onceIsEnough(in *incident) bool {
	if e.agreeing(in) < confirmNetworks {
		return false
	}
	return in.LogOdds >= certainOdds || len(in.Members) == 1 &&
		e.unanimous(e.sites.rows[in.Members[0].Site], in.Onset[0])
}

// witnesses counts the vantages that saw an incident's sites fail in at least need probes,
// and that are well themselves: trusted so far at least. Vantages of one network are one
// where others check the sites too, as they share their way to everything.
func (e *Engine) witnesses(in *incident, failed failures, need int, trusted share) int {
	var networks []uint32
	// beside are the vantages at which other sites fail as well: they may be what is wrong.
	n, felt, beside := 0, e.feltAt(in), e.besides(in)
	for _, id := range felt {
		v := e.vantages.rows[id]
		if failed.byVantage[id] < need || v.trust[evidence.WindowOf(trustSpan)] < trusted ||
			v.SickSince(e.clock-evalEvery) || beside.fails(id) ||
			slices.Contains(networks, v.ASN) && e.checkedBeyond(in, v.ASN) {
			continue
		}
		n++
		// A vantage whose network is not known counts for itself.
		if v.ASN != 0 {
			networks = append(networks, v.ASN)
		}
	}
	return n
}

// checkedBeyond reports whether a vantage outside of a network checks any site of an
// incident, and so can tell whether it is the network that fails.
func (e *Engine) checkedBeyond(in *incident, asn uint32) bool {
	return slices.ContainsFunc(in.Members, func(m member) bool {
		return slices.ContainsFunc(e.sites.rows[m.Site].Tracks, func(t *evidence.Track) bool {
			return e.vantages.rows[t.Vantage].ASN != asn
		})
	})
}

// probeSupport is how much better the probes alone are explained by a fault of an
// incident's cause than by chance, in nats, in the window that shows it best. Of one
// without a cause, its members stand for what depends on it.
func (e *Engine) probeSupport(in *incident) float64 {
	c, known := e.components.find(string(in.Cause))
	best := math.Inf(-1)
	for w := range evidence.Windows {
		gains := cause.NewGains()
		for _, id := range e.dependentSites(in) {
			j := e.evidenceOf(id)
			if j == nil || j.probes[w] == 0 {
				continue
			}
			share := 1.
			if known {
				share = e.weight(id, c)
			}
			l := j.probes[w]
			if l > 0 && known && e.excludes(c, id, j.Step) {
				// The component cannot cause a failure at this layer. The site then speaks as a
				// healthy one would.
				l = wellOnce
			}
			gains.Add(l, e.leakIn(w), share)
		}
		_, gain := gains.OverQ()
		best = max(best, gain)
	}
	return best
}

// basis says what a confirmed incident rests on.
func (e *Engine) basis(in *incident) string {
	switch {
	case in.traits().viewers:
		return in.viewersBasis()
	// No probe has failed at all, so only people can have confirmed it.
	case in.ProbesFailed == 0:
		return faultline.BasisReports
	case e.agreeing(in) >= confirmNetworks:
		return faultline.BasisBoth
	}
	return faultline.BasisProbes
}

// agreeing counts the networks that report the incident's sites, if the crowd is
// above normal there at all.
func (e *Engine) agreeing(in *incident) int {
	for _, m := range in.Members {
		if at := e.s.place(m.Site); m.Reports > evidence.FewReports && at >= 0 &&
			e.s.evidence[at].crowd[evidence.WindowOf(agreeSpan)] > 0 {
			return len(in.Networks)
		}
	}
	// The crowd has left the window, but it agreed when it mattered. A basis does not get weaker
	// while the incident lasts.
	if in.Basis == faultline.BasisBoth {
		return len(in.Networks)
	}
	return 0
}

// pooled is what people said of some sites since an incident's onset.
type pooled struct {
	perNet map[uint32]int // people of each network that does not fail itself
	total  float64
	normal float64 // how many reports are usual in that time
	// withHistory is how many networks of its region have reported before.
	withHistory int
}

// pool gathers it since a time, of each person once. What belongs to another incident by
// now speaks for that one.
func (e *Engine) pool(in *incident, sites []uint32, since int64) pooled {
	p := pooled{perNet: map[uint32]int{}}
	// One person who reports twenty sites of a component is still one person.
	spoke := map[uint64]bool{}
	for _, id := range sites {
		s := e.sites.rows[id]
		if s.Incident != 0 && s.Incident != in.Ordinal {
			continue
		}
		from := max(since, e.clock-evidence.WindowMS[evidence.Windows-1])
		if s.Crowd != nil {
			if len(s.Crowd.Recent) >= evidence.CrowdReports { // what came before it is forgotten
				from = max(from, s.Crowd.Recent[0].At)
			}
			e.eachAccuser(s, from, func(h *evidence.Report) {
				if !spoke[h.Who] {
					spoke[h.Who] = true
					p.perNet[h.Network]++
					p.total++
				}
			})
		}
		p.normal += e.expected(s) * float64(e.clock-from) / float64(minute)
	}
	p.normal *= max(1, in.Chatter) // none where it was not measured
	return p
}

// dependentSites returns the sites that depend on an incident's cause, or its members if
// that is no component.
func (e *Engine) dependentSites(in *incident) []uint32 {
	if c, ok := e.components.find(string(in.Cause)); ok {
		return e.components.rows[c].Members
	}
	return in.sites()
}

// pooledNetworks counts the networks whose reports are clearly more than normal,
// taken together over the sites that fail, or over all that depends on the cause:
// one page's crowd may be too small to tell, or loud by chance among so many. Where people
// contradict the probes by either, none agree.
func (e *Engine) pooledNetworks(in *incident) int {
	members, no := e.regionalNetworks(in, in.sites())
	all, against := e.regionalNetworks(in, e.dependentSites(in))
	if no || against {
		return 0
	}
	return max(members, all)
}

// rising counts the networks of a pool that is clearly more than normal.
func (e *Engine) rising(p pooled) int {
	if evidence.CrowdRatio(e.capped(p), p.normal, evidence.Surge*p.normal) < agreeOdds {
		return 0
	}
	return len(p.perNet)
}

// broad reports whether enough ASNs rise, each for itself, over what depends on an
// incident's cause: those from which there are more reports than usual, less those
// of which chance alone would have one or two so. The chance of k or more reports
// where mu are usual is the regularised incomplete gamma function P(k, mu).
func (e *Engine) broad(in *incident) bool {
	p := e.pool(in, e.dependentSites(in), in.Onset[0])
	rise := 0.
	// The sum does not depend on the order of the map: each term is nought or one.
	for id, k := range p.perNet {
		if e.networks.rows[id].ASN != 0 && mathext.GammaIncReg(float64(k), p.normal*e.shareOf(id)) <= riseChance {
			rise++
		}
	}
	if rise < confirmASNs {
		return false
	}
	for id, n := range e.networks.rows {
		if n.ASN != 0 {
			// Of many networks a few rise by chance alone. As many as are to be expected are taken
			// off.
			rise -= min(riseChance, -math.Expm1(-p.normal*e.shareOf(uint32(id))))
		}
	}
	return rise >= confirmASNs
}

// echo reports whether a site that only people complain of does so in the shadow
// of a much larger incident.
func (e *Engine) echo(in *incident) bool {
	if !in.traits().Own {
		return false
	}
	for _, o := range e.incidents {
		if o != in && o.holds(e.clock) && o.Confirmed != 0 && o.Reports > echoMass*in.Reports &&
			o.Onset[0] <= in.Onset[2]+minute {
			return true
		}
	}
	return false
}

// othersFailing reports whether other sites began to fail, unexplained, at about the same
// time as a failing site: one on what it depends on, or a few anywhere. Then a
// component may yet speak, and the site's own fault waits for it.
func (e *Engine) othersFailing(in *incident) bool {
	if e.clock-in.Onset[1] >= othersFor || len(in.Members) == 0 {
		return false
	}
	site := in.Members[0].Site
	var others []uint32
	for _, at := range e.s.unsettled {
		j := &e.s.evidence[at]
		if j.id == site || e.sameOwner(j.id, site) || !e.failsWith(j, in.Onset[1]) {
			continue
		}
		others = append(others, j.id)
		if e.distinctOwners(others) >= othersSites || e.related(site, j.id) {
			return true
		}
	}
	return false
}

// failsWith reports whether nothing explains a site's failure and it began within
// a short time of at.
func (e *Engine) failsWith(j *siteEvidence, at int64) bool {
	s := e.sites.rows[j.id]
	if o := s.Incident; o != 0 && !e.incident(o).traits().Own {
		return false
	}
	if !j.Probed || e.explained(j.id) || slices.Max(e.weigh(j).L[:]) <= failed ||
		e.recentChecks(s).fails < ownFaultFailures {
		return false
	}
	began := int64(0)
	for _, t := range s.Tracks {
		first := t.FirstFailure(e.vantages.rows[t.Vantage], at-othersWithin, e.clock)
		switch {
		// An old failure has nothing to do with this one.
		case first != 0 && t.FailedBefore(first):
			return false // it has failed for longer
		case first != 0 && (began == 0 || first < began):
			began = first
		}
	}
	return began != 0 && began <= at+othersWithin
}

// related reports whether two sites depend on the same thing, other than their
// registry.
func (e *Engine) related(a, b uint32) bool {
	for _, d := range e.sites.rows[a].Deps {
		if !e.components.rows[d.C()].kind.common && e.weight(b, d.C()) > 0 {
			return true
		}
	}
	return false
}
