package correlate

import (
	"cmp"
	"slices"
	"time"

	"faultline"
)

// What the correlator wants probed now: members of what it suspects, sites that
// fail or are complained of alone, and sites elsewhere to compare with, so that
// a cause is confirmed in seconds and not at the next period. A wish is derived
// from what is known and changes none of it, and that nothing comes of one is no
// evidence: probes count when they arrive, silence is 0.
const (
	wishFor      = 45 * second
	wishRotation = 30 * second // after it others of a component's members have their turn
	wishMembers  = 24          // of one component under suspicion
	wishFollowed = 12          // of one that is confirmed or recovering
	wishControls = 12          // elsewhere, for each component
	wishSites    = 48          // that fail or are complained of alone
	wishFresh    = 10 * minute // so long a confirmed incident is followed closely
)

// Wishes returns what should be probed now, at most [faultline.MaxWishes], each
// site once, the most suspected first.
func (e *Engine) Wishes() []faultline.Wish {
	w := wishlist{e: e, seen: map[uint32]bool{}, until: ms(e.clock + wishFor)}
	for _, in := range e.incidents {
		if n := in.followed(e.clock); n > 0 {
			w.suspect(in.Cause, in.Members, n)
		}
	}
	for _, p := range e.pending {
		if e.clock-p.At <= 2*evalEvery {
			w.suspect(p.Cause, nil, wishMembers)
		}
	}
	w.alone()
	return w.wishes[:min(len(w.wishes), faultline.MaxWishes)]
}

// followed is how many members of an incident are worth a look now.
func (in *incident) followed(now int64) int {
	switch {
	case in.Cause.Kind() == faultline.KindISP:
		return 0 // no probe sees what only its subscribers see
	case in.State == faultline.StateCandidate:
		return wishMembers
	case in.State == faultline.StateRecovering, in.State == faultline.StateConfirmed && now-in.Confirmed < wishFresh:
		return wishFollowed
	}
	return 0
}

type wishlist struct {
	e      *Engine
	wishes []faultline.Wish
	seen   map[uint32]bool
	until  time.Time
}

func (w *wishlist) add(id uint32, why faultline.WishReason, c faultline.Component) bool {
	if w.seen[id] {
		return false
	}
	w.seen[id] = true
	w.wishes = append(w.wishes, faultline.Wish{Site: w.e.sites.rows[id].Name, Reason: why, Component: c, Until: w.until})
	return true
}

// suspect wishes for members of a component, those that fail first, and for
// controls.
func (w *wishlist) suspect(cause faultline.Component, known []member, n int) {
	for _, m := range known[:min(len(known), n/2)] {
		w.add(m.Site, faultline.WishSuspect, cause)
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
		if w.add(id, faultline.WishSuspect, cause) {
			n--
		}
	}
	w.controls(c)
}

// inTurn begins a list elsewhere every half minute, so that a large component is
// looked at all over.
func (e *Engine) inTurn(ids []uint32) []uint32 {
	if len(ids) == 0 {
		return nil
	}
	turn := int(e.clock/wishRotation) * wishMembers % len(ids)
	return slices.Concat(ids[turn:], ids[:turn])
}

// doubtOf is 1 for a site whose evidence speaks of a failure, else 0.
func (e *Engine) doubtOf(id uint32) int {
	if j := e.judgedSite(id); j != nil && slices.Max(j.l[:]) > anomalous {
		return 1
	}
	return 0
}

// controls wishes for sites that stand on something else and are well.
func (w *wishlist) controls(c uint32) {
	n := wishControls
	for _, id := range w.e.inTurn(w.e.s.active) {
		s := w.e.sites.rows[id]
		if n == 0 {
			return
		}
		if s.Mapped && s.Incident == 0 && len(s.Tracks) > 0 && w.e.weight(id, c) == 0 && w.e.doubtOf(id) == 0 &&
			w.add(id, faultline.WishControl, w.e.components.rows[c].Name) {
			n--
		}
	}
}

// alone wishes for sites that fail, or that people complain of, while nothing
// explains it: their probes say whether there is anything to explain.
func (w *wishlist) alone() {
	var doubted []*judged
	for _, at := range w.e.s.stirred {
		j := &w.e.s.judged[at]
		if s := w.e.sites.rows[j.id]; s.Incident == 0 && s.Mapped && slices.Max(j.l[:]) > crowdDown {
			doubted = append(doubted, j)
		}
	}
	slices.SortFunc(doubted, func(a, b *judged) int {
		return cmp.Or(cmp.Compare(slices.Max(b.l[:]), slices.Max(a.l[:])), cmp.Compare(a.id, b.id))
	})
	for _, j := range doubted[:min(len(doubted), wishSites)] {
		w.add(j.id, faultline.WishSuspect, "")
	}
}
