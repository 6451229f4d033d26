package correlate

import (
	"cmp"
	"math"
	"slices"
)

// A vantage is a component too. When sites that have nothing in common fail at
// one vantage and nowhere else, it is the vantage that fails, and it loses its
// voice for the windows in which it does. When the failures at one vantage have a
// component in common, as in a regional outage, it keeps it.

// span is a stretch of time.
type span struct{ From, To int64 }

// vantageView is what one vantage saw in one window.
type vantageView struct {
	seen  int      // sites
	fails []uint32 // those that failed there while another vantage, or every other, saw them well
	// The same with the sites of incidents, and whatever others saw.
	checked int
	failed  []uint32
}

func (l vantageView) share() float64 { return float64(len(l.fails)) / float64(max(1, l.seen)) }

// updateTrust sets how far each vantage's failures may be believed, for each window.
func (e *Engine) updateTrust() {
	n := len(e.vantages.rows)
	if n == 0 {
		return
	}
	all := make([][windows]vantageView, n)
	for _, id := range e.active {
		if e.s.changes[id]&quiescent == 0 {
			e.fileChecks(id, all)
		}
	}
	if slices.ContainsFunc(all, doubted) { // only then does it matter who is seen well
		for _, id := range e.active {
			if e.s.changes[id]&quiescent != 0 {
				e.fileChecks(id, all)
			}
		}
	}
	for v, row := range e.vantages.rows {
		for w := range windows {
			if now := e.trustIn(all, v, w); now != row.trust[w] {
				row.trust[w] = now
				e.s.trustGen++
			}
		}
		for w := windowOf(sickEdge); w >= 0; w-- {
			if row.trust[w] < sickTrust {
				row.sicken(e.clock-windowMS[w], e.clock)
				e.s.trustGen++ // what failed there since is believed no more, in no window
				break
			}
		}
	}
}

// doubted reports whether enough fails at a vantage to ask whether it is to blame.
func doubted(l [windows]vantageView) bool {
	return slices.ContainsFunc(l[:], func(l vantageView) bool { return len(l.failed) >= sickFailures })
}

// sicken notes that a vantage fails itself, since a time and now.
func (v *vantage) sicken(from, now int64) {
	if n := len(v.Sick); n > 0 && v.Sick[n-1].To >= from-sickGap {
		v.Sick[n-1].From, v.Sick[n-1].To = min(v.Sick[n-1].From, from), now
		return
	}
	if len(v.Sick) == sickSpans {
		v.Sick = slices.Delete(v.Sick, 0, 1)
	}
	v.Sick = append(v.Sick, span{from, now})
}

// sick reports whether a vantage failed itself at a time: what it saw then is no
// evidence, and nothing is learned from it.
func (v *vantage) sick(at int64) bool {
	for _, s := range slices.Backward(v.Sick) {
		if at > s.To {
			return false
		}
		if at >= s.From {
			return true
		}
	}
	return false
}

// sickSince reports whether a vantage has failed itself since a time.
func (v *vantage) sickSince(from int64) bool {
	return len(v.Sick) > 0 && v.Sick[len(v.Sick)-1].To >= from
}

// fileChecks files what each vantage saw of one site. Sites whose failure is already
// explained, and tracks that often fail, say nothing about a vantage.
func (e *Engine) fileChecks(id uint32, all [][windows]vantageView) {
	s := e.sites.rows[id]
	if len(s.Tracks) == 0 {
		return
	}
	var lastFail [2]int64 // the newest, and the newest of another vantage
	var lastBy uint32
	for _, t := range s.Tracks {
		at := t.lastFailure()
		switch {
		case at > lastFail[0]:
			lastFail[1], lastFail[0], lastBy = lastFail[0], at, t.Vantage
		case at > lastFail[1]:
			lastFail[1] = at
		}
	}
	for _, t := range s.Tracks {
		k, m := t.tally(e.clock)
		elsewhere := lastFail[0]
		if lastBy == t.Vantage {
			elsewhere = lastFail[1]
		}
		for w := range windows {
			if m[w] == 0 || t.flaky() {
				continue
			}
			l := &all[t.Vantage][w]
			l.checked++
			if k[w] > 0 {
				l.failed = append(l.failed, id)
			}
			if s.Incident != 0 {
				continue
			}
			l.seen++
			if k[w] == 0 {
				continue
			}
			span := max(windowMS[w], elsewhereSpan)
			if e.clock-elsewhere > span || s.wellElsewhere(t.Vantage, e.clock, span) {
				l.fails = append(l.fails, id)
			}
		}
	}
}

