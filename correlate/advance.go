package correlate

import (
	"slices"
	"time"

	"faultline"
)

// How an incident goes on from one evaluation to the next: its onset is fitted, and it
// passes from candidate to confirmed, recovering and resolved, or is retracted.

// settle brings the state of every held incident up to date.
func (e *Engine) settle() {
	for _, in := range e.incidents {
		if !in.State.Open() && in.holds(e.clock) && e.relapsed(in) {
			e.reopen(in)
		}
		if in.State.Open() && !in.traits().viewers {
			e.recount(in)
		}
	}
	for _, in := range e.incidents {
		if !in.State.Open() {
			continue
		}
		if !in.traits().viewers {
			e.observe(in, in.probed)
		}
		e.attachStatements(in)
		if age := e.clock - in.BasedAt; age <= onsetFreeze && (age <= fitOften || age%fitLater == 0) {
			e.fitOnset(in)
		}
		e.advance(in)
		e.settleMembers(in)
	}
	e.incidents = slices.DeleteFunc(e.incidents, func(in *incident) bool {
		return !in.State.Open() && e.clock-max(in.Resolved, in.Last.UpdatedAt.UnixMilli()) > kept
	})
}

func (e *Engine) fitOnset(in *incident) {
	if in.Adopted.At != 0 {
		return // it began before this fold did: what was published of its onset stands
	}
	if in.Silenced { // readers stop at once, people report later
		in.Onset = in.SilentSince
		e.countSince(in, roundedUp(in.Onset[1]))
		return
	}
	ids := make([]uint32, 0, len(in.Members))
	for _, m := range in.Members {
		if !m.Taken {
			ids = append(ids, m.Site)
		}
	}
	on, ok := e.onsetOf(ids, in.BasedAt)
	if n, isp := e.networks.find(in.Cause.Name()); isp && in.traits().viewers {
		from, to := in.BasedAt-onsetReach, min(e.clock, in.BasedAt+onsetFreeze)
		at, normal := e.reportsOf(ids, int64(n), from, to)
		on, ok = e.crowdOnset(at, normal, from, to)
	}
	if ok {
		in.Onset = on
	}
	e.countSince(in, roundedUp(in.Onset[1]))
}

// roundedUp is a time in whole seconds, as an onset is published.
func roundedUp(at int64) int64 { return ms(at).Round(time.Second).UnixMilli() }

// rebase fits the onset of an incident again around now: its evidence has become of
// another kind, and what it was thought to have begun with may have been something else.
func (e *Engine) rebase(in *incident) {
	if e.clock-in.BasedAt > onsetFreeze {
		in.BasedAt = e.clock
		e.fitOnset(in)
	}
}

// advance moves an incident through its states.
func (e *Engine) advance(in *incident) {
	in.PeakFailing, in.PeakPlaced = max(in.PeakFailing, in.Failing), max(in.PeakPlaced, in.Failing-in.Joined)
	in.PeakFraction = max(in.PeakFraction, in.Fraction)
	since(&in.QuietSince, !in.Silent && float64(in.Failing) <= quietPart*float64(in.PeakFailing), e.clock)
	since(&in.LowSince, !in.Silent && float64(in.Failing) < recoveringPart*float64(in.PeakFailing), e.clock)
	if in.State == faultline.StateCandidate {
		if basis, ok := e.confirms(in); ok {
			in.State, in.Basis, in.Confirmed = faultline.StateConfirmed, basis, e.clock
			e.rebase(in)
		} else if in.QuietSince != 0 && e.clock-in.QuietSince >= retractAfter {
			in.State, in.Resolved = faultline.StateRetracted, e.clock
			e.release(in)
		}
		return
	}
	switch {
	case in.QuietSince != 0 && e.clock-in.QuietSince >= quietFor:
		in.State, in.Resolved = faultline.StateResolved, max(in.Onset[1], in.returned(quietPart, in.LastFail))
		if in.Recovering == 0 || in.Recovering > in.Resolved {
			in.Recovering = in.Resolved
		}
		e.release(in)
		e.forget(in)
	case in.State == faultline.StateConfirmed && in.LowSince != 0 && e.clock-in.LowSince >= recoveringFor:
		in.State, in.Recovering = faultline.StateRecovering, max(in.Onset[1], in.returned(recoveringPart, in.LowSince))
	case in.State == faultline.StateRecovering && float64(in.Failing) >= relapsePart*float64(in.PeakFailing):
		in.State, in.Recovering = faultline.StateConfirmed, 0
	}
	before := in.Basis
	if in.Basis = e.basis(in); before == faultline.BasisReports && in.Basis != before {
		e.rebase(in)
	}
}

// since keeps the time from which a condition has held, 0 while it does not.
func since(at *int64, holds bool, now int64) {
	switch {
	case !holds:
		*at = 0
	case *at == 0:
		*at = now
	}
}

// returned is when all but a part of an incident's sites were back, by when each
// of them was; otherwise, when that is not known.
func (in *incident) returned(but float64, fallback int64) int64 {
	var back []int64
	for _, m := range in.Members {
		if m.Recovered != 0 {
			back = append(back, m.Recovered)
		}
	}
	if len(back) == 0 {
		return fallback
	}
	slices.Sort(back)
	last := len(in.Members) - 1 - int(but*float64(len(in.Members)))
	return back[max(0, min(last, len(back)-1))]
}
