package correlate

import (
	"cmp"
	"math"
	"slices"

	"faultline/correlate/evidence"
)

// The onset is the time that makes what the probes of all failing sites saw
// likeliest: healthy before, then failing more and more over a ramp, as caches
// expire and machines follow one another. Each probe censors it to one side
// (interval-censored change point); the interval holds every time that is at most
// onsetDrop less likely than the best, over all ramps (a profile-likelihood
// interval of 95 %).

// everyNetwork asks for the reports of all networks.
const everyNetwork = -1

// interval is an onset: the earliest, the likeliest and the latest time, in Unix
// milliseconds.
type interval = [onsetTimes]int64

// results counts what the probes that saw a failure saw, by step of time.
type results struct {
	from   int64
	fails  []float64
	oks    []float64
	seen   float64 // share of failures since each track's first one
	share  float64 // of failures once it has begun
	normal float64 // of failures before
}

// against sets what is normal, and with it how many fail once it has begun.
func (r *results) against(normal float64) {
	r.normal = normal
	r.share = min(shareMost, max(2*normal, r.seen, shareLeast))
}

// fitted is an onset, and how much likelier what was seen is with it than without any, in nats.
type fitted struct {
	on interval
	l  nats
}

// onsetOf fits the onset of a set of sites, looking back from detection up to
// now. It reports false when nobody saw any of them fail.
func (e *Engine) onsetOf(ids []uint32, detected int64) (interval, bool) {
	from, to := detected-onsetReach, min(e.clock, detected+onsetFreeze)
	if r, ok := e.resultsOf(ids, from, to); ok {
		on := e.fitTogether(ids, r, from, to).on
		return interval{on[0] - onsetFloor, on[1], on[2] + onsetFloor}, true
	}
	at, normal := e.reportsOf(ids, everyNetwork, from, to)
	return e.crowdOnset(at, normal, from, to)
}

// count adds the results of a track up to a time. It returns how many of them failed, and
// how many came since the first that did. A vantage that could not be trusted then says
// nothing.
func (r *results) count(t *evidence.Track, v *vantage, to, first int64) (failed, after float64) {
	for _, x := range t.Recent {
		if x.At() < r.from || x.At() > to || v.SickAt(x.At()) {
			continue
		}
		step := (x.At() - r.from) / onsetStep
		if x.Failed() {
			r.fails[step]++
			failed++
		} else {
			r.oks[step]++
		}
		if x.At() >= first {
			after++
		}
	}
	return failed, after
}

// resultsOf pools the results of the tracks that saw failures.
func (e *Engine) resultsOf(ids []uint32, from, to int64) (results, bool) {
	steps := (to-from)/onsetStep + 1
	r := results{from: from, fails: make([]float64, steps), oks: make([]float64, steps)}
	var after, before, failed, usual float64
	for _, id := range ids {
		for _, t := range e.sites.rows[id].Tracks {
			v := e.vantages.rows[t.Vantage]
			first := t.FirstFailure(v, from, to)
			// A track that saw no failure does not say when one began.
			if first == 0 || t.Chronic() {
				continue
			}
			usual += evidence.PriorFail + t.Fail
			before += evidence.PriorFail + evidence.PriorOK + t.OK + t.Fail
			f, a := r.count(t, v, to, first)
			failed += f
			after += a
		}
	}
	if failed == 0 {
		return results{}, false
	}
	r.seen = failed / after
	r.against(usual / before)
	return r, true
}

// fit returns the interval and the likeliest time of onset, over the given ramps.
func (r results) fit(ramps []int64) fitted {
	n := len(r.fails)
	best := math.Inf(-1)
	profile := make([]float64, n)
	for i := range profile {
		profile[i] = math.Inf(-1)
	}
	for _, ramp := range ramps {
		spread := int(ramp / onsetStep)
		// ok and fail are the log-likelihoods of one result by steps since onset,
		// against what is normal; from spread on they stay the same.
		ok, fail := make([]float64, spread+1), make([]float64, spread+1)
		for d := range ok {
			part := (float64(d) + 0.5) / (float64(spread) + 0.5)
			p := r.normal + (r.share-r.normal)*min(1, part)
			ok[d], fail[d] = math.Log1p(-p)-math.Log1p(-r.normal), math.Log(p)-math.Log(r.normal)
		}
		// The sum beyond the ramp is carried from one start to the next, so that the fit
		// takes time in proportion to the steps and not to their square.
		settled := 0. // log-likelihood of everything beyond the ramp
		for start := n - 1; start >= 0; start-- {
			if s := start + spread; s < n {
				settled += r.fails[s]*fail[spread] + r.oks[s]*ok[spread]
			}
			l := settled
			for d := range min(spread, n-start) {
				l += r.fails[start+d]*fail[d] + r.oks[start+d]*ok[d]
			}
			profile[start] = max(profile[start], l)
			best = max(best, l)
		}
	}
	lo, hi, first, last := n-1, 0, n-1, 0
	for i, l := range profile {
		if l >= best-onsetDrop {
			lo, hi = min(lo, i), max(hi, i)
		}
		if l >= best-onsetTie {
			first, last = min(first, i), max(last, i)
		}
	}
	at := func(i int) int64 { return r.from + int64(i)*onsetStep }
	return fitted{interval{at(lo), (at(first) + at(last)) / 2, at(hi)}, best}
}

// mark is one observation's say on the change point: what it adds to the
// log-likelihood if the onset came before it rather than after it.
type mark struct {
	at int64
	l  float64
}

// crowdOnset fits the onset of what only people saw: their reports, pooled, as a
// Poisson process whose rate steps up, against the rate that is normal.
func (e *Engine) crowdOnset(at []int64, normal float64, from, to int64) (interval, bool) {
	if len(at) == 0 {
		return interval{}, false
	}
	slices.Sort(at)
	// Half of the reports come after the step in any case, so their rate is that of the outage.
	late := at[len(at)/2:] // after the step for certain, if there is one
	after := float64(len(late)) / max(1, float64(to-late[0])/float64(minute))
	// Who is loud already when the reach begins, as a brigade is, is not what began. Half of the rate
	// since is taken at most, so that an outage of which the beginning is nearly out of reach keeps it.
	early, _ := slices.BinarySearch(at, from+earlyReach)
	normal = max(normal, min(after/2, float64(early)/(float64(earlyReach)/float64(minute))))
	rise := max(2, after/normal)
	var marks []mark
	// Silence counts too: each step without a report makes an earlier onset less likely.
	for t := from; t < to; t += silenceStep {
		marks = append(marks, mark{t, -normal * (rise - 1) * float64(silenceStep) / float64(minute)})
	}
	for _, t := range at {
		marks = append(marks, mark{t, math.Log(rise)})
	}
	on := changePoint(marks, from)
	// People report some time after they notice, so the onset lies before the step in their
	// reports.
	lag := int64(evidence.ReportLag)
	return interval{on[0] - lag - crowdSlack, on[1] - lag, on[2]}, true
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
			// With a network given, only its reports count, and only its share of what is normal is
			// expected of them.
			if h.At >= from && h.At <= to && (network < 0 || int64(h.Network) == network) {
				at = append(at, h.At)
			}
		}
	}
	if network >= 0 {
		normal *= e.shareOf(uint32(network))
	}
	return at, max(normal, evidence.MinRate)
}

// changePoint returns the interval and the likeliest time of the change. Between
// two observations every time is as likely; the middle is taken.
func changePoint(marks []mark, from int64) interval {
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
	return interval{before(lo), (before(best) + marks[best].at) / 2, marks[hi].at}
}
