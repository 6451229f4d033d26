package correlate

import (
	"math"
	"slices"

	"faultline/correlate/evidence"
)

// What few results say of one site that fails by itself. A component has many sites, and a few
// failures of each are enough; a site has those of its vantages alone, and none may be wasted.

// sinceItFails is the evidence of a site failing since the first of its failures in a row at one of
// its vantages, and the window that reaches as far back. Beside windows of fixed lengths, which
// hold successes from before the onset or leave failures out, the few results of a single site
// would say too little: two vantages alone could hardly ever open its incident.
func (e *Engine) sinceItFails(j *siteEvidence, s *site) (best nats, at int) {
	best, at = math.Inf(-1), ownStart
	for _, by := range s.Tracks {
		from := by.FailsSince()
		if from < max(s.Freed, e.clock-evidence.WindowMS[evidence.Windows-1]) ||
			e.vantages.rows[by.Vantage].SickSince(from) {
			continue
		}
		w := max(ownStart, evidence.WindowOf(e.clock-from))
		l := e.peopleOf(j, w)
		for _, t := range s.Tracks {
			v := e.vantages.rows[t.Vantage]
			m, k := t.SeenSince(from, v)
			if m == 0 {
				continue
			}
			x := t.Cautious(k, m)
			if x > 0 {
				x *= v.trust[w]
			}
			l += x
		}
		if l > best {
			best, at = l, w
		}
	}
	return best, at
}

// peopleOf is what people say of a site in a window. Where nobody was ever known to report
// anything, their silence says nothing.
func (e *Engine) peopleOf(j *siteEvidence, w int) nats {
	if e.crowdBase.N == 0 {
		return max(0, j.crowd[w])
	}
	return j.crowd[w]
}

// unanimous reports whether vantages of two networks or more have checked a site since a time, and
// whoever has saw its newest check fail. One chance failure of each of them at one time is
// rarer than two at one vantage.
func (e *Engine) unanimous(s *site, since int64) bool {
	var by []uint32
	for _, t := range s.Tracks {
		n := len(t.Recent)
		if n == 0 || t.Recent[n-1].At() < since {
			continue
		}
		v := e.vantages.rows[t.Vantage]
		if !t.Recent[n-1].Failed() || t.Flaky() || t.Chronic() || v.SickAt(t.Recent[n-1].At()) ||
			v.trust[evidence.WindowOf(trustSpan)] < evidence.SickTrust {
			return false
		}
		if w := e.witnessOf(t.Vantage); !slices.Contains(by, w) {
			by = append(by, w)
		}
	}
	return len(by) >= confirmVantages
}
