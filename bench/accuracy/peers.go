package main

import (
	"cmp"
	"math"
	"slices"

	"faultline"
)

// kindVantage is the kind of the links that vantages are. They are blamed like any
// other, and no incident is made of them.
const kindVantage = "vantage"

// group is a link with the flows that it is on, in the words of the papers: a link is
// whatever a flow passes, here a component, a site or a vantage.
type group struct {
	component faultline.Component
	flows     []*flow
	failing   int
}

// groups are the links that failing flows are on, in order of their names, so that ties are
// decided the same way each time. They are what sites depend on, the sites themselves, and
// the vantages.
func groups(flows []*flow) []*group {
	byName := map[faultline.Component]*group{}
	var out []*group
	add := func(c faultline.Component) {
		if byName[c] == nil {
			byName[c] = &group{component: c}
			out = append(out, byName[c])
		}
	}
	for _, f := range flows {
		if f.failing {
			f.path(add)
		}
	}
	for _, f := range flows {
		f.path(func(c faultline.Component) {
			g := byName[c]
			if g == nil {
				return
			}
			g.flows = append(g.flows, f)
			if f.failing {
				g.failing++
			}
		})
	}
	slices.SortFunc(out, func(a, b *group) int { return cmp.Compare(a.component, b.component) })
	return out
}

// path calls add for every link that the flow is on, its own site's among them.
func (f *flow) path(add func(faultline.Component)) {
	for _, c := range f.site.components {
		add(c)
	}
	add(faultline.NewComponent(faultline.KindSite, f.site.name))
	if f.vantage != people {
		add(faultline.NewComponent(kindVantage, f.vantage))
	}
}

// Corroboration that every baseline is given, as Faultline demands it of itself: a cause
// needs two vantages that agree, or one and the people, or people of many networks where
// nothing probes. Without it the baselines would be fooled by one sick vantage.
const (
	agreeing       = 2
	agreeingASNs   = 20
	agreeingSites  = 2    // of a component
	sickShare      = 0.15 // of a vantage's flows fail, and
	sickFactor     = 3.   // times the share of the best vantage: it is set apart
	sickLeastFlows = 10
)

// corroborated keeps the causes that are agreed on by vantages that are not blamed
// themselves, and drops the vantages.
func corroborated(blamed []*group) []faultline.Component {
	sick := map[string]bool{}
	for _, g := range blamed {
		if g.component.Kind() == kindVantage {
			sick[g.component.Name()] = true
		}
	}
	var out []faultline.Component
	for _, g := range blamed {
		if g.component.Kind() != kindVantage && g.agreed(sick) {
			out = append(out, g.component)
		}
	}
	return out
}

// agreed reports whether enough of those that are not sick see the failures. A component
// needs failing sites besides; a site is its own.
func (g *group) agreed(sick map[string]bool) bool {
	vantages, sites, asns := map[string]bool{}, map[string]bool{}, map[uint32]bool{}
	for _, f := range g.flows {
		if !f.failing || sick[f.vantage] {
			continue
		}
		sites[f.site.name], vantages[f.vantage] = true, true
		if f.site.crowded {
			vantages[people] = true
			for asn := range f.site.networks {
				asns[asn] = true
			}
		}
	}
	if g.component.Kind() != faultline.KindSite && len(sites) < agreeingSites {
		return false
	}
	if vantages[people] && len(vantages) == 1 {
		return len(asns) >= agreeingASNs
	}
	return len(vantages) >= agreeing
}

// sickVantages are those at which much more fails than at the best of the others. Methods
// without a search of their own are given this, to set them apart.
func sickVantages(all []*group, flows []*flow) []*group {
	total := map[string]float64{}
	for _, f := range flows {
		total[f.vantage]++
	}
	failing := map[string]float64{}
	for _, g := range all {
		if g.component.Kind() == kindVantage {
			failing[g.component.Name()] = float64(g.failing)
		}
	}
	lowest := 1.
	for v, n := range total {
		if v != people && n >= sickLeastFlows {
			lowest = min(lowest, failing[v]/n)
		}
	}
	var ill []*group
	for _, g := range all {
		share := float64(g.failing) / float64(len(g.flows))
		if g.component.Kind() == kindVantage && len(g.flows) >= sickLeastFlows && share >= sickShare &&
			share >= sickFactor*lowest {
			ill = append(ill, g)
		}
	}
	return ill
}

