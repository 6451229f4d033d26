package correlate

import (
	"slices"
	"time"

	"faultline"
)

// How an incident goes on from one evaluation to the next: its onset is fitted, and it
// passes from candidate to confirmed, recovering and resolved, or is retracted.

// settle brings the state of every held incident up to date.
// Every open incident is counted before any is moved on: what one of them holds is taken
// off the counts of the others, and an incident must not be judged by counts of which half
// are old.
func (e *Engine) settle() {
	for _, in := range e.incidents {
		// The same fault again within half an hour goes on under the same id. Readers and
		// webhooks would otherwise see a second outage.
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
		// Fitting is the most expensive step, and new results move the onset less and less:
		// often at first, each minute later, and never again after onsetFreeze, from when
		// on the published onset is final.
		if age := e.clock - in.BasedAt; age <= onsetFreeze && (age <= fitOften || age%fitLater == 0) {
			e.fitOnset(in)
		}
		e.advance(in)
		e.settleMembers(in)
	}
	// Final incidents stay for a day, because statements and corrections come late. Without
	// the limit the state, and each checkpoint of it, would grow with the age of the log.
	e.incidents = slices.DeleteFunc(e.incidents, func(in *incident) bool {
		return !in.State.Open() && e.clock-max(in.Resolved, in.Last.UpdatedAt.UnixMilli()) > kept
	})
}

// fitOnset works out again when an incident began, and counts its evidence from then on.
// What it is fitted to depends on who saw it: readers' silence, the probes and reports of
// its members, or the reports of one network.
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
		// A site that came from another incident began to fail with that one.
		if !m.Taken {
			ids = append(ids, m.Site)
		}
	}
	on, ok := e.onsetOf(ids, in.BasedAt)
	// Only that network's people count: the sites are well, so that other people's reports
	// of them belong to something else.
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

// roundedUp is a time in whole seconds, as an onset is published. Evidence is counted from
// the same second, or the published counts would not be those since the published onset.
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
	// The peaks only grow. All limits below are parts of a peak, so that they do not sink
	// while the incident shrinks.
	in.PeakFailing, in.PeakPlaced = max(in.PeakFailing, in.Failing), max(in.PeakPlaced, in.Failing-in.Joined)
	in.PeakFraction = max(in.PeakFraction, in.Fraction)
	// While a network's readers are silent its incident goes on, even if nobody there can
	// report any more.
	since(&in.QuietSince, !in.Silent && float64(in.Failing) <= quietPart*float64(in.PeakFailing), e.clock)
	since(&in.LowSince, !in.Silent && float64(in.Failing) < recoveringPart*float64(in.PeakFailing), e.clock)
	if in.State == faultline.StateCandidate {
		if basis, ok := e.confirms(in); ok {
			in.State, in.Basis, in.Confirmed = faultline.StateConfirmed, basis, e.clock
			e.rebase(in)
			// It was never confirmed, so that it is withdrawn and not resolved: readers must be
			// able to tell an outage that ended from a suspicion that came to nothing.
		} else if in.QuietSince != 0 && e.clock-in.QuietSince >= retractAfter {
			in.State, in.Resolved = faultline.StateRetracted, e.clock
			e.release(in)
		}
		return
	}
	switch {
	// Resolved is when the sites were back, and not ten minutes later when that was
	// certain.
	case in.QuietSince != 0 && e.clock-in.QuietSince >= quietFor:
		in.State, in.Resolved = faultline.StateResolved, max(in.Onset[1], in.returned(quietPart, in.LastFail))
		// An incident that ended at once was never seen recovering; the times that are
		// published must ascend.
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
	// An incident that people confirmed and that probes see now was dated by people, who
	// report late. It is dated again by the probes.
	before := in.Basis
	if in.Basis = e.basis(in); before == faultline.BasisReports && in.Basis != before {
		e.rebase(in)
	}
}

// since keeps the time from which a condition has held, 0 while it does not. A condition
// that fails once begins again from nothing: ten quiet minutes are ten in a row.
func since(at *int64, holds bool, now int64) {
	switch {
	case !holds:
		*at = 0
	case *at == 0:
		*at = now
	}
}

// returned is when all but a part of an incident's sites were back, in Unix milliseconds,
// by when each of them was; fallback if that is known of none. The part is left out because
// a few sites that stay down for reasons of their own would otherwise set the end.
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
