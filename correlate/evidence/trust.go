package evidence

import (
	"maps"
	"math"
	"slices"

	"faultline/correlate/cause"
)

// View is what one vantage saw in one window.
type View struct {
	seen  int      // sites
	fails []uint32 // those that failed there while another vantage, or every other, saw them well
	// The same with the sites of candidates: those whose failure another vantage has
	// contradicted since, and how many of them fail there on any day.
	open   int
	denied []uint32
	usual  float64
	// The same with the sites of incidents, and whatever others saw.
	checked int
	failed  []uint32
}

// share is the part of its sites that fail at a vantage, 0 to 1.
func (l View) share() float64 { return float64(len(l.fails)) / float64(max(1, l.seen)) }

// Views are what each vantage saw, by its number and by window.
type Views [][Windows]View

// Sites are the sites that vantages check, as far as the trust in vantages asks.
type Sites interface {
	// SeenBy lists the sites that one vantage checked in one window, as [Views.File] counts
	// them: those of which no more is known than most.
	SeenBy(vantage, window int, most Standing) []uint32
	// Depends is what a site depends on.
	Depends(site uint32) []cause.Dep
	// Sick reports whether a vantage was found at fault a moment ago. What it sees is no
	// measure for others.
	Sick(vantage int) bool
}

// Standing is what is known already of a site that failed.
type Standing uint8

const (
	// Unexplained is a site of no incident.
	Unexplained Standing = iota
	// Suspected is a site of a candidate: its failure is explained for as long as no other
	// vantage contradicts it.
	Suspected
	// Explained is a site of an incident that was confirmed.
	Explained
)

// Doubtful reports whether enough fails at any vantage to ask whether it is to blame.
func (all Views) Doubtful() bool { return slices.ContainsFunc(all, doubted) }

// doubted reports whether enough sites fail at a vantage, in some window, for a doubt to be
// worth weighing.
func doubted(l [Windows]View) bool {
	return slices.ContainsFunc(l[:], func(l View) bool { return len(l.failed) >= sickFailures })
}

// File files what each vantage saw of one site. A site whose failure is already
// explained, and tracks that often fail, say nothing about a vantage.
func (all Views) File(id uint32, tracks []*Track, known Standing, now int64) {
	if len(tracks) == 0 {
		return
	}
	var lastFail [2]int64 // the newest, and the newest of another vantage
	var lastBy uint32
	for _, t := range tracks {
		at := t.LastFailure()
		switch {
		case at > lastFail[0]:
			lastFail[1], lastFail[0], lastBy = lastFail[0], at, t.Vantage
		case at > lastFail[1]:
			lastFail[1] = at
		}
	}
	for _, t := range tracks {
		k, m := t.Tally(now)
		usual := t.Usual()
		elsewhere := lastFail[0]
		if lastBy == t.Vantage {
			elsewhere = lastFail[1]
		}
		for w := range Windows {
			if m[w] == 0 || t.Flaky() {
				continue
			}
			l := &all[t.Vantage][w]
			l.checked++
			if k[w] > 0 {
				l.failed = append(l.failed, id)
			}
			if known == Explained {
				continue
			}
			l.open++
			l.usual += min(1, float64(m[w])*usual)
			if k[w] > 0 && deniedSince(tracks, t, now-WindowMS[w]) {
				l.denied = append(l.denied, id)
			}
			if known == Suspected {
				continue
			}
			l.seen++
			if k[w] == 0 {
				continue
			}
			span := max(WindowMS[w], elsewhereSpan)
			if now-elsewhere > span || wellElsewhere(tracks, t.Vantage, now, span) {
				l.fails = append(l.fails, id)
			}
		}
	}
}

// Trust is how far the failures that a vantage saw in a window may be believed, 0 to 1.
//
// Any number of vantages may be sick at a time, so that the one that sees least trouble
// is the measure, and not the others' agreement: two resolvers that lose answers agree
// that everything fails. All of them may be sick in part, and then each is measured by its
// own past too, see besideItsPast. Where most of all sites fail and no one component holds
// them, the vantage is not believed whatever the others see; if it is so at all of them,
// nothing can be said.
func (all Views) Trust(v, w int, of Sites) float64 {
	own := all[v][w]
	whole := View{seen: own.checked, fails: own.failed}
	if whole.seen >= ComparableSites && whole.share() > darkShare && !heldByOne(whole, of.SeenBy(v, w, Explained), of) {
		return 0
	}
	return min(all.besideOthers(v, w, of), own.besideItsPast(func() []uint32 { return of.SeenBy(v, w, Suspected) }, of))
}

// besideOthers is the trust in a vantage by what the others see.
func (all Views) besideOthers(v, w int, of Sites) float64 {
	own := all[v][w]
	if len(own.fails) < sickFailures {
		return 1
	}
	least, compared := 1., false
	for o := range all {
		if l := all[o][w]; o != v && l.seen >= ComparableSites && !of.Sick(o) {
			least, compared = min(least, l.share()), true
		}
	}
	share := own.share()
	if !compared {
		return own.alone(func() []uint32 { return of.SeenBy(v, w, Unexplained) }, of)
	}
	excess := own.beyond(share, least)
	if excess <= sickShare || concentrated(own, of.SeenBy(v, w, Unexplained), of) {
		return 1
	}
	return trustAt(excess)
}

