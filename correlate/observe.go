package correlate

import (
	"faultline/correlate/evidence"
)

// How many sites an incident's cause could have taken down, and how many fail elsewhere:
// the denominators beside which an incident's failing sites are published.

// watched counts the active sites that something can be said of.
type watched struct {
	probed   int
	reported int // probed, or people speak of it
	failing  int // by their probes
}

func (w *watched) add(j *siteEvidence) {
	if j.Probed {
		w.probed++
	}
	if j.Probed || j.hasReports() {
		w.reported++
	}
	if j.fails() {
		w.failing++
	}
}

// found notes that an incident found a site of its own failing, or not.
func (w *watched) found(j *siteEvidence, down bool) {
	before := j.fails()
	j.down = down
	switch after := j.fails(); {
	case after && !before:
		w.failing++
	case before && !after:
		w.failing--
	}
}

// hasReports reports whether people's reports say anything of a site, fails whether its
// probes say that it fails: to the incident that it belongs to, if it does.
func (j *siteEvidence) hasReports() bool { return j.crowd[evidence.WindowOf(agreeSpan)] != 0 }
func (j *siteEvidence) fails() bool {
	if j.bound {
		return j.Probed && j.down
	}
	return j.Probed && j.probes[evidence.WindowOf(trustSpan)] > failed
}

// observe counts the sites that the cause could have taken down, and the rest.
func (e *Engine) observe(in *incident, probed bool) {
	all := e.s.watched
	in.ElsewhereFailing, in.ElsewhereObserved = all.failing, all.probed
	if !probed {
		in.ElsewhereObserved = all.reported
	}
	watches := func(j *siteEvidence) bool { return j.Probed || !probed && j.hasReports() }
	notElsewhere := func(j *siteEvidence) {
		if watches(j) {
			in.ElsewhereObserved--
		}
		if j.fails() {
			in.ElsewhereFailing--
		}
	}
	own := func(j *siteEvidence) {
		if watches(j) || e.sites.rows[j.id].Incident == in.Ordinal {
			in.Observed++
		}
		notElsewhere(j)
	}
	c, ok := e.components.find(string(in.Cause))
	if ok {
		for _, on := range e.dependentsOf(c) {
			if on.Weight > 0 {
				own(&e.s.evidence[on.Site])
			}
		}
	}
	for _, o := range e.incidents {
		for _, m := range o.Members {
			at := e.s.place(m.Site)
			if e.sites.rows[m.Site].Incident != o.Ordinal || at < 0 || ok && e.weight(m.Site, c) > 0 {
				continue
			}
			if j := &e.s.evidence[at]; o == in && !m.Joined {
				own(j)
			} else {
				notElsewhere(j) // it failed with these, or another open incident explains it
			}
		}
	}
	in.Fraction = 0
	if in.Observed > 0 {
		in.Fraction = float64(in.Failing-in.Joined) / float64(in.Observed)
	}
}
