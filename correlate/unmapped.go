package correlate

import (
	"math"
	"slices"

	"faultline"
)

// What fails together may depend on something that no map names. Of so many sites
// some share a provider by chance, and the more popular it is the more of them. So
// what was found is weighed against one thing more that all sites might depend on,
// and yields to it where it explains less.

// unattributed is the cause of sites that share nothing known.
const unattributed faultline.Component = ""

// unmappedName stands for it where an empty cause means that there is none.
const unmappedName faultline.Component = "nameless"

// unmappedCause is sites that fail since one window because of something that no map
// names.
type unmappedCause struct {
	sites []uint32
	w     int
	gain  float64 // log-odds, the prior included
	lead  float64 // how much more it explains than the named causes do
}

// compareUnmapped weighs what was found against something that no map names, and returns
// what is left to the named causes, and to that. Named causes that would not stand
// beside it are as likely at most as all of them are more likely than it.
func (e *Engine) compareUnmapped(causes []found) ([]found, unmappedCause) {
	named := e.total(causes)
	t, kept, all := e.explainUnmapped(causes)
	switch {
	case t.gain > 0 && all > named:
		causes, t.lead = kept, all-named
	default:
		for i := range causes {
			if f := &causes[i]; t.gain > 0 && !slices.ContainsFunc(kept, func(k found) bool { return k.c == f.c }) {
				f.gain = min(f.gain, named-all)
			}
		}
		t = unmappedCause{}
	}
	e.explainAll(causes, -1)
	if t.gain > 0 {
		for _, at := range e.s.unsettled {
			if j := e.evidenceAt(at); j.probed && j.l[t.w] > failed && j.p0 <= explainedFrom {
				t.sites = append(t.sites, j.id)
			}
		}
	}
	return causes, t
}

// explainUnmapped explains what is seen by something that no map names, in the window that
// suits it best, and by those of the causes that have something to say beside it.
func (e *Engine) explainUnmapped(causes []found) (t unmappedCause, kept []found, all float64) {
	best := 0.
	e.explainAll(nil, -1)
	ws := e.windowsToCompare(causes)
	if len(ws) == 0 {
		return t, nil, 0
	}
	quiet := e.sampleQuiescent()
	for _, w := range ws {
		if q, gain := e.weighUnmapped(w, quiet); gain > t.gain {
			t.w, t.gain, best = w, gain, q
		}
	}
	if t.gain <= 0 {
		return t, nil, 0
	}
	e.s.unmappedProb = best
	defer func() { e.s.unmappedProb = 0 }()
	all = t.gain
	for _, f := range causes {
		if _, gain := e.exact(f.c, f.w); gain-e.priorOf(f.c)+e.logPrior() > 0 && e.enoughAttributed(f) {
			all += e.joins(f)
			kept = append(kept, f)
		}
	}
	return t, kept, all
}

// windowsToCompare are those that causes were found in or, if none was, those in
// which many sites fail.
func (e *Engine) windowsToCompare(causes []found) []int {
	var ws []int
	for _, f := range causes {
		ws = append(ws, f.w)
	}
	if len(causes) == 0 {
		for w := range windows {
			if len(e.s.search.rising[w]) >= clusterSites {
				ws = append(ws, w)
			}
		}
	}
	slices.Sort(ws)
	return slices.Compact(ws)
}

// weighUnmapped weighs the hypothesis that all sites depend on one thing more that the
// map does not name, of which a part q fails, the likeliest. To have picked that
// costs half the logarithm of the sites (Schwarz 1978).
func (e *Engine) weighUnmapped(w int, quiet sample) (q, gain float64) {
	seen, fails := 0., 0.
	for _, at := range e.s.search.rising[w] {
		if e.s.evidence[at].saysUnmapped(w) > failed {
			fails++
		}
	}
	if fails < clusterSites {
		return 0, 0
	}
	for _, at := range e.s.unsettled {
		if j := e.evidenceAt(at); j.saysUnmapped(w) != 0 && j.p0 <= explainedFrom {
			seen++
		}
	}
	for _, at := range quiet.sites {
		if j := e.evidenceAt(at); j.saysUnmapped(w) != 0 && j.p0 <= explainedFrom {
			seen += quiet.each
		}
	}
	q, gain = fails/seen, e.logPrior()-unmappedPenalty-math.Log(seen)/2
	for _, at := range e.s.unsettled {
		j := e.evidenceAt(at)
		if l := j.saysUnmapped(w); l > 0 {
			gain += gainAt(q, l, e.backgroundProb(j, w))
		}
	}
	if gain <= 0 {
		return 0, 0 // nor with those that are well, who speak against it
	}
	for _, at := range e.s.unsettled {
		j := e.evidenceAt(at)
		if l := j.saysUnmapped(w); l < 0 {
			gain += gainAt(q, l, e.backgroundProb(j, w))
		}
	}
	for _, at := range quiet.sites {
		j := e.evidenceAt(at)
		if l := j.saysUnmapped(w); l != 0 {
			gain += quiet.each * gainAt(q, l, e.backgroundProb(j, w))
		}
	}
	return q, gain
}

