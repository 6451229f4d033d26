package correlate

import (
	"cmp"
	"math"
	"slices"

	"faultline/correlate/evidence"
)

// What each vantage sees of an incident. It is counted over everything that depends on the
// cause, and not over the members: a site becomes a member because a probe of it failed, so
// that among the members a vantage with a few chance failures seems to see the fault.

// sight is what one vantage saw of what depends on an incident's cause since its onset.
type sight struct {
	seenFrom
	chance float64 // failures that its tracks would have on any day
}

// side is the vantages that see an incident in one way, and what they saw together.
type side struct {
	vantages []uint32
	seen     []seenFrom // beside vantages
	sum      seenFrom
}

// add takes a vantage into the side, with what it saw.
func (s *side) add(now seenFrom) {
	s.vantages, s.seen = append(s.vantages, now.Vantage), append(s.seen, now)
	s.sum.Probes, s.sum.Failed = s.sum.Probes+now.Probes, s.sum.Failed+now.Failed
}

// contradicts reports whether vantages see clearly less of an incident than those that feel it.
func (s *side) contradicts(felt *side) bool { return s.sum.sparedOf(felt.sum.share()) }

// sides are the vantages that see an incident's sites fail, and those to be trusted that
// have checked them since and do not.
func (e *Engine) sides(in *incident) (felt, spared side) {
	sights := e.sights(in)
	least := feltAtLeast * mostSeen(sights)
	for _, now := range sights {
		trusted := e.vantages.rows[now.Vantage].trust[evidence.WindowOf(trustSpan)] >= evidence.SickTrust
		switch {
		case now.share() >= least && now.feels():
			felt.add(now.seenFrom)
		case now.Probes > 0 && trusted:
			spared.add(now.seenFrom)
		}
	}
	return felt, spared
}

// feltAt lists the vantages that see an incident's sites fail and are trusted.
func (e *Engine) feltAt(in *incident) []uint32 {
	felt, _ := e.sides(in)
	return slices.DeleteFunc(felt.vantages, func(id uint32) bool {
		return e.vantages.rows[id].trust[evidence.WindowOf(trustSpan)] < evidence.SickTrust
	})
}

// sights counts what each vantage saw of what depends on an incident's cause since the first
// failure of its members: what was well before says nothing against a witness. What failed
// while a vantage was sick counts as a probe alone, and a track that fails on any day tells
// no vantages apart. Ascending by vantage.
func (e *Engine) sights(in *incident) []sight {
	var all []sight
	from := e.firstFailure(in)
	for _, id := range e.observedOf(in) {
		for _, t := range e.sites.rows[id].Tracks {
			if t.Flaky() {
				continue
			}
			probes, failed := t.SeenSince(from, e.vantages.rows[t.Vantage])
			if probes == 0 {
				continue
			}
			i, ok := slices.BinarySearchFunc(all, t.Vantage, func(s sight, v uint32) int {
				return cmp.Compare(s.Vantage, v)
			})
			if !ok {
				all = slices.Insert(all, i, sight{seenFrom: seenFrom{Vantage: t.Vantage}})
			}
			all[i].Probes += probes
			all[i].Failed += failed
			all[i].chance += float64(probes) * t.Usual()
		}
	}
	return all
}

// firstFailure is when the first probe of an incident's members failed since its likeliest
// onset, now if none did.
func (e *Engine) firstFailure(in *incident) int64 {
	from := e.clock
	for _, m := range in.Members {
		for _, t := range e.sites.rows[m.Site].Tracks {
			if first := t.FirstFailure(e.vantages.rows[t.Vantage], in.Onset[1], from); first != 0 {
				from = first
			}
		}
	}
	return from
}

// observedOf lists the sites by which it is told who sees an incident: the active ones that
// depend on its cause, at most maxObserved evenly spread, or its members if the cause is no
// component. What belongs to another incident fails for that one's reason: with it, a vantage
// that sees an outage would seem to see whatever a liar says of components that share its sites.
func (e *Engine) observedOf(in *incident) []uint32 {
	c, ok := e.components.find(string(in.Cause))
	if !ok || in.traits().Own {
		return in.sites()
	}
	on := e.dependentsOf(c)
	every := max(1, (len(on)+maxObserved-1)/maxObserved)
	ids := make([]uint32, 0, len(on)/every+1)
	for i := 0; i < len(on); i += every {
		id := e.active[on[i].Site]
		if o := e.sites.rows[id].Incident; o == 0 || o == in.Ordinal {
			ids = append(ids, id)
		}
	}
	return ids
}

// share is the part of a vantage's probes of an incident's sites that failed.
func (s seenFrom) share() share { return float64(s.Failed) / float64(max(1, s.Probes)) }

// feels reports whether a vantage saw more fail than chance has it, by feltNats (the bound
// of Chernoff for a Poisson count).
func (s sight) feels() bool {
	k, mu := float64(s.Failed), s.chance
	return k > mu && k*math.Log(k/mu)-k+mu >= feltNats
}

// mostSeen is the share at the vantage that sees most of an incident, of those that have
// checked enough to tell, and at least half as much as any: a monitor that sends alerts
// alone, or checks a few of the sites, has a share that can't be compared.
func mostSeen(by []sight) share {
	top, most := 0., 0
	for _, v := range by {
		most = max(most, v.Probes)
	}
	for _, v := range by {
		if v.Probes >= max(feltProbes, most/2) {
			top = max(top, v.share())
		}
	}
	return top
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

// contested reports whether vantages of other networks contradict those that see the sites of
// an incident fail, or may do so in a moment, and are not far fewer than those. A few
// vantages may be wrong, or lie: people where the fault is felt must agree with them.
func (e *Engine) contested(in *incident) bool {
	felt, spared := e.sides(in)
	see := len(e.witnessesOf(felt.vantages))
	well, yet := len(e.witnessesOf(spared.vantages)), e.yetToCheck(in, decisiveProbes)
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
	for _, id := range e.observedOf(in) {
		for _, t := range e.sites.rows[id].Tracks {
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
