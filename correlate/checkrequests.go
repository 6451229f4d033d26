package correlate

import (
	"cmp"
	"slices"
	"time"

	"faultline"
)

// CheckRequests returns what should be probed now, at most [faultline.MaxCheckRequests], each
// site once, the most suspected first.
func (e *Engine) CheckRequests() []faultline.CheckRequest {
	w := requestList{e: e, seen: map[uint32]bool{}, until: ms(e.clock + requestFor)}
	for _, in := range e.incidents {
		if n := in.followed(e.clock); n > 0 {
			w.suspects(in.Cause, in.Members, n)
		}
	}
	for _, p := range e.pending {
		if e.clock-p.At <= 2*evalEvery {
			w.suspects(p.Cause, nil, requestMembers)
		}
	}
	w.alone()
	return w.requests[:min(len(w.requests), faultline.MaxCheckRequests)]
}

// followed is how many members of an incident are worth a check now.
func (in *incident) followed(now int64) int {
	switch {
	case in.traits().viewers:
		return 0 // no probe sees what only its subscribers see
	case in.State == faultline.StateCandidate:
		return requestMembers
	case in.State == faultline.StateRecovering, in.State == faultline.StateConfirmed && now-in.Confirmed < requestFresh:
		return requestFollowed
	}
	return 0
}

// requestList collects the requests of one evaluation; each site is asked for once, by the
// first reason.
type requestList struct {
	e        *Engine
	requests []faultline.CheckRequest
	seen     map[uint32]bool
	until    time.Time
}

// add asks for a check of a site, and reports false if one is asked for already.
func (w *requestList) add(id uint32, why faultline.CheckReason, c faultline.Component) bool {
	if w.seen[id] {
		return false
	}
	w.seen[id] = true
	w.requests = append(w.requests, faultline.CheckRequest{Site: w.e.sites.rows[id].Name, Reason: why, Component: c,
		Until: w.until})
	return true
}

// suspects asks for checks of members of a component, those that fail first, and for
// controls.
func (w *requestList) suspects(cause faultline.Component, known []member, n int) {
	// Half of the requests go to members that are known to fail, so that their recovery is
	// seen; the rest shows how far the fault goes.
	for _, m := range known[:min(len(known), n/2)] {
		w.add(m.Site, faultline.CheckSuspect, cause)
	}
	c, ok := w.e.components.find(string(cause))
	if !ok {
		return // a site's own fault, or none that has a name: its sites are there
	}
	members := slices.Clone(w.e.components.rows[c].Members)
	if members = w.e.inTurn(members); len(members) == 0 {
		return
	}
	slices.SortStableFunc(members, func(a, b uint32) int { return cmp.Compare(w.e.doubtOf(b), w.e.doubtOf(a)) })
	for _, id := range members {
		if n == 0 {
			break
		}
		if w.add(id, faultline.CheckSuspect, cause) {
			n--
		}
	}
	// After the suspects: the list is bounded, and what may fail comes first.
	w.controls(c)
}

// inTurn begins a list elsewhere every half minute, so that a large component is
// looked at all over.
func (e *Engine) inTurn(ids []uint32) []uint32 {
	if len(ids) == 0 {
		return nil
	}
	turn := int(e.clock/requestRotation) * requestMembers % len(ids)
	return slices.Concat(ids[turn:], ids[:turn])
}

// doubtOf is 1 for a site whose evidence speaks of a failure, else 0.
func (e *Engine) doubtOf(id uint32) int {
	if j := e.evidenceOf(id); j != nil && slices.Max(j.L[:]) > anomalous {
		return 1
	}
	return 0
}

// controls asks for checks of sites that depend on something else and are well. Without
// them a vantage that loses its connection would look like an outage of everything.
func (w *requestList) controls(c uint32) {
	n := requestControls
	for _, id := range w.e.inTurn(w.e.active) {
		s := w.e.sites.rows[id]
		if n == 0 {
			return
		}
		if s.Mapped && s.Incident == 0 && len(s.Tracks) > 0 && w.e.weight(id, c) == 0 && w.e.doubtOf(id) == 0 &&
			w.add(id, faultline.CheckControl, w.e.components.rows[c].Name) {
			n--
		}
	}
}

// alone asks for checks of sites that fail, or that people complain of, while nothing
// explains it: their probes say whether there is anything to explain.
func (w *requestList) alone() {
	var doubted []*siteEvidence
	for _, at := range w.e.s.unsettled {
		j := &w.e.s.evidence[at]
		if s := w.e.sites.rows[j.id]; s.Incident == 0 && s.Mapped && slices.Max(j.L[:]) > crowdDown {
			doubted = append(doubted, j)
		}
	}
	slices.SortFunc(doubted, func(a, b *siteEvidence) int {
		return cmp.Or(cmp.Compare(slices.Max(b.L[:]), slices.Max(a.L[:])), cmp.Compare(a.id, b.id))
	})
	for _, j := range doubted[:min(len(doubted), requestAlone)] {
		w.add(j.id, faultline.CheckSuspect, "")
	}
}
