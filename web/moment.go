package web

import (
	"html/template"
	"strconv"
	"time"
	_ "time/tzdata" // zones of readers, wherever this runs
)

// moment is a point in time as a page shows it.
type moment struct {
	ISO   string // for programs: RFC 3339
	Text  string // for people: always with its zone
	Local bool   // the script may put the reader's own time beside it
}

// The forms in which times are written, all in UTC.
type form int

const (
	formMinute form = iota // 15:04 UTC
	formSecond             // 15:04:05 UTC
	formDated              // 2 January 2006, 15:04 UTC
)

// moment writes a time, with that of the reader's zone beside it where the zone
// is known.
func (v *localizer) moment(t time.Time, f form) moment {
	t = t.UTC()
	layout := "15:04"
	if f == formSecond {
		layout = "15:04:05"
	}
	m := moment{ISO: t.Format(time.RFC3339), Text: t.Format(layout) + " UTC"}
	if v.zone != nil {
		m.Text += " (" + t.In(v.zone).Format(layout+" MST") + ")"
	}
	if f == formDated {
		m.Text = v.say("date.dated", "Day", v.day(t), "Time", m.Text)
	}
	return m
}

// near is a moment for the reader's own time, unless a zone was asked for.
func (v *localizer) near(t time.Time, f form) moment {
	m := v.moment(t, f)
	m.Local = v.zone == nil
	return m
}

// day writes a date: 8 June 2021.
func (v *localizer) day(t time.Time) string {
	t = t.UTC()
	return v.say("date.day", "D", strconv.Itoa(t.Day()), "Month", v.months[t.Month()-1], "Y", strconv.Itoa(t.Year()))
}

// month writes a month: June 2021.
func (v *localizer) month(t time.Time) string {
	return v.say("date.month", "Month", v.months[t.UTC().Month()-1], "Y", strconv.Itoa(t.UTC().Year()))
}

// stamp is a moment in markup.
func stamp(m moment) template.HTML {
	mark := ""
	if m.Local {
		mark = " data-local"
	}
	//nolint:gosec // every value in it is escaped
	return template.HTML(`<time datetime="` + template.HTMLEscapeString(m.ISO) + `"` + mark + `>` +
		template.HTMLEscapeString(m.Text) + `</time>`)
}
