package correlate

import (
	"slices"

	"faultline"
	"faultline/correlate/evidence"
)

// A site of a confirmed incident needs a second witness where one could be: if vantages
// that see the incident's other sites fail find this one well, and it fails from one
// network alone, the word of that one vantage makes it no member. Otherwise a single
// vantage that lies could add any site to any true outage.

// dropUnwitnessed lets go of members of a confirmed incident whose failure only one
// network sees, while another one that sees the incident finds them well.
func (e *Engine) dropUnwitnessed(in *incident) {
	if in.Confirmed == 0 || in.traits().Own {
		return
	}
	var felt []uint32
	known := false
	in.Members = slices.DeleteFunc(in.Members, func(m member) bool {
		if m.Witnessed || m.Left {
			return false
		}
		if !known {
			felt, known = e.feltAt(in), true
		}
		// With a single vantage that feels it nobody could contradict.
		if len(felt) < confirmVantages || !e.contradicted(in, m.Site, felt) {
			return false
		}
		e.uncount(in, m)
		return true
	})
}

// noteWitnesses remembers of each member whether two networks have seen it fail: results
// are forgotten.
func (e *Engine) noteWitnesses(in *incident) {
	for i := range in.Members {
		m := &in.Members[i]
		if m.Witnessed {
			continue
		}
		var first *vantage
		for _, t := range e.sites.rows[m.Site].Tracks {
			v := e.vantages.rows[t.Vantage]
			if t.FirstFailure(v, in.Onset[0], e.clock) == 0 {
				continue
			}
			if first != nil && !sameNetwork(first, v) {
				m.Witnessed = true
				break
			}
			first = v
		}
	}
}

// contradicted reports whether a vantage among those that feel an incident, of another
// network than those that see a site fail, has found the site well since the onset.
func (e *Engine) contradicted(in *incident, site uint32, felt []uint32) bool {
	tracks := e.sites.rows[site].Tracks
	for _, t := range tracks {
		n := len(t.Recent)
		if n == 0 || t.Recent[n-1].At() < in.Onset[2] || t.FailuresSince(in.Onset[0]) > 0 ||
			!slices.Contains(felt, t.Vantage) {
			continue
		}
		well := e.vantages.rows[t.Vantage]
		if !slices.ContainsFunc(tracks, func(o *evidence.Track) bool {
			return o.FailuresSince(in.Onset[0]) > 0 && sameNetwork(well, e.vantages.rows[o.Vantage])
		}) {
			return true
		}
	}
	return false
}

// checkedFromSeveral reports whether vantages of several networks check an incident's sites.
// Sites that share nothing and fail at one of them alone then accuse the vantage, whatever
// people say.
func (e *Engine) checkedFromSeveral(in *incident) bool {
	return slices.ContainsFunc(in.Members, func(m member) bool {
		tracks := e.sites.rows[m.Site].Tracks
		return slices.ContainsFunc(tracks, func(t *evidence.Track) bool {
			return !sameNetwork(e.vantages.rows[t.Vantage], e.vantages.rows[tracks[0].Vantage])
		})
	})
}

// sameNetwork reports whether two vantages share a network; one whose network is unknown
// shares it with itself.
func sameNetwork(a, b *vantage) bool {
	return a == b || a.ASN != 0 && a.ASN == b.ASN
}

// settleMembers recounts an incident that has just been confirmed by what confirmed ones ask of
// their members.
func (e *Engine) settleMembers(in *incident) {
	if in.Confirmed == e.clock && in.State == faultline.StateConfirmed && !in.traits().viewers {
		e.recount(in)
		e.observe(in, in.probed)
		in.PeakFailing, in.PeakPlaced = max(in.PeakFailing, in.Failing), max(in.PeakPlaced, in.Failing-in.Joined)
	}
}
