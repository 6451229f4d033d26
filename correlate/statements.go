package correlate

import (
	"cmp"
	"slices"
	"strings"

	"faultline"
)

// statementGrace is how long after an incident's end what its provider says is still of
// it, whatever it says.
const statementGrace = recurrence

// foldStatement gives a statement to the incident that it belongs to, however late it
// arrives: it is shown and never evidence, so that the bound of late evidence is not
// its. An announcement of planned work belongs to none. The incident of its time comes
// before one that it may only lead up to or follow.
func (e *Engine) foldStatement(st faultline.Statement) []faultline.Incident {
	if announces(st.Status) {
		return nil // work that was planned is no outage's statement
	}
	at := st.At.UnixMilli()
	if e.clock != 0 && at > e.clock+futureBound {
		e.counters.Future++
		at = e.clock
	}
	st.At = ms(at)
	for _, when := range []func(*incident) bool{
		// In this order: an edit goes to the incident that has the statement already; then the
		// incident that was open at its time; then any that it may lead up to or follow.
		func(in *incident) bool { return in.said(st) >= 0 },
		func(in *incident) bool { return at >= in.Onset[0] && (in.State.Open() || at <= in.Resolved) },
		func(*incident) bool { return true },
	} {
		var newest *incident // of those that the statement may be of
		for _, in := range slices.Backward(e.incidents) {
			if in.State == faultline.StateMerged || !when(in) || !in.speaksOf(st.Component) {
				continue
			}
			newest = cmp.Or(newest, in)
			near := in.State.Open() || at <= in.Resolved+statementGrace
			if (near || in == newest || in.quotes(st.Source)) && in.takes(st) {
				return e.reviseWords(in)
			}
		}
	}
	if e.clock != 0 && at < e.clock-kept || slices.Contains(e.unattached, st) {
		return nil
	}
	e.unattached = append(e.unattached, st)
	// The oldest goes: an incident that opens now is more likely to be about the newest.
	if len(e.unattached) > maxStatements {
		e.unattached = slices.Delete(e.unattached, 0, 1)
	}
	return nil
}

// attachStatements gives an incident what was said of its cause before it was open.
func (e *Engine) attachStatements(in *incident) {
	e.unattached = slices.DeleteFunc(e.unattached, in.takes)
}

// takes adds a statement to an incident that it speaks of, once, and reports whether it
// does. An edit takes the place of what it edits.
func (in *incident) takes(st faultline.Statement) bool {
	if !in.speaksOf(st.Component) || !in.inTime(st) {
		return false
	}
	said := faultline.SaidStatement{At: st.At, Status: st.Status, Source: st.Source, Text: st.Text}
	if i := in.said(st); i >= 0 {
		in.Statements[i] = said
		return true
	}
	if len(in.Statements) >= maxStatements {
		return false
	}
	in.Statements = append(in.Statements, said)
	slices.SortStableFunc(in.Statements, func(a, b faultline.SaidStatement) int { return a.At.Compare(b.At) })
	return true
}

// said is where a statement or an earlier wording of it stands; -1: nowhere. One source
// says one thing under one title at a time.
func (in *incident) said(st faultline.Statement) int {
	return slices.IndexFunc(in.Statements, func(o faultline.SaidStatement) bool {
		if !o.At.Equal(st.At) || o.Source != st.Source {
			return false
		}
		title := titleOf(st.Text)
		return o.Text == st.Text || title != "" && title == titleOf(o.Text)
	})
}

// titleOf is what stands before the colon of a statement's text; "": it has no title.
func titleOf(text string) string {
	title, _, ok := strings.Cut(text, ": ")
	if !ok {
		return ""
	}
	return title
}

// inTime reports whether a statement speaks of an incident's time: from an hour before its onset to
// half an hour after its end. What is said later is of it if it goes on under a title that the
// source gave it before, or says that it is over where it was never mentioned.
func (in *incident) inTime(st faultline.Statement) bool {
	at := st.At.UnixMilli()
	if at < in.Onset[0]-statementLead {
		return false
	}
	if in.State.Open() || at <= in.Resolved+statementGrace {
		return true
	}
	title, ends := titleOf(st.Text), declaresEnd(st.Status)
	for _, o := range in.Statements {
		if o.Source != st.Source {
			continue
		}
		of := titleOf(o.Text)
		if title != "" && title == of {
			return true
		}
		ends = ends && of == title && !declaresEnd(o.Status)
	}
	return ends
}

// announces reports whether a statement is about work that was planned.
func announces(status string) bool {
	return slices.Contains([]string{"scheduled", "in_progress", "verifying", "completed"}, status)
}

// declaresEnd reports whether a statement says that its subject is over.
func declaresEnd(status string) bool { return status == "resolved" || status == "postmortem" }

// quotes reports whether a source has mentioned the incident.
func (in *incident) quotes(source string) bool {
	return slices.ContainsFunc(in.Statements, func(o faultline.SaidStatement) bool { return o.Source == source })
}

// speaksOf reports whether a component is the incident's cause, or one that nothing tells
// from it.
func (in *incident) speaksOf(c faultline.Component) bool {
	return in.Cause == c || slices.ContainsFunc(in.Others, func(o other) bool { return o.Component == c && o.Same })
}

// foldCorrection applies the word of a person with the right to correct.
func (e *Engine) foldCorrection(c faultline.Correction) []faultline.Incident {
	for _, in := range e.incidents {
		if in.ID != c.Incident || len(in.Corrections) >= maxStatements {
			continue
		}
		in.Corrections = append(in.Corrections, c)
		if c.State == faultline.StateRetracted && in.State != faultline.StateRetracted {
			in.State = faultline.StateRetracted
			if in.Resolved == 0 {
				in.Resolved = e.clock
			}
			// Its sites are free at once: a new incident may need them.
			e.release(in)
		}
		return e.reviseNow(in)
	}
	return nil
}

// reviseNow makes a revision outside of an evaluation, if the incident has been published at all.
func (e *Engine) reviseNow(in *incident) []faultline.Incident {
	if in.Last.Revision == 0 {
		return nil
	}
	if rev, ok := e.revise(in); ok {
		return []faultline.Incident{rev}
	}
	return nil
}

// reviseWords makes a revision for what a provider says, for an edit too, which changes
// no count.
func (e *Engine) reviseWords(in *incident) []faultline.Incident {
	same := func(a, b faultline.SaidStatement) bool {
		return a.At.Equal(b.At) && a.Status == b.Status && a.Text == b.Text
	}
	if slices.EqualFunc(in.Last.Statements, in.Statements, same) {
		return nil
	}
	// Statements are published at once, and do not wait for the pause between revisions.
	in.LastAt = min(in.LastAt, e.clock-in.pause(e.clock))
	return e.reviseNow(in)
}