// wellElsewhere reports whether another vantage has checked a site within a span, and
// none of its checks failed.
func (s *site) wellElsewhere(vantage uint32, now, span int64) bool {
	return slices.ContainsFunc(s.Tracks, func(t *track) bool {
		n := len(t.Recent)
		return t.Vantage != vantage && n > 0 && now-t.Recent[n-1].at() <= span && now-t.lastFailure() > span
	})
}

// flaky reports whether a track has often failed before.
func (t *track) flaky() bool { return t.Fail > flakyShare*(t.OK+t.Fail+1) }

// seenBy returns the sites that one vantage checked in one window, as fileChecks
// counts them, with the sites of incidents or without.
func (e *Engine) seenBy(v, w int, held bool) []uint32 {
	var ids []uint32
	for _, id := range e.active {
		s := e.sites.rows[id]
		if s.Incident != 0 && !held {
			continue
		}
		for _, t := range s.Tracks {
			if _, m := t.tally(e.clock); int(t.Vantage) == v && m[w] > 0 && !t.flaky() {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func (t *track) lastFailure() int64 {
	return t.counted().lastFail
}

// trustIn is how far the failures that a vantage saw in a window may be believed, 0 to 1.
//
// Any number of vantages may be sick at a time, so that the one that sees least trouble
// is the measure, and not the others' agreement: two resolvers that lose answers agree
// that everything fails. Where most of all sites fail and no one component holds them,
// the vantage is not believed whatever the others see; if it is so at all of them,
// nothing can be said.
func (e *Engine) trustIn(all [][windows]vantageView, v, w int) float64 {
	own := all[v][w]
	whole := vantageView{seen: own.checked, fails: own.failed}
	if whole.seen >= comparableSites && whole.share() > darkShare && !e.heldByOne(whole, e.seenBy(v, w, true)) {
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
	if excess <= sickShare || e.concentrated(own, e.seenBy(v, w, false)) {
		return 1
	}
	return max(0, 1-(excess-sickShare)/(distrustShare-sickShare))
}

// concentrated reports whether a few components hold most of the failures seen at
// one vantage, while what depends on none of them is well there.
func (e *Engine) concentrated(l vantageView, seen []uint32) bool {
	fails := slices.Clone(l.fails)
	for range explainers {
		c, ok := e.densest(fails, seen)
		if !ok {
			break
		}
		on := func(id uint32) bool { return e.weight(id, c) > 0 }
		fails, seen = slices.DeleteFunc(fails, on), slices.DeleteFunc(seen, on)
	}
	outside := vantageView{seen: len(seen), fails: fails}.share()
	return float64(len(fails)) <= (1-explainedShare)*float64(len(l.fails)) && outside <= outsideShare*l.share()
}

// heldByOne reports whether one component holds most of what fails at a vantage, while
// what does not depend on it is well there.
func (e *Engine) heldByOne(l vantageView, seen []uint32) bool {
	hits, checked := e.tallyComponents(l.fails), e.tallyComponents(seen)
	for _, c := range sortedKeys(hits) {
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
func (e *Engine) densest(fails, seen []uint32) (best uint32, ok bool) {
	hits, looked := e.tallyComponents(fails), e.tallyComponents(seen)
	share, most := vantageView{seen: len(seen), fails: fails}.share(), 1.
	for _, c := range sortedKeys(hits) {
		if excess := float64(hits[c]) - share*float64(looked[c]); hits[c] >= 2 && excess > most {
			best, most, ok = c, excess, true
		}
	}
	return best, ok
}

func (e *Engine) tallyComponents(ids []uint32) map[uint32]int {
	n := map[uint32]int{}
	for _, id := range ids {
		for _, d := range e.sites.rows[id].Deps {
			n[d.C()]++
		}
	}
	return n
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
