package correlate

import (
	"cmp"
	"math"
	"slices"
)

// The onset is the change point that makes what the probes of all failing sites
// saw likeliest: healthy before, failing after. Each probe censors it to one side
// (interval-censored change point); the interval holds every time that is at most
// onsetDrop less likely than the best (a profile-likelihood interval of 95 %).

const (
	onsetDrop   = 1.92
	onsetReach  = 20 * minute // before detection
	onsetFreeze = 15 * minute // after detection: then it is final
	onsetFloor  = 5 * second  // probes take time and clocks differ
	// crowdSlack widens an onset that only people saw: they report late.
	crowdSlack = 90 * second
	// silence is the step by which the absence of reports is counted.
	silence = 10 * second
	// everyNetwork asks for the reports of all of them.
	everyNetwork = -1
)

// mark is one observation's say on the change point: what it adds to the
// log-likelihood if the onset came before it rather than after it.
type mark struct {
	at int64
	l  float64
}

// onsetOf fits the onset of a set of sites, looking back from detection up to
// now. It reports false when nobody saw any of them fail.
func (e *Engine) onsetOf(ids []uint32, detected int64) ([3]int64, bool) {
	from, to := detected-onsetReach, min(e.clock, detected+onsetFreeze)
	var marks []mark
	for _, id := range ids {
		for _, t := range e.sites.rows[id].Tracks {
			marks = t.marks(marks, from, to)
		}
	}
	if len(marks) > 0 {
		on := changePoint(marks, from)
		return [3]int64{on[0] - onsetFloor, on[1], on[2] + onsetFloor}, true
	}
	at, normal := e.reportsOf(ids, everyNetwork, from, to)
	return e.crowdOnset(at, normal, from, to)
}

// marks appends what a track that saw failures says of the change point.
func (t *track) marks(marks []mark, from, to int64) []mark {
	first, fails, after := int64(0), 0, 0
	for _, r := range t.Recent {
		if r.at() < from || r.at() > to {
			continue
		}
		if r.failed() {
			fails++
			if first == 0 {
				first = r.at()
			}
		}
		if first != 0 {
			after++
		}
	}
	if fails == 0 {
		return marks
	}
	share := min(0.95, max(0.3, float64(fails)/float64(after)))
	normal := (priorFail + t.Fail) / (priorFail + priorOK + t.OK + t.Fail)
	if normal > chronicFailures {
		return marks
	}
	share = max(share, min(0.95, 2*normal))
	for _, r := range t.Recent {
		if r.at() < from || r.at() > to {
			continue
		}
		l := math.Log1p(-share) - math.Log1p(-normal)
		if r.failed() {
			l = math.Log(share) - math.Log(normal)
		}
		marks = append(marks, mark{r.at(), bounded(l, vantageEpsilon)})
	}
	return marks
}

// crowdOnset fits the onset of what only people saw: their reports, pooled, as a
// Poisson process whose rate steps up, against the rate that is normal.
func (e *Engine) crowdOnset(at []int64, normal float64, from, to int64) ([3]int64, bool) {
	if len(at) == 0 {
		return [3]int64{}, false
	}
	slices.Sort(at)
	late := at[len(at)/2:] // after the step for certain, if there is one
	after := float64(len(late)) / max(1, float64(to-late[0])/float64(minute))
	rise := max(2, after/normal)
	var marks []mark
	for t := from; t < to; t += silence {
		marks = append(marks, mark{t, -normal * (rise - 1) * float64(silence) / float64(minute)})
	}
	for _, t := range at {
		marks = append(marks, mark{t, math.Log(rise)})
	}
	on := changePoint(marks, from)
	lag := int64(reportLag)
	return [3]int64{on[0] - lag - crowdSlack, on[1] - lag, on[2]}, true
}

// reportsOf collects the times of reports of trouble with some sites, of one
// network if not all, and how many a minute are normal.
func (e *Engine) reportsOf(ids []uint32, network int64, from, to int64) (at []int64, normal float64) {
	for _, id := range ids {
		s := e.sites.rows[id]
		if s.Crowd == nil {
			continue
		}
		normal += e.expected(s)
		for _, h := range s.Crowd.Recent {
			if h.At >= from && h.At <= to && h.Code != codeOK && (network < 0 || int64(h.Network) == network) {
				at = append(at, h.At)
			}
		}
	}
	if network >= 0 {
		normal *= e.shareOf(uint32(network))
	}
	return at, max(normal, minRatePerMin)
}

// changePoint returns the interval and the likeliest time of the change. Between
// two observations every time is as likely; the middle is taken.
func changePoint(marks []mark, from int64) [3]int64 {
	slices.SortFunc(marks, func(a, b mark) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.l, b.l))
	})
	// suffix[i] is the log-likelihood of an onset just before marks[i].
	suffix := make([]float64, len(marks)+1)
	for i := len(marks) - 1; i >= 0; i-- {
		suffix[i] = suffix[i+1] + marks[i].l
	}
	best := 0
	for i := range marks {
		if suffix[i] > suffix[best] {
			best = i
		}
	}
	before := func(i int) int64 {
		if i == 0 {
			return from
		}
		return marks[i-1].at
	}
	lo, hi := best, best
	for i := range marks {
		if suffix[i] >= suffix[best]-onsetDrop {
			lo, hi = min(lo, i), max(hi, i)
		}
	}
	return [3]int64{before(lo), (before(best) + marks[best].at) / 2, marks[hi].at}
}
