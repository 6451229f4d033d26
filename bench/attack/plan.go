package main

import (
	"math/rand/v2"
	"time"

	"faultline"
)

// shape is how an army goes about its lie, whatever its size: how many sites each names, how
// fast, and how it hides among others.
type shape struct {
	name   string
	each   int           // sites that one of them names
	over   time.Duration // within which all of it is said
	poison time.Duration // before, in which a trickle names the same sites
	noise  bool          // every second report names some other site
	local  bool          // they sit in networks that people have always reported from
}

// shapes are those that are tried. Another shape can only make a lie cheaper, so a price in
// the table is an upper bound of the true one.
var shapes = []shape{
	{name: "one site each", each: 1, over: 5 * time.Minute},
	{name: "ten sites each", each: 10, over: 5 * time.Minute},
	{name: "forty sites each, at once", each: 40, over: 2 * time.Minute},
	{name: "two sites each, slowly", each: 2, over: 10 * time.Minute},
	{name: "ten sites each, from usual networks", each: 10, over: 5 * time.Minute, local: true},
	{name: "ten sites each, half of it noise", each: 10, over: 5 * time.Minute, noise: true},
	{name: "four sites each, after an hour of a trickle", each: 4, over: 10 * time.Minute, poison: time.Hour},
}

// size is how large an army is, and so what it costs.
type size struct {
	People   int `json:"people"`
	Networks int `json:"networks"`
}

// plan is one lie by one army and so many vantages.
type plan struct {
	goal  *goal
	lie   lie
	shape shape
	size  size
	liars int // vantages that say what the army says
}

// Bounds of what is tried. An army beyond them counts as "never".
const (
	mostNetworks = 160
	mostPeople   = 20_000
	mostSaid     = 60_000 // reports of one army: a door takes its time for each
	townSites    = 120
	armyPrefixes = 40 // of each network
	trickle      = 1  // reports a second, while it poisons
	outageLasts  = 10 * time.Minute
	afterwards   = 3 * time.Minute // to wait for what comes of a lie
	crowdMinute  = 60              // true reports a minute of a CDN that fails
)

// played is what came of a plan: every revision from the beginning of the lie on.
type played struct {
	revisions []faultline.Incident
	began     time.Time // of the outage, or of the lie
	failing   map[string]bool
	probed    func(site string) bool
}

// play has the plan carried out in a town that was calm. With no people and no liars it shows
// what would have come without the lie, which goals compare with.
func (s stage) play(p plan) played {
	t := s.town()
	defer t.close()
	out := played{failing: map[string]bool{}, probed: s.probed}
	named := p.lie.sites(t, s)
	p.speak(t, named, out.failing)
	if p.shape.poison > 0 && p.size.People > 0 {
		p.poisoned(t, named)
	}
	out.began = t.clock()
	t.revised = func(in faultline.Incident) { out.revisions = append(out.revisions, in) }
	if p.goal.outage {
		for _, site := range t.sites[:cdnSites] {
			out.failing[site] = true
		}
	}
	p.carryOut(t, named)
	return out
}

// speak sets what the vantages say: the truth, or what the army says.
func (p plan) speak(t *town, named []string, failing map[string]bool) {
	lies := map[string]bool{}
	for _, site := range named {
		lies[site] = true
	}
	liars := map[string]bool{}
	for _, v := range vantages[:p.liars] {
		liars[v.Vantage] = true
	}
	t.failing = func(site, vantage string) (faultline.Symptom, bool) {
		if liars[vantage] && lies[site] && p.started(t) {
			return p.lie.symptom, p.lie.symptom != faultline.SymptomOK
		}
		return "http_503", failing[site]
	}
}

// started reports whether the lie has begun: before, its vantages tell the truth.
func (p plan) started(t *town) bool { return t.revised != nil }

// poisoned lets the army name its sites now and then for a while before the attack, to make
// many reports of them look usual.
func (p plan) poisoned(t *town, named []string) {
	a := p.army(named)
	t.pass(p.shape.poison, func(second int) {
		for k := range trickle {
			i := second*trickle + k
			t.report(a.member(i%p.size.People), named[i%len(named)], p.lie.symptom)
		}
	})
}

// army is the crowd of the plan. It names no more sites than keep the number of reports below
// mostSaid.
func (p plan) army(named []string) army {
	first := uint16(outsiders)
	if p.shape.local {
		first = locals
	}
	each := min(p.shape.each, len(named), max(1, mostSaid/max(1, p.size.People)))
	return army{first: first, networks: p.size.Networks, prefixes: armyPrefixes, people: p.size.People, each: each,
		sites: named, symptom: p.lie.symptom, over: p.shape.over}
}

// carryOut lets the lie be told while the outage, if there is one, goes on, and
// waits for what comes of it.
func (p plan) carryOut(t *town, named []string) {
	a := p.army(named)
	total, said := a.people*a.each, 0
	if p.shape.noise {
		total *= 2
	}
	seconds := int(a.over / time.Second)
	rest := max(a.over+afterwards, outageLasts)
	if !p.goal.outage {
		rest = a.over + afterwards
	}
	rng := rand.New(rand.NewPCG(11, 12))
	t.pass(rest, func(second int) {
		for due := min(total, total*(second+1)/seconds); said < due; said++ {
			var site string
			who := said % a.people
			if p.shape.noise && said%2 == 1 {
				site = t.sites[rng.IntN(len(t.sites))]
			} else {
				site = a.sites[(who+said/a.people)%len(a.sites)]
			}
			t.report(a.member(who), site, a.symptom)
		}
		if p.goal.outage && second%(60/(crowdMinute/2)) == 0 {
			for range 2 {
				t.report(address(uint16(1+rng.IntN(homeNetworks)), uint16(rng.IntN(400)), uint16(rng.IntN(1<<16))),
					t.sites[rng.IntN(cdnSites)], "http_503")
			}
		}
	})
}
