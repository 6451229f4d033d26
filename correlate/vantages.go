package correlate

import (
	"cmp"
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
	fails []uint32 // those that failed there and, as far as known, nowhere else
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
		if row.trust[windowOf(minute)] < sickTrust {
			row.sicken(e.clock)
		}
	}
}

// doubted reports whether enough fails at a vantage to ask whether it is to blame.
func doubted(l [windows]vantageView) bool {
	return slices.ContainsFunc(l[:], func(l vantageView) bool { return len(l.fails) >= sickFailures })
}

// sicken notes that a vantage fails itself just now.
func (v *vantage) sicken(now int64) {
	from := now - sickEdge
	if n := len(v.Sick); n > 0 && v.Sick[n-1].To >= from {
		v.Sick[n-1].To = now
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

// fileChecks files what each vantage saw of one site. Sites whose failure is already
// explained, and tracks that often fail, say nothing about a vantage.
func (e *Engine) fileChecks(id uint32, all [][windows]vantageView) {
	s := e.sites.rows[id]
	if s.Incident != 0 || len(s.Tracks) == 0 {
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
			l.seen++
			if k[w] > 0 && e.clock-elsewhere > max(windowMS[w], elsewhereSpan) {
				l.fails = append(l.fails, id)
			}
		}
	}
}

// flaky reports whether a track has often failed before.
func (t *track) flaky() bool { return t.Fail > flakyShare*(t.OK+t.Fail+1) }

// seenBy returns the sites that one vantage checked in one window, as fileChecks
// counts them.
func (e *Engine) seenBy(v, w int) []uint32 {
	var ids []uint32
	for _, id := range e.active {
		s := e.sites.rows[id]
		if s.Incident != 0 {
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

func (e *Engine) trustIn(all [][windows]vantageView, v, w int) float64 {
	own := all[v][w]
	if len(own.fails) < sickFailures {
		return 1
	}
	share := own.share()
	others, compared := 0., false
	for o := range all {
		if l := all[o][w]; o != v && l.seen >= comparable {
			others, compared = max(others, l.share()), true
		}
	}
	if !compared {
		if share > aloneShare {
			return 0
		}
		return 1
	}
	excess := share - others
	if excess <= sickShare || e.concentrated(own, e.seenBy(v, w)) {
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
	outside := vantageView{len(seen), fails}.share()
	return float64(len(fails)) <= (1-explainedShare)*float64(len(l.fails)) && outside <= outsideShare*l.share()
}

// densest returns the component with the most failures in excess of what the
// whole would give it.
func (e *Engine) densest(fails, seen []uint32) (best uint32, ok bool) {
	hits, looked := e.tallyComponents(fails), e.tallyComponents(seen)
	share, most := vantageView{len(seen), fails}.share(), 1.
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
