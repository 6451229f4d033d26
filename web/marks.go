package web

import (
	"cmp"
	"slices"
	"time"

	"faultline"
)

// statementsMarked is how many statements of a provider are marked.
const statementsMarked = 6

// marksOf lists what happened in an incident, in order of time, and places it
// in the chart.
func (v *voice) marksOf(inc *faultline.Incident, s span, drawn bool) []mark {
	marks := v.happened(inc)
	ends := [markRows]float64{-1, -1, -1}
	for i := range marks {
		m := &marks[i]
		m.N = i + 1
		if !drawn || m.at.After(s.to) {
			continue
		}
		x := s.x(m.at)
		m.X, m.Drawn = percentage(x), true
		m.Row = markRows - 1
		for row, end := range ends {
			if x-end >= markEvery {
				m.Row = row
				break
			}
		}
		ends[m.Row] = x
		m.Y = m.Row*rowHeight + rowHeight/2
	}
	return marks
}

// happened lists the events of an incident's life.
func (v *voice) happened(inc *faultline.Incident) []mark {
	type event struct {
		at         time.Time
		kind, text string
	}
	events := []event{{inc.Onset.At, "onset", v.say("mark.began")}}
	if inc.ConfirmedAt == nil || inc.ConfirmedAt.Sub(inc.DetectedAt) > 5*time.Second {
		events = append(events, event{inc.DetectedAt, "said", v.say("mark.noticed")})
	}
	if inc.ConfirmedAt != nil {
		events = append(events, event{*inc.ConfirmedAt, "said", v.say("mark.confirmed")})
	}
	for i, st := range inc.Statements {
		if i == statementsMarked {
			break
		}
		who := v.say("provider.unnamed")
		if inc.Cause != nil {
			who = inc.Cause.Name
		}
		events = append(events, event{st.At, "said", v.say("mark.said", "Who", who, "Status", statusWords(st.Status))})
	}
	if inc.RecoveringAt != nil {
		events = append(events, event{*inc.RecoveringAt, "recovering", v.say("mark.recovering")})
	}
	if inc.ResolvedAt != nil && inc.ConfirmedAt != nil {
		events = append(events, event{*inc.ResolvedAt, "resolved", v.say("mark.over")})
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	marks := make([]mark, len(events))
	for i, e := range events {
		marks[i] = mark{at: e.at, Kind: e.kind, Text: e.text, When: v.moment(e.at, formSecond)}
		if e.kind != "onset" {
			marks[i].Lag = v.lag(e.at.Sub(inc.Onset.At))
		}
	}
	return marks
}

// lag says how long after the onset something was.
func (v *voice) lag(d time.Duration) string {
	if d < 0 {
		return v.say("lag.before", "Lasting", v.lasting(-d))
	}
	return v.say("lag.after", "Lasting", v.lasting(d))
}

// statusWords writes a provider's word for where it is, as it stands: it is
// theirs. Underscores are those of machines.
func statusWords(status string) string {
	words := []rune(status)
	for i, r := range words {
		if r == '_' {
			words[i] = ' '
		}
	}
	return string(words)
}
