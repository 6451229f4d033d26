package main

import (
	"cmp"
	"math"
	"slices"

	"faultline"
)

// blameSites blames every failing site for itself.
func blameSites(sites []*observed) []faultline.Component {
	var out []faultline.Component
	for _, s := range sites {
		if s.failing {
			out = append(out, faultline.NewComponent(faultline.KindSite, s.name))
		}
	}
	return out
}

// group is a component with its judged members.
type group struct {
	component faultline.Component
	members   []*observed
	failing   int
}

// groups are the components that failing sites stand on, in order of their names.
func groups(sites []*observed) []*group {
	byName := map[faultline.Component]*group{}
	var out []*group
	for _, s := range sites {
		if !s.failing {
			continue
		}
		for _, c := range s.components {
			if byName[c] == nil {
				byName[c] = &group{component: c}
				out = append(out, byName[c])
			}
		}
	}
	for _, s := range sites {
		if !s.judged {
			continue
		}
		for _, c := range s.components {
			if g := byName[c]; g != nil {
				g.members = append(g.members, s)
				if s.failing {
					g.failing++
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b *group) int { return cmp.Compare(a.component, b.component) })
	return out
}

// blameGroups blames each label of which at least five sites and half of those
// judged fail, as an alert manager groups.
func blameGroups(sites []*observed) []faultline.Component {
	var out []faultline.Component
	for _, g := range groups(sites) {
		if g.failing >= 5 && 2*g.failing >= len(g.members) {
			out = append(out, g.component)
		}
	}
	return out
}

// scoreFew is the fewest sites that SCORE explains by a component.
const scoreFew = 3

// blameSCORE is the greedy cover of SCORE (NSDI 2005): of the components whose
// hit ratio is high enough, the one that covers most of what is unexplained.
func blameSCORE(hits float64) blame {
	return func(sites []*observed) []faultline.Component { return score(sites, hits) }
}

// score covers what fails as blameSCORE has it.
func score(sites []*observed, hits float64) []faultline.Component {
	var out []faultline.Component
	explained := map[*observed]bool{}
	candidates := groups(sites)
	for {
		var best *group
		most := scoreFew - 1
		for _, g := range candidates {
			if float64(g.failing) < hits*float64(len(g.members)) {
				continue
			}
			covers := 0
			for _, s := range g.members {
				if s.failing && !explained[s] {
					covers++
				}
			}
			if covers > most {
				best, most = g, covers
			}
		}
		if best == nil {
			return out
		}
		out = append(out, best.component)
		for _, s := range best.members {
			explained[s] = explained[s] || s.failing
		}
	}
}

// blameFlock is the greedy maximum of Flock's likelihood (CoNEXT 2023), a site
// being a flow: each step adds the component that gains most, over the flows
// that no chosen one is on yet.
func blameFlock(p1, p2, prior float64) blame {
	return func(sites []*observed) []faultline.Component { return flock(sites, p1, p2, prior) }
}

// flock maximises the likelihood as blameFlock has it.
func flock(sites []*observed, p1, p2, prior float64) []faultline.Component {
	var (
		out  []faultline.Component
		lost = math.Log(p1 / p2)
		kept = math.Log((1 - p1) / (1 - p2))
		bad  = map[*observed]bool{} // on the path of a chosen component
	)
	candidates := groups(sites)
	for {
		var best *group
		most := 0.
		for _, g := range candidates {
			gain := prior
			for _, s := range g.members {
				switch {
				case bad[s]:
				case s.failing:
					gain += lost
				default:
					gain += kept
				}
			}
			if gain > most {
				best, most = g, gain
			}
		}
		if best == nil {
			return out
		}
		out = append(out, best.component)
		for _, s := range best.members {
			bad[s] = true
		}
	}
}
