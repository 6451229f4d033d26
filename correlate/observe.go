package correlate

import (
	"faultline/correlate/evidence"
)

// How many sites an incident's cause could have taken down, and how many fail elsewhere:
// the denominators beside which an incident's failing sites are published.

// watched counts the active sites of which something can be said, over all incidents. It is
// kept up as sites are weighed and as incidents find their members failing or well, because
// counting them again for each incident would go over every site for each.
type watched struct {
	probed   int
	reported int // probed, or people speak of it
	failing  int // by their probes
}

// add counts a site that was just weighed.
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
	// Before and after, and not the state alone: a site that was counted as failing must be
	// taken out of the count once.
	before := j.fails()
	j.down = down
	switch after := j.fails(); {
	case after && !before:
		w.failing++
	case before && !after:
		w.failing--
	}
}

// hasReports reports whether people's reports say anything of a site, for a failure or
// against it.
func (j *siteEvidence) hasReports() bool { return j.crowd[evidence.WindowOf(agreeSpan)] != 0 }

// fails reports whether a site counts as failing: as the incident found it to which it
// belongs, or else by its probes in the window of trust. Without probes it never does,
// since these counts are published as what was measured.
func (j *siteEvidence) fails() bool {
	if j.bound {
		return j.Probed && j.down
	}
	return j.Probed && j.probes[evidence.WindowOf(trustSpan)] > failed
}

// observe counts the sites that the cause could have taken down, and the rest. With probes
// only probed sites are counted; an incident that nothing probes is measured by the sites
// that people report. The two are never mixed, since a share of probed sites and one of
// reported sites say different things.
func (e *Engine) observe(in *incident, probed bool) {
	// Everything counts as elsewhere first. What belongs to this incident or to another
	// open one is then taken off, which visits the members alone instead of all sites.
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
			// Joined sites belong to neither side: the cause may have taken them down, but
			// our list does not say so.
			if j := &e.s.evidence[at]; o == in && !m.Joined {
				own(j)
			} else {
				notElsewhere(j) // it failed with these, or another open incident explains it
			}
		}
	}
	in.Fraction = 0
	if in.Observed > 0 {
		// Joined sites are not among those observed, so that they must not be in the
		// numerator either; with them the share could pass 1.
		in.Fraction = float64(in.Failing-in.Joined) / float64(in.Observed)
	}
}
