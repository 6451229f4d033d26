package correlate

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"faultline/correlate/evidence"
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

// side is the vantages that see an incident in one way, and what they saw together.
type side struct {
	vantages []uint32
	seen     []seenFrom // beside vantages
	sum      seenFrom
}

// add takes a vantage into the side, with what it saw.
func (s *side) add(id uint32, now seenFrom) {
	s.vantages, s.seen = append(s.vantages, id), append(s.seen, now)
	s.sum.Probes, s.sum.Failed = s.sum.Probes+now.Probes, s.sum.Failed+now.Failed
}

// sides are the vantages that see an incident's sites fail, and those to be trusted that
// have checked them since and do not.
func (e *Engine) sides(in *incident) (felt, spared side) {
	since := e.seenSince(in)
	least := feltAtLeast * mostSeen(since)
	for i, now := range since {
		id := in.ByVantage[i].Vantage
		switch {
		case now.Failed > 0 && now.share() >= least:
			felt.add(id, now)
		case now.Probes > 0 && e.vantages.rows[id].trust[evidence.WindowOf(trustSpan)] >= evidence.SickTrust:
			spared.add(id, now)
		}
	}
	return felt, spared
}

// contradicts reports whether vantages see clearly less of an incident than those that feel it.
func (s *side) contradicts(felt *side) bool { return s.sum.sparedOf(felt.sum.share()) }

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
// if people there complain nearly as much as where the fault is felt, nobody is believed.
func (e *Engine) regionalNetworks(in *incident, sites []uint32) int {
	all := e.pool(in, sites, in.Onset[1])
	felt, well := e.feltIn(in)
	if len(well) == 0 || slices.Contains(felt, country{}) {
		return e.rising(all)
	}
	there := e.poolFrom(all, func(c country) bool { return c == country{} || slices.Contains(felt, c) })
	elsewhere := e.poolFrom(all, func(c country) bool { return slices.Contains(well, c) })
	many := regionalRise*elsewhere.excess() > there.excess() && e.rising(elsewhere) >= confirmNetworks
	if many || elsewhere.outweighs(there) {
		return 0
	}
	if there.withPast >= confirmNetworks {
		return e.rising(e.withPast(there))
	}
	// Hardly anybody ever reports from there: people of countries without a vantage speak too.
	rest := e.poolFrom(all, func(c country) bool { return !slices.Contains(well, c) })
	return max(e.rising(there), e.rising(e.withPast(rest)))
}

// outweighs reports whether clearly more people than usual complain, in a rise that is not
// far from that of another pool: each is measured by what is usual of its own networks.
func (p pooled) outweighs(other pooled) bool {
	return p.excess() > 0 && regionalRise*p.excess()*other.normal > other.excess()*p.normal &&
		mathext.GammaIncReg(p.total, p.normal) <= riseChance
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

// contested reports whether vantages of other networks contradict those that see the sites of
// an incident fail, or may do so in a moment, and are not far fewer than those. A few
// vantages may be wrong, or lie: people where the fault is felt must agree with them.
func (e *Engine) contested(in *incident) bool {
	felt, spared := e.sides(in)
	see := len(e.witnessesOf(felt.vantages))
	well, yet := len(e.witnessesOf(spared.vantages)), e.yetToCheck(in, tellingProbes)
	return well*fewerWitnesses >= see && spared.contradicts(&felt) || yet > 0 && well+yet > see
}

// yetToCheck counts the witnesses that check the sites of an incident, do not see them fail
// and have had no time for so many checks since they began to. They may contradict what
// the others see, and what a crowd says beside it.
func (e *Engine) yetToCheck(in *incident, enough int) (n int) {
	if e.clock-in.Onset[2] > checkWithin {
		return 0
	}
	felt, spared := e.sides(in)
	by := e.witnessesOf(felt.vantages)
	done := map[uint32]int{}
	for i, id := range spared.vantages {
		done[e.witnessOf(id)] += spared.seen[i].Probes
	}
	usual := map[uint32]int{}
	for _, m := range in.Members {
		for _, t := range e.sites.rows[m.Site].Tracks {
			v, w := e.vantages.rows[t.Vantage], e.witnessOf(t.Vantage)
			if v.trust[evidence.WindowOf(trustSpan)] >= evidence.SickTrust && !slices.Contains(by, w) {
				usual[w]++
			}
		}
	}
	for w, sites := range usual {
		if done[w] < min(sites, enough) {
			n++
		}
	}
	return n
}

// witnessesOf lists the witnesses that some vantages are, each once.
func (e *Engine) witnessesOf(vantages []uint32) []uint32 {
	var by []uint32
	for _, id := range vantages {
		if w := e.witnessOf(id); !slices.Contains(by, w) {
			by = append(by, w)
		}
	}
	return by
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
