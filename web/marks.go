package web

import (
	"cmp"
	"slices"
	"time"
	"unicode/utf8"

	"faultline"
)

// statementsMarked is how many statements of a provider are marked in a chart; the page lists
// all.
const statementsMarked = 6

// marksOf lists what happened in an incident, in order of time, and places it in the chart.
// Where no chart is drawn, or something happened after its end, the mark is an item of the
// list alone.
func (v *localizer) marksOf(inc *faultline.Incident, s span, drawn bool) []mark {
	marks := v.happened(inc)
	var rows [markRows]float64 // how far each row of labels is taken, in pixels
	for i := range marks {
		m := &marks[i]
		if !drawn || m.at.After(s.to) {
			m.Label = ""
			continue
		}
		m.x = s.x(m.at)
		m.X, m.Drawn = percentage(m.x), true
		m.place(&rows)
	}
	return marks
}

// place finds room for a mark's label: beside its line, in the first row where it fits on a
// phone. rows holds for each row how far it is taken, in pixels of labelPlot. Without room
// the mark is a line and an item of the list.
func (m *mark) place(rows *[markRows]float64) {
	wide := labelLetter * float64(utf8.RuneCountInString(m.Label))
	from := m.x*labelPlot + labelGap/2
	m.Anchor, m.DX = "start", labelGap/2
	if from+wide > labelPlot {
		m.Anchor, m.DX = "end", -labelGap/2
		from = m.x*labelPlot - labelGap/2 - wide
	}
	for row, taken := range rows {
		if from >= taken {
			m.Row, rows[row] = row, from+wide+labelGap
			m.Y = (row + 1) * rowHeight
			return
		}
	}
	m.Label, m.Row, m.Y = "", markRows-1, markRows*rowHeight
}

// happened lists the events of an incident's life: onset, detection, confirmation,
// statements, recovery and end. Detection is left out where confirmation followed within five
// seconds, since the two labels would stand on each other and say the same.
func (v *localizer) happened(inc *faultline.Incident) []mark {
	marks := []mark{{at: inc.Onset.At, Kind: "onset", Text: v.say("mark.began"), Label: v.onsetLabel(inc.Onset)}}
	add := func(at time.Time, kind, text, label string, args ...any) {
		args = append(args, "Lag", v.lasting(at.Sub(inc.Onset.At)))
		marks = append(marks, mark{at: at, Kind: kind, Text: text, Label: v.say(label, args...)})
	}
	if inc.ConfirmedAt == nil || inc.ConfirmedAt.Sub(inc.DetectedAt) > 5*time.Second {
		add(inc.DetectedAt, "said", v.say("mark.noticed"), "mark.label_noticed")
	}
	if inc.ConfirmedAt != nil {
		add(*inc.ConfirmedAt, "said", v.say("mark.confirmed"), "mark.label_confirmed")
	}
	who := v.say("provider.unnamed")
	if inc.Cause != nil {
		who = inc.Cause.Name
	}
	for i, st := range inc.Statements[:min(len(inc.Statements), statementsMarked)] {
		label := "mark.label_said"
		if i == 0 && slices.Contains(admissions, st.Status) && st.At.After(inc.Onset.At) {
			label = "mark.label_admits"
		}
		status := statusWords(st.Status)
		add(st.At, "said", v.say("mark.said", "Who", who, "Status", status), label, "Who", who, "Status", status)
	}
	if inc.RecoveringAt != nil {
		add(*inc.RecoveringAt, "recovering", v.say("mark.recovering"), "mark.label_recovering")
	}
	if inc.ResolvedAt != nil && inc.ConfirmedAt != nil {
		add(*inc.ResolvedAt, "resolved", v.say("mark.over"), "mark.label_over")
	}
	slices.SortStableFunc(marks, func(a, b mark) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	for i := range marks {
		m := &marks[i]
		m.When = v.moment(m.at, formSecond)
		if m.Kind != "onset" {
			m.Lag = v.lag(m.at.Sub(inc.Onset.At))
		}
	}
	return marks
}

// admissions are words of status pages by which a provider says that something is wrong.
var admissions = []string{"investigating", "identified", "monitoring"}

// onsetLabel says when it began, as the interval that the band shows.
func (v *localizer) onsetLabel(o faultline.Onset) string {
	from, to, form := onsetEnds(o)
	if !from.Before(to) {
		return v.say("mark.label_began", "Time", faultline.Minute(o.At).Format("15:04"))
	}
	return v.say("mark.label_began_between", "From", from.Format(form), "To", to.Format(form))
}

// onsetEnds are the ends of an onset's interval, rounded outwards to seconds, and the layout
// in which they are written. An interval of more than ten minutes is written to the minute.
func onsetEnds(o faultline.Onset) (from, to time.Time, form string) {
	from, to = o.Earliest.UTC().Truncate(time.Second), o.Latest.UTC().Add(time.Second-1).Truncate(time.Second)
	if to.Sub(from) > 10*time.Minute {
		return from, to, "15:04"
	}
	return from, to, "15:04:05"
}

// lag says how long after the onset something was, or before it.
func (v *localizer) lag(d time.Duration) string {
	if d < 0 {
		return v.say("lag.before", "Lasting", v.lasting(-d))
	}
	return v.say("lag.after", "Lasting", v.lasting(d))
}

// statusWords writes the state in which a status page has an incident, as the provider writes
// it ("identified"). It is not translated, because it is a quotation; underscores become
// spaces.
func statusWords(status string) string {
	words := []rune(status)
	for i, r := range words {
		if r == '_' {
			words[i] = ' '
		}
	}
	return string(words)
}