// blameSites blames every failing site for itself: what a plain uptime monitor says.
func blameSites(flows []*flow) []faultline.Component {
	all := groups(flows)
	blamed := sickVantages(all, flows)
	for _, g := range all {
		if g.component.Kind() == faultline.KindSite {
			blamed = append(blamed, g)
		}
	}
	return corroborated(blamed)
}

// blameGroups blames each label of which at least five sites and half of those judged fail,
// as an alert manager groups alerts by label.
func blameGroups(flows []*flow) []faultline.Component {
	all := groups(flows)
	blamed := sickVantages(all, flows)
	for _, g := range all {
		failing := map[string]bool{}
		for _, f := range g.flows {
			if f.failing {
				failing[f.site.name] = true
			}
		}
		k := g.component.Kind()
		if k != kindVantage && k != faultline.KindSite && len(failing) >= 5 && 2*g.failing >= len(g.flows) {
			blamed = append(blamed, g)
		}
	}
	return corroborated(blamed)
}

// scoreFew is the fewest flows that SCORE explains by a link.
const scoreFew = 3

// blameSCORE is the greedy cover of SCORE (Kompella et al., NSDI 2005): of the links whose
// hit ratio is at least hits, it takes the one that covers most of what is unexplained, and
// then the next.
func blameSCORE(hits float64) blame {
	return func(flows []*flow) []faultline.Component { return corroborated(score(flows, hits)) }
}

// score covers what fails as blameSCORE has it.
func score(flows []*flow, hits float64) []*group {
	var out []*group
	explained := map[*flow]bool{}
	candidates := groups(flows)
	for {
		var best *group
		most := scoreFew - 1
		for _, g := range candidates {
			if g.component.Kind() == faultline.KindSite || float64(g.failing) < hits*float64(len(g.flows)) {
				continue // a site is no group that shares a risk
			}
			if covers := g.covers(explained); covers > most {
				best, most = g, covers
			}
		}
		if best == nil {
			return out
		}
		out = append(out, best)
		for _, f := range best.flows {
			explained[f] = explained[f] || f.failing
		}
	}
}

// covers is how many of a group's failing flows no chosen link explains yet.
func (g *group) covers(explained map[*flow]bool) (n int) {
	for _, f := range g.flows {
		if f.failing && !explained[f] {
			n++
		}
	}
	return n
}

// flockSettings are the parameters of Flock's model: a flow on a failed link is lost with
// probability p1, any other with p2; a link fails a priori with a probability of so many nats
// (natural logarithm).
type flockSettings struct {
	p1, p2 float64
	prior  float64 // of what sites depend on
	alone  float64 // of a site by itself, and of a vantage
}

// blameFlock is the greedy maximum of Flock's likelihood (Harsh et al., CoNEXT 2023): each
// step adds the link that gains most, over the flows that no chosen one is on yet.
func blameFlock(s flockSettings) blame {
	return func(flows []*flow) []faultline.Component { return corroborated(s.greedy(flows)) }
}

// greedy maximises the likelihood as blameFlock has it.
func (s flockSettings) greedy(flows []*flow) []*group {
	var (
		out  []*group
		lost = math.Log(s.p1 / s.p2)
		kept = math.Log((1 - s.p1) / (1 - s.p2))
		bad  = map[*flow]bool{} // on the path of a chosen link
	)
	candidates := groups(flows)
	for {
		var best *group
		most := 0.
		for _, g := range candidates {
			if gain := s.priorOf(g.component) + gainOf(g, bad, lost, kept); gain > most {
				best, most = g, gain
			}
		}
		if best == nil {
			return out
		}
		out = append(out, best)
		for _, f := range best.flows {
			bad[f] = true
		}
	}
}

// priorOf is what it costs to blame a link, in nats.
func (s flockSettings) priorOf(c faultline.Component) float64 {
	if c.Kind() == faultline.KindSite || c.Kind() == kindVantage {
		return s.alone
	}
	return s.prior
}

// gainOf is by how much the likelihood grows when a link is blamed too, in nats.
func gainOf(g *group, bad map[*flow]bool, lost, kept float64) float64 {
	gain := 0.
	for _, f := range g.flows {
		switch {
		case bad[f]:
		case f.failing:
			gain += lost
		default:
			gain += kept
		}
	}
	return gain
}
