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
	// them, with those whose failure is explained or without.
	SeenBy(vantage, window int, explained bool) []uint32
	// Depends is what a site depends on.
	Depends(site uint32) []cause.Dep
}

// Doubtful reports whether enough fails at any vantage to ask whether it is to blame.
func (all Views) Doubtful() bool { return slices.ContainsFunc(all, doubted) }

// doubted reports whether enough sites fail at a vantage, in some window, for a doubt to be
// worth weighing.
func doubted(l [Windows]View) bool {
	return slices.ContainsFunc(l[:], func(l View) bool { return len(l.failed) >= sickFailures })
}

// File files what each vantage saw of one site. A site whose failure is already
// explained, and tracks that often fail, say nothing about a vantage.
func (all Views) File(id uint32, tracks []*Track, explained bool, now int64) {
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
			if explained {
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
// that everything fails. Where most of all sites fail and no one component holds them,
// the vantage is not believed whatever the others see; if it is so at all of them,
// nothing can be said.
func (all Views) Trust(v, w int, of Sites) float64 {
	own := all[v][w]
	whole := View{seen: own.checked, fails: own.failed}
	if whole.seen >= comparableSites && whole.share() > darkShare && !heldByOne(whole, of.SeenBy(v, w, true), of) {
		return 0
	}
	if len(own.fails) < sickFailures {
		return 1
	}
	least, compared := 1., false
	for o := range all {
		if l := all[o][w]; o != v && l.seen >= comparableSites {
			least, compared = min(least, l.share()), true
		}
	}
	share := own.share()
	if !compared {
		if share > aloneShare {
			return 0
		}
		return 1
	}
	noise := noiseSigmas * math.Sqrt(least*(1-least)/float64(own.seen))
	excess := share - least - noise
	if excess <= sickShare || concentrated(own, of.SeenBy(v, w, false), of) {
		return 1
	}
	return max(0, 1-(excess-sickShare)/(distrustShare-sickShare))
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
	return float64(len(fails)) <= (1-explainedShare)*float64(len(l.fails)) && outside <= outsideShare*l.share()
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
		if float64(fails) <= outsideShare*l.share()*float64(max(1, rest)) {
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
