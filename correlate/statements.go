package correlate

import (
	"slices"

	"faultline"
)

func (e *Engine) foldStatement(st faultline.Statement) []faultline.Incident {
	at, ok := e.admit(st.At)
	if !ok {
		return nil
	}
	st.At = ms(at)
	for _, in := range slices.Backward(e.incidents) {
		if in.State != faultline.StateMerged && in.takes(st) {
			return e.reviseNow(in)
		}
	}
	e.unattached = append(e.unattached, st)
	if len(e.unattached) > maxStatements {
		e.unattached = slices.Delete(e.unattached, 0, 1)
	}
	return nil
}

// attachStatements gives an incident what was said of its cause before it was open.
func (e *Engine) attachStatements(in *incident) {
	e.unattached = slices.DeleteFunc(e.unattached, in.takes)
}

// takes adds a statement to an incident that it speaks of, once, and reports
// whether it does.
func (in *incident) takes(st faultline.Statement) bool {
	if !in.speaksOf(st.Component) || st.At.UnixMilli() < in.Onset[0]-statementLead || len(in.Statements) >= maxStatements {
		return false
	}
	said := faultline.SaidStatement{At: st.At, Status: st.Status, Source: st.Source, Text: st.Text}
	if !slices.ContainsFunc(in.Statements, func(o faultline.SaidStatement) bool {
		return o.At.Equal(said.At) && o.Source == said.Source && o.Text == said.Text
	}) {
		in.Statements = append(in.Statements, said)
		slices.SortStableFunc(in.Statements, func(a, b faultline.SaidStatement) int { return a.At.Compare(b.At) })
	}
	return true
}

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
			e.release(in)
		}
		return e.reviseNow(in)
	}
	return nil
}

// reviseNow makes a revision outside of an evaluation, if the incident has been
// told at all.
func (e *Engine) reviseNow(in *incident) []faultline.Incident {
	if in.Last.Revision == 0 {
		return nil
	}
	if rev, ok := e.revise(in); ok {
		return []faultline.Incident{rev}
	}
	return nil
}
