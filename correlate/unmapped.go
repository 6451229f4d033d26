package correlate

import (
	"slices"

	"faultline"
	"faultline/correlate/cause"
)

// unattributed is the cause of sites that share nothing known.
const unattributed faultline.Component = ""

// unmappedName stands for it where an empty cause means that there is none.
const unmappedName faultline.Component = "nameless"

// trackUnmapped opens or refreshes the incident of sites that fail together
// because of something that no map names.
func (e *Engine) trackUnmapped(t cause.Unmapped, causes []cause.Cause) {
	if len(t.Sites) == 0 {
		return
	}
	in := e.youngUnattributed()
	if in == nil {
		if in = e.overlapping(t.Sites, causes); in != nil && !e.dropName(in, t) {
			return
		}
	}
	if in == nil {
		if e.unheldProbed(t) < clusterSites || !e.failingNow(unattributed, t.Sites) ||
			!e.persists(unmappedName, t.Gain) {
			return
		}
		in = e.open(unattributed, t.Gain)
		e.absorb(in, t.Sites)
	}
	in.LogOdds, in.PeakOdds, in.RenameTo = t.Gain, max(in.PeakOdds, t.Gain), ""
	if t.Lead >= renameOdds {
		e.takeOver(in, t.Sites, causes)
	}
	e.enlistAll(in, t.Sites, t.Window, false)
}

// takeOver merges the young incidents that began with one, and whose cause is not
// found any more as it is one of its own sites that most of theirs are, into it: what
// fell first may depend on a part of what fails.
func (e *Engine) takeOver(in *incident, sites []uint32, causes []cause.Cause) {
	for _, o := range e.incidents {
		apart := in.Onset[1] - o.Onset[1]
		if o == in || !o.young(e.clock) || max(apart, -apart) > adoptWithin || e.amongCauses(o, causes) {
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

// amongCauses reports whether the cause of an incident is among those that were found.
func (e *Engine) amongCauses(in *incident, causes []cause.Cause) bool {
	return slices.ContainsFunc(causes,
		func(f cause.Cause) bool { return e.components.rows[f.Component].Name == in.Cause })
}

// youngUnattributed is the newest incident without a cause that may still get one, nil if
// there is none.
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
func (e *Engine) dropName(in *incident, t cause.Unmapped) bool {
	switch {
	case t.Lead < renameOdds:
		return false
	case in.RenameTo != unmappedName:
		in.RenameTo = unmappedName
		return false
	}
	in.Cause, in.Others, in.PeakOdds = unattributed, nil, t.Gain
	return true
}

// unheldProbed counts the sites, those of one owner once, whose probes fail and that no
// incident of more than one site holds.
func (e *Engine) unheldProbed(t cause.Unmapped) int {
	var free []uint32
	for _, id := range t.Sites {
		if o := e.sites.rows[id].Incident; o != 0 && !e.incident(o).traits().Own {
			continue
		}
		if e.evidenceOf(id).probes[t.Window] > failed {
			free = append(free, id)
		}
	}
	return e.distinctOwners(free)
}
