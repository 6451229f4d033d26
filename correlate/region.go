package correlate

import (
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Where a fault is felt. A fault that the vantages of one country see and those of others
// do not may still be true: many are regional. Then people where it is felt must agree,
// and people where probes find the same sites well must not complain as much: a crowd
// that rises everywhere contradicts the vantage that it seems to agree with.

// country is two letters; zero is unknown.
type country = [2]byte

// countryOf is a country's code as two bytes; anything but two letters is unknown.
func countryOf(code string) (c country) {
	if len(code) == len(c) {
		copy(c[:], code)
	}
	return c
}

// feltIn lists the countries whose vantages see an incident's sites fail, and those whose
// vantages find them well: each of them in several checks, or all of them together in as
// many as tell.
func (e *Engine) feltIn(in *incident) (felt, well []country) {
	feels, spared := e.sides(in)
	for _, id := range feels.vantages {
		felt = append(felt, countryOf(e.vantages.rows[id].Country))
	}
	sure := spared.contradicts(&feels)
	for i, id := range spared.vantages {
		c := countryOf(e.vantages.rows[id].Country)
		known := c == country{} || slices.Contains(felt, c)
		if !known && (sure || spared.seen[i].Probes >= feltProbes) {
			well = append(well, c)
		}
	}
	return felt, well
}

// regionalNetworks counts the networks whose reports of some sites agree with what probes
// see of an incident. Networks of countries where probes find the sites well do not, and
// if people there complain nearly as much as where the fault is felt, they speak against it
// and nobody is believed. That holds unless more witnesses see the fault than find the sites
// well: then those who complain there contradict the few, of which one that answers whatever
// it is asked would hide any outage.
func (e *Engine) regionalNetworks(in *incident, sites []uint32) (agree int, against bool) {
	all := e.pool(in, sites, in.Onset[1])
	felt, well := e.feltIn(in)
	if len(well) == 0 || slices.Contains(felt, country{}) {
		return e.rising(all), false
	}
	there := e.poolFrom(all, func(c country) bool { return c == country{} || slices.Contains(felt, c) })
	elsewhere := e.poolFrom(all, func(c country) bool { return slices.Contains(well, c) })
	many := regionalRise*elsewhere.excess() > there.excess() && e.rising(elsewhere) >= confirmNetworks
	if many || elsewhere.outweighs(there) {
		silent := there.withHistory >= confirmNetworks && e.rising(there) < confirmNetworks
		if silent || !e.mostSee(in) {
			return 0, true
		}
		return e.rising(all), false
	}
	louder := e.loudness(elsewhere)
	there.normal *= louder
	if there.withHistory >= confirmNetworks {
		return e.rising(e.withHistory(there)), false
	}
	// Hardly anybody ever reports from there: people of countries without a vantage speak too.
	rest := e.poolFrom(all, func(c country) bool { return !slices.Contains(well, c) })
	rest.normal *= louder
	return max(e.rising(there), e.rising(e.withHistory(rest))), false
}

// mostSee reports whether more witnesses see the sites of an incident fail than find them well.
func (e *Engine) mostSee(in *incident) bool {
	felt, spared := e.sides(in)
	return len(e.witnessesOf(felt.vantages)) > len(e.witnessesOf(spared.vantages))
}

// outweighs reports whether clearly more people than usual complain, in a rise that is not
// far from that of another pool: each is measured by what is usual of its own networks.
func (p pooled) outweighs(other pooled) bool {
	return p.excess() > 0 && regionalRise*p.excess()*other.normal > other.excess()*p.normal &&
		mathext.GammaIncReg(p.total, p.normal) <= riseChance
}

// loudness is how many times as much as usual people say, 1 at least and nearer to 1 the less is
// usual. Of those where the sites are well it tells how loud people are just now, whatever fails.
func (e *Engine) loudness(p pooled) float64 { return max(1, (e.capped(p)+1)/(p.normal+1)) }

// withHistory is the part of a pool that comes from networks which reported before, if there
// are enough of them in its region: in a true outage those complain where people live, and
// an army may come from anywhere.
func (e *Engine) withHistory(p pooled) pooled {
	if p.withHistory < confirmNetworks {
		return p
	}
	part := pooled{perNet: map[uint32]int{}, normal: p.normal}
	for id, said := range p.perNet {
		if e.networks.rows[id].Base.N > 0 {
			part.perNet[id] = said
			part.total += float64(said)
		}
	}
	return part
}

// excess is how many people more than usual there are in a pool.
func (p pooled) excess() float64 { return p.total - p.normal }

// poolFrom is the part of a pool that comes from networks of some countries.
func (e *Engine) poolFrom(all pooled, from func(country) bool) pooled {
	part := pooled{perNet: map[uint32]int{}}
	for id, n := range e.networks.rows {
		if !from(n.Country) {
			continue
		}
		part.normal += all.normal * e.shareOf(uint32(id))
		if n.Base.N > 0 {
			part.withHistory++
		}
		if said := all.perNet[uint32(id)]; said > 0 {
			part.perNet[uint32(id)] = said
			part.total += float64(said)
		}
	}
	return part
}
