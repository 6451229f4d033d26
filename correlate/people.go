package correlate

import (
	"math"
	"slices"

	"faultline/correlate/cause"
	"faultline/correlate/evidence"
)

// One person is one reporter of a cause, however many of its sites he names. Where
// people alone accuse a cause, what they say is weighed again by that rule, beside the
// probes of everything that depends on it.

// sitesNamed is how many sites of a set each person reported since a time.
func (e *Engine) sitesNamed(sites []uint32, from int64) map[uint64]float64 {
	named := map[uint64]float64{}
	for _, id := range sites {
		e.eachAccuser(e.sites.rows[id], from, func(h *evidence.Report) { named[h.Who]++ })
	}
	return named
}

// eachAccuser visits the reports of a site since a time, but for those from networks
// that fail themselves.
func (e *Engine) eachAccuser(s *site, from int64, visit func(h *evidence.Report)) {
	if s.Crowd == nil {
		return
	}
	reports := s.Crowd.Since(from)
	for i := range reports {
		if h := &reports[i]; e.networks.rows[h.Network].Incident == 0 {
			visit(h)
		}
	}
}

// peopleSay is how much better what people say since a window of the sites that depend
// on a cause is explained by its fault than by chance, in nats and with the prior,
// against what the probes of these sites saw.
func (e *Engine) peopleSay(sites []uint32, part func(id uint32) float64, w int) float64 {
	from := e.clock - evidence.WindowMS[w]
	named := e.sitesNamed(sites, from)
	gains := cause.NewGains()
	for _, id := range sites {
		j := e.evidenceOf(id)
		if j == nil || e.s.why.Follows(e.s.place(id), w) {
			continue
		}
		// Where probes have checked, people cannot add to the accusation. Probes that found the
		// site well still speak against the cause.
		l := min(0, j.probes[w])
		if !j.Probed {
			l = e.crowdByPerson(e.sites.rows[id], named, w)
		}
		if l != 0 {
			gains.Add(l, e.leakIn(w), part(id))
		}
	}
	_, gain := gains.OverQ()
	return gain + e.logPrior()
}

// crowdByPerson is the evidence of a site's reports in a window when what each person
// is worth is spread over all sites that he named.
func (e *Engine) crowdByPerson(s *site, named map[uint64]float64, w int) float64 {
	perNet, perPrefix, total := map[uint32]float64{}, map[uint32]float64{}, 0.
	e.eachAccuser(s, e.clock-evidence.WindowMS[w], func(h *evidence.Report) {
		// Whoever names twenty sites gives each a twentieth of his word.
		worth := 1 / named[h.Who]
		if h.Net != 0 {
			// The caps on prefixes and networks hold for shares of people as for whole ones.
			worth = min(worth, max(0, evidence.PrefixCap-perPrefix[h.Net]))
			perPrefix[h.Net] += worth
		}
		perNet[h.Network] += worth
		total += worth
	})
	n := 0.
	for _, id := range sortedKeys(perNet) {
		n += min(perNet[id], evidence.CapOf(e.shareOf(id), total))
	}
	l := evidence.CrowdEvidence(n, e.expected(s), w)
	if l > 0 {
		// What is usual of a young page is not known yet, so a rise on it proves less.
		history := s.Crowd.QuietHistory(e.clock)
		l *= history / (history + evidence.QuietMinutes)
	}
	return l
}

// peopleConfirm reports whether people alone confirm an incident: nothing that probes
// saw may contradict them, and there must be enough of them, each counted once.
func (e *Engine) peopleConfirm(in *incident) bool {
	if !e.couldFailUnseen(in) || !e.broad(in) || e.echo(in) {
		return false
	}
	c, known := e.components.find(string(in.Cause))
	if !known || in.traits().Own {
		return true // of a single site nobody counts more than once
	}
	w := min(evidence.Windows-1, evidence.WindowOf(e.clock-in.Onset[1]))
	return e.peopleSay(e.dependentSites(in), func(id uint32) float64 { return e.weight(id, c) }, w) >= confirmOdds
}

// couldFailUnseen reports whether a cause may fail as people say although no probe sees
// it. If a part q of what nothing probes fails by their word, each probed site would have
// failed with that chance too, or with its part w of it where it depends on something else
// of the kind as well. All of them were found well: they were missed with a chance of
// (1 − q)ⁿ(1 − qw)ᵐ.
func (e *Engine) couldFailUnseen(in *incident) bool {
	sites := e.dependentSites(in)
	if in.traits().Own && len(sites) == 1 {
		return !e.probedAround(sites[0])
	}
	c, known := e.components.find(string(in.Cause))
	if len(e.failuresOf(in).sites) >= cause.MinSites {
		return false // the probes decide, now and once they find the sites well again
	}
	var well, shared []uint32
	unprobed, reported, parts := 0., 0., 0.
	claimed := evidence.WindowOf(max(agreeSpan, e.clock-in.Onset[1])) // what people said counts for as long
	for _, id := range sites {
		j, now := e.evidenceOf(id), e.recentChecks(e.sites.rows[id])
		switch {
		case now.fails > 0:
			return false // the probes decide
		case now.all > 0:
			if part := e.weight(id, c); !known || cause.Sole(part) {
				well = append(well, id)
			} else {
				shared, parts = append(shared, id), parts+part
			}
			continue
		case j != nil && slices.Max(j.crowd[evidence.WindowOf(agreeSpan):claimed+1]) > crowdDown:
			reported++
		}
		unprobed++
	}
	// Everything is probed and well, so the people are wrong about this cause.
	if unprobed == 0 {
		return false
	}
	q := reported / unprobed
	missed := math.Pow(1-q, float64(e.sitesFor(in.Cause, well)))
	if len(shared) > 0 {
		missed *= math.Pow(1-q*parts/float64(len(shared)), float64(e.sitesFor(in.Cause, shared)))
	}
	return missed >= unseenChance
}

// probedAround reports whether a site, or another one that depends on something that
// it depends on, is probed. A registry is too common to count.
func (e *Engine) probedAround(id uint32) bool {
	if e.recentChecks(e.sites.rows[id]).all > 0 {
		return true
	}
	for _, d := range e.sites.rows[id].Deps {
		if e.components.rows[d.C()].kind.common {
			continue
		}
		for _, on := range e.dependentsOf(d.C()) {
			if e.s.evidence[on.Site].Probed {
				return true
			}
		}
	}
	return false
}
