package correlate

import (
	"math"
	"slices"

	"faultline/correlate/evidence"
)

// Where a fault is felt. A fault that the vantages of one country see and those of others
// do not may still be true: many are regional. Then people where it is felt must agree,
// and people where probes find the same sites well must not complain as much: a crowd
// that rises everywhere contradicts the vantage that it seems to agree with.

// country is two letters; zero is unknown.
type country = [2]byte

func countryOf(code string) (c country) {
	if len(code) == len(c) {
		copy(c[:], code)
	}
	return c
}

// feltIn lists the countries whose vantages see an incident's sites fail, and those whose
// vantages check as many of them and find them well.
func (e *Engine) feltIn(in *incident) (felt, well []country) {
	since := e.seenSince(in)
	least := feltAtLeast * mostSeen(since)
	for i, now := range since {
		v := e.vantages.rows[in.ByVantage[i].Vantage]
		c := countryOf(v.Country)
		switch {
		case now.Failed > 0 && now.share() >= least:
			felt = append(felt, c)
		case now.Probes >= feltProbes && v.trust[evidence.WindowOf(trustSpan)] >= evidence.SickTrust:
			well = append(well, c)
		}
	}
	known := func(c country) bool { return c == country{} || slices.Contains(felt, c) }
	return felt, slices.DeleteFunc(well, known)
}

// regionalNetworks counts the networks whose reports of some sites agree with what probes
// see of an incident. Networks of countries where probes find the sites well do not, and
// if people there complain nearly as much as where the fault is felt, nobody is believed.
func (e *Engine) regionalNetworks(in *incident, sites []uint32) int {
	all := e.pool(in, sites, in.Onset[1])
	felt, well := e.feltIn(in)
	if len(well) == 0 || slices.Contains(felt, country{}) {
		return e.rising(all)
	}
	there := e.poolFrom(all, func(c country) bool { return c == country{} || slices.Contains(felt, c) })
	elsewhere := e.poolFrom(all, func(c country) bool { return slices.Contains(well, c) })
	if regionalRise*elsewhere.excess() > there.excess() && e.rising(elsewhere) >= confirmNetworks {
		return 0
	}
	rest := e.poolFrom(all, func(c country) bool { return !slices.Contains(well, c) })
	return max(e.rising(e.withPast(there)), e.rising(e.withPast(rest)))
}

// withPast is the part of a pool that comes from networks which reported before, if there
// are enough of them in its region: in a true outage those complain where people live, and
// an army may come from anywhere.
func (e *Engine) withPast(p pooled) pooled {
	if p.withPast < confirmNetworks {
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

// feltByFew reports whether the vantages that find the sites of an incident well are of more
// networks than those that see them fail, and have checked enough of them to tell. Then a
// few vantages may be wrong, or lie: people where it is felt must agree.
func (e *Engine) feltByFew(in *incident) bool {
	since := e.seenSince(in)
	least := feltAtLeast * mostSeen(since)
	var all, spared seenFrom
	felt, well := map[uint32]bool{}, map[uint32]bool{}
	for i, now := range since {
		if id := in.ByVantage[i].Vantage; now.Failed > 0 && now.share() >= least {
			all.Probes, all.Failed = all.Probes+now.Probes, all.Failed+now.Failed
			felt[e.witnessOf(id)] = true
		}
	}
	for i, now := range since {
		id := in.ByVantage[i].Vantage
		if now.Probes == 0 || now.share() >= least ||
			e.vantages.rows[id].trust[evidence.WindowOf(trustSpan)] < evidence.SickTrust {
			continue
		}
		spared.Probes, spared.Failed = spared.Probes+now.Probes, spared.Failed+now.Failed
		well[e.witnessOf(id)] = true
	}
	return len(well) > len(felt) && spared.sparedOf(all.share())
}

// witnessOf is the first vantage of the same network: together they are one witness.
func (e *Engine) witnessOf(id uint32) uint32 {
	for i, v := range e.vantages.rows[:id] {
		if sameNetwork(v, e.vantages.rows[id]) {
			return uint32(i)
		}
	}
	return id
}

// sparedOf reports whether vantages see clearly less of a failure than the share that
// others see: they would see so little by chance at most once in a hundred times (the bound
// of Chernoff, by the relative entropy of the two shares).
func (s seenFrom) sparedOf(others share) bool {
	p, q := min(others, shareMost), s.share()
	if s.Probes == 0 || q >= p {
		return false
	}
	entropy := (1 - q) * math.Log((1-q)/(1-p))
	if q > 0 {
		entropy += q * math.Log(q/p)
	}
	return float64(s.Probes)*entropy >= sparedNats
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
			part.withPast++
		}
		if said := all.perNet[uint32(id)]; said > 0 {
			part.perNet[uint32(id)] = said
			part.total += float64(said)
		}
	}
	return part
}