// alone is the trust in a vantage that no other one can be compared with.
func (l View) alone(seen func() []uint32, of Sites) float64 {
	if l.share() > aloneShare {
		return 0
	}
	excess := l.beyond(l.share(), min(1, l.usual/float64(max(1, l.open))))
	if l.seen < ComparableSites || excess <= sickShare {
		return 1
	}
	if sites := seen(); concentrated(l, sites, of) || heldByFew(l, sites, of) {
		return 1
	}
	return trustAt(excess)
}

// besideItsPast is the trust in a vantage by what fails there on any day. It asks only of
// failures that another vantage contradicted afterwards: those of a true outage are
// contradicted nowhere, but where it fails a part of all requests. Then its components
// hold them, and the rest is well.
func (l View) besideItsPast(seen func() []uint32, of Sites) float64 {
	if len(l.denied) < sickFailures || l.open < ComparableSites {
		return 1
	}
	denied := View{seen: l.open, fails: l.denied}
	excess := denied.beyond(denied.share(), min(1, l.usual/float64(l.open)))
	if excess <= sickShare || heldByFew(denied, seen(), of) {
		return 1
	}
	return max(0, 1-(excess-sickShare)/(deniedShare-sickShare))
}

// beyond is how far a share of a vantage's sites lies above what is usual and what chance
// adds to that.
func (l View) beyond(share, usual float64) float64 {
	return share - usual - noiseSigmas*math.Sqrt(usual*(1-usual)/float64(l.seen))
}

// trustAt is how far a vantage is believed of whose sites so many more than usual fail.
func trustAt(excess float64) float64 {
	return min(1, max(0, 1-(excess-sickShare)/(distrustShare-sickShare)))
}

// concentrated reports whether a few components hold most of the failures seen at
// one vantage, while what depends on none of them is well there.
func concentrated(l View, seen []uint32, of Sites) bool {
	fails := slices.Clone(l.fails)
	for range explainers {
		c, ok := densest(fails, seen, of)
		if !ok {
			break
		}
		on := func(id uint32) bool { return cause.PartOf(of.Depends(id), c) > 0 }
		fails, seen = slices.DeleteFunc(fails, on), slices.DeleteFunc(seen, on)
	}
	outside := View{seen: len(seen), fails: fails}.share()
	return float64(len(fails)) <= (1-explainedShare)*float64(len(l.fails)) && outside <= OutsideShare*l.share()
}

// heldByFew reports whether a few components explain most of the failures seen at one
// vantage, while enough other sites are left to compare with, and are well. It allows more
// components than concentrated does: no other vantage speaks for this one, and several
// outages at one time must not silence all vantages. Some of many components have many
// failures by chance, so that each must differ from the rest beyond chance.
func heldByFew(l View, seen []uint32, of Sites) bool {
	fails := slices.Clone(l.fails)
	for range manyExplainers {
		c, ok := densest(fails, seen, of)
		if !ok {
			return false
		}
		on := func(id uint32) bool { return cause.PartOf(of.Depends(id), c) > 0 }
		all, failed, candidates := len(seen), len(fails), len(tallyComponents(fails, of))
		fails, seen = slices.DeleteFunc(fails, on), slices.DeleteFunc(seen, on)
		inside := split(failed-len(fails), all-len(seen))
		apart := inside + split(len(fails), len(seen)) - split(failed, all)
		if len(seen) < ComparableSites || apart < math.Log(float64(candidates))+explainerNats {
			return false
		}
		outside := View{seen: len(seen), fails: fails}.share()
		if float64(len(fails)) <= (1-explainedShare)*float64(len(l.fails)) && outside <= OutsideShare*l.share() {
			return true
		}
	}
	return false
}

// split is the log-likelihood (nats) of k failures among n sites at their likeliest share.
func split(k, n int) float64 {
	if k <= 0 || k >= n {
		return 0
	}
	p := float64(k) / float64(n)
	return float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p)
}

// heldByOne reports whether one component holds most of what fails at a vantage, while
// what does not depend on it is well there.
func heldByOne(l View, seen []uint32, of Sites) bool {
	hits, checked := tallyComponents(l.fails, of), tallyComponents(seen, of)
	for _, c := range slices.Sorted(maps.Keys(hits)) {
		if float64(hits[c]) < explainedShare*float64(len(l.fails)) {
			continue
		}
		fails, rest := len(l.fails)-hits[c], len(seen)-checked[c]
		if float64(fails) <= OutsideShare*l.share()*float64(max(1, rest)) {
			return true
		}
	}
	return false
}

// densest returns the component with the most failures in excess of what the
// whole would give it.
func densest(fails, seen []uint32, of Sites) (best uint32, ok bool) {
	hits, observed := tallyComponents(fails, of), tallyComponents(seen, of)
	share, most := View{seen: len(seen), fails: fails}.share(), 1.
	for _, c := range slices.Sorted(maps.Keys(hits)) {
		if excess := float64(hits[c]) - share*float64(observed[c]); hits[c] >= 2 && excess > most {
			best, most, ok = c, excess, true
		}
	}
	return best, ok
}

// tallyComponents counts how many of some sites depend on each component.
func tallyComponents(ids []uint32, of Sites) map[uint32]int {
	n := map[uint32]int{}
	for _, id := range ids {
		for _, d := range of.Depends(id) {
			n[d.C()]++
		}
	}
	return n
}