// saysUnmapped is the evidence of a site in a window for or against something that no
// map names. People alone say nothing of that: they could name any sites.
func (j *siteEvidence) saysUnmapped(w int) float64 {
	if !j.probed {
		return 0
	}
	return j.says(w, &unknownKind)
}

// sample is some of the sites of which nothing speaks for a failure, by their place
// in evidence, each of which stands for so many.
type sample struct {
	sites []int32
	each  float64
}

func (e *Engine) sampleQuiescent() sample {
	s, out := &e.s, sample{}
	step := 1 + s.quiescent/healthySample
	n := 0
	for at, id := range e.active {
		if s.changes[id]&quiescent == 0 {
			continue
		}
		if n%step == 0 {
			out.sites = append(out.sites, int32(at))
		}
		n++
	}
	out.each = float64(n) / float64(max(1, len(out.sites)))
	return out
}

// gainAt is what a site adds to siteGains for one q, of a component that is all of a site.
func gainAt(q, l, p0 float64) float64 {
	x := math.Expm1(l)
	return math.Log((1 + (1-(1-p0)*(1-q))*x) / (1 + p0*x))
}

// trackUnmapped opens or refreshes the incident of sites that fail together
// because of something that no map names.
func (e *Engine) trackUnmapped(t unmappedCause, causes []found) {
	if len(t.sites) == 0 {
		return
	}
	in := e.youngUnattributed()
	if in == nil {
		if in = e.overlapping(t.sites, causes); in != nil && !e.dropName(in, t) {
			return
		}
	}
	if in == nil {
		if e.unheldProbed(t) < clusterSites || !e.failingNow(t.sites) || !e.persists(unmappedName, t.gain) {
			return
		}
		in = e.open(unattributed, t.gain)
		e.absorb(in, t.sites)
	}
	in.LogOdds, in.PeakOdds, in.RenameTo = t.gain, max(in.PeakOdds, t.gain), ""
	if t.lead >= renameOdds {
		e.takeOver(in, t.sites, causes)
	}
	e.enlistAll(in, t.sites, t.w, false)
}

// takeOver merges the young incidents that began with one, and whose cause is not
// found any more as it is one of its own sites that most of theirs are, into it: what
// fell first may depend on a part of what fails.
func (e *Engine) takeOver(in *incident, sites []uint32, causes []found) {
	for _, o := range e.incidents {
		if o == in || !o.young(e.clock) || in.Onset[1]-o.Onset[1] > adoptWithin || o.Onset[1]-in.Onset[1] > adoptWithin || slices.ContainsFunc(causes, func(f found) bool { return e.components.rows[f.c].Name == o.Cause }) {
			continue
		}
		same := 0
		for _, m := range o.Members {
			if _, ok := slices.BinarySearch(sites, m.Site); ok {
				same++
			}
		}
		if float64(same) > sameFailures*float64(len(o.Members)) {
			e.merge(o, in)
		}
	}
}

func (e *Engine) youngUnattributed() *incident {
	for _, in := range slices.Backward(e.incidents) {
		if in.Cause == unattributed && in.young(e.clock) {
			return in
		}
	}
	return nil
}

// dropName takes the name off a young incident once what no map names explains
// clearly more, twice in a row.
func (e *Engine) dropName(in *incident, t unmappedCause) bool {
	switch {
	case t.lead < renameOdds:
		return false
	case in.RenameTo != unmappedName:
		in.RenameTo = unmappedName
		return false
	}
	in.Cause, in.Others = unattributed, nil
	return true
}

// unheldProbed counts the sites, those of one owner once, whose probes fail and that no
// incident of more than one site holds.
func (e *Engine) unheldProbed(t unmappedCause) int {
	var free []uint32
	for _, id := range t.sites {
		if o := e.sites.rows[id].Incident; o != 0 && !e.incident(o).traits().own {
			continue
		}
		if e.evidenceOf(id).probes[t.w] > failed {
			free = append(free, id)
		}
	}
	return e.distinctOwners(free)
}
