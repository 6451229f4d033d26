package correlate

import (
	"cmp"
	"slices"
)

// A vantage is a component too. When sites that have nothing in common fail at
// one vantage and nowhere else, it is the vantage that fails, and it loses its
// voice for the windows in which it does. When the failures at one vantage have a
// component in common, as in a regional outage, it keeps it.

const (
	sickFailures = 5    // fewer failures prove nothing against a vantage
	sickShare    = 0.05 // above this share of unexplained failures doubt begins
	muteShare    = 0.3  // from here on nothing that it says counts
	aloneShare   = 0.6  // where no other vantage is there to compare with
	comparable   = 10   // sites that a vantage must have looked at to be compared with
	// A component takes failures over from a vantage when it fails at least so
	// many times as often as the rest there; components together must take over
	// so much of them.
	concentration  = 2.0
	explainedShare = 0.6
	explainers     = 3
)

// looks is what one vantage saw in one window.
type looks struct {
	seen  int
	fails []uint32 // sites that failed there and, as far as known, nowhere else
}

// voices sets how far each vantage's failures may be believed, for each window.
func (e *Engine) voices() {
	n := len(e.vantages.rows)
	if n == 0 {
		return
	}
	all := make([][windows]looks, n)
	for _, id := range e.s.active {
		e.lookAt(id, all)
	}
	for v, row := range e.vantages.rows {
		for w := range windows {
			row.voice[w] = e.voice(all, v, w)
		}
	}
}

// lookAt files what each vantage saw of one site. Sites whose failure is already
// explained, and tracks that often fail, say nothing about a vantage.
func (e *Engine) lookAt(id uint32, all [][windows]looks) {
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
		flaky := t.Fail > 0.2*(t.OK+t.Fail+1)
		elsewhere := lastFail[0]
		if lastBy == t.Vantage {
			elsewhere = lastFail[1]
		}
		for w := range windows {
			if m[w] == 0 || flaky {
				continue
			}
			l := &all[t.Vantage][w]
			l.seen++
			if k[w] > 0 && e.clock-elsewhere > max(windowMS[w], 2*minute) {
				l.fails = append(l.fails, id)
			}
		}
	}
}

func (t *track) lastFailure() int64 {
	for i := len(t.Recent) - 1; i >= 0; i-- {
		if t.Recent[i].failed() {
			return t.Recent[i].at()
		}
	}
	return 0
}

func (e *Engine) voice(all [][windows]looks, v, w int) float64 {
	own := all[v][w]
	if len(own.fails) < sickFailures {
		return 1
	}
	share := float64(len(own.fails)) / float64(own.seen)
	others, compared := 0., false
	for o := range all {
		if l := all[o][w]; o != v && l.seen >= comparable {
			others, compared = max(others, float64(len(l.fails))/float64(l.seen)), true
		}
	}
	if !compared {
		if share > aloneShare {
			return 0
		}
		return 1
	}
	excess := share - others
	if excess <= sickShare || e.concentrated(own, share) {
		return 1
	}
	return max(0, 1-(excess-sickShare)/(muteShare-sickShare))
}

// concentrated reports whether a few components take over most of the failures
// seen at one vantage.
func (e *Engine) concentrated(l looks, share float64) bool {
	left := slices.Clone(l.fails)
	for range explainers {
		hits := map[uint32]int{}
		for _, id := range left {
			for _, d := range e.sites.rows[id].Deps {
				hits[d.C]++
			}
		}
		best, most := uint32(0), 1
		for _, c := range sortedKeys(hits) {
			seen := e.watched(c)
			if hits[c] > most && float64(hits[c]) >= min(0.9, concentration*share)*float64(seen) {
				best, most = c, hits[c]
			}
		}
		if most < 2 {
			break
		}
		left = slices.DeleteFunc(left, func(id uint32) bool {
			return slices.ContainsFunc(e.sites.rows[id].Deps, func(d dep) bool { return d.C == best })
		})
	}
	return float64(len(l.fails)-len(left)) >= explainedShare*float64(len(l.fails))
}

// watched counts the members of a component that probes look at.
func (e *Engine) watched(c uint32) int {
	n := 0
	for _, id := range e.components.rows[c].Members {
		if len(e.sites.rows[id].Tracks) > 0 {
			n++
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
