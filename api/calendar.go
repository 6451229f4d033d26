package api

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"faultline"

	"github.com/gin-gonic/gin"
)

const (
	mediaCalendar = "text/calendar; charset=utf-8"
	calendarTime  = "20060102T150405Z"
	// calendarLine is the most bytes of a line before it is folded (RFC 5545, 3.1).
	calendarLine = 75
)

// getCalendar is the feed of incidents as a calendar.
//
// @ID       getCalendar
// @Summary  Incidents and announced maintenance as a calendar
// @Description A calendar to subscribe to (RFC 5545). Each incident is an event from its onset to its end; an open one ends at the time of the answer. The parameter of selects what you depend on, and adds the maintenance that its providers announce.
// @Tags     feeds
// @Produce  text/calendar
// @Success  200 {string} string "RFC 5545"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  503 {object} Problem
// @Router   /feed.ics [get]
func (a *api) getCalendar(c *gin.Context, query url.Values) error {
	return a.writeFeed(c, query, mediaCalendar, "/feed.ics", a.renderCalendar)
}

// calendar writes content lines.
type calendar struct{ bytes.Buffer }

// line writes one line, folded.
func (c *calendar) line(name, value string) {
	text, left := name+":"+value, calendarLine
	for len(text) > left {
		cut := left
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		c.WriteString(text[:cut] + "\r\n ")
		text, left = text[cut:], calendarLine-1
	}
	c.WriteString(text + "\r\n")
}

// calendarText escapes a text (RFC 5545, 3.3.11).
var calendarText = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r", "", "\n", `\n`)

func (a *api) renderCalendar(head feedHead, entries []entryOf) ([]byte, error) {
	var c calendar
	c.line("BEGIN", "VCALENDAR")
	c.line("VERSION", "2.0")
	c.line("PRODID", "-//Faultline//Incidents//EN")
	c.line("CALSCALE", "GREGORIAN")
	c.line("METHOD", "PUBLISH")
	c.line("X-WR-CALNAME", calendarText.Replace(head.title))
	if head.note != "" { // an empty calendar must not read as a quiet one
		c.line("X-WR-CALDESC", calendarText.Replace(head.note))
	}
	c.line("REFRESH-INTERVAL;VALUE=DURATION", "PT5M")
	for _, e := range entries {
		c.incident(e, head.updated)
	}
	for _, m := range a.planned(head.filter) {
		c.maintenance(m)
	}
	c.line("END", "VCALENDAR")
	return c.Bytes(), nil
}

func (c *calendar) incident(e entryOf, asOf time.Time) {
	inc, end, status := e.incident, asOf, "CONFIRMED"
	switch {
	case inc.State == faultline.StateMerged || inc.State == faultline.StateRetracted:
		status = "CANCELLED"
	case inc.ConfirmedAt == nil:
		status = "TENTATIVE"
	}
	if inc.ResolvedAt != nil {
		end = *inc.ResolvedAt
	}
	c.line("BEGIN", "VEVENT")
	c.line("UID", inc.ID+"@faultline")
	c.line("SEQUENCE", fmt.Sprint(inc.Revision))
	c.line("DTSTAMP", inc.UpdatedAt.UTC().Format(calendarTime))
	c.line("DTSTART", inc.Onset.At.UTC().Format(calendarTime))
	c.line("DTEND", later(end, inc.Onset.At.Add(time.Second)).UTC().Format(calendarTime))
	c.line("SUMMARY", calendarText.Replace(e.title))
	c.line("DESCRIPTION", calendarText.Replace(e.text))
	c.line("STATUS", status)
	c.line("TRANSP", "TRANSPARENT") // it keeps nobody busy
	if strings.HasPrefix(e.link, "http") {
		c.line("URL", e.link)
	}
	c.line("END", "VEVENT")
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// planned is the maintenance that concerns a stack, as far as its times are known.
func (a *api) planned(f faultline.Filter) []faultline.Maintenance {
	if len(f.Of) == 0 {
		return nil
	}
	all := a.cfg.Notices.Maintenances(func(c faultline.Component) bool {
		return slices.ContainsFunc(f.Of, func(i faultline.StackItem) bool { return i.Covers(c) })
	})
	return slices.DeleteFunc(
		all,
		func(m faultline.Maintenance) bool { return m.StartsAt.IsZero() || m.EndsAt.IsZero() },
	)
}

func (c *calendar) maintenance(m faultline.Maintenance) {
	c.line("BEGIN", "VEVENT")
	c.line(
		"UID",
		opaqueID("maintenance", m.Source, m.StartsAt.Format(calendarTime), fmt.Sprint(m.Components))+"@faultline",
	)
	c.line("DTSTAMP", m.SaidAt.UTC().Format(calendarTime))
	c.line("DTSTART", m.StartsAt.UTC().Format(calendarTime))
	c.line("DTEND", later(m.EndsAt, m.StartsAt.Add(time.Second)).UTC().Format(calendarTime))
	c.line("SUMMARY", calendarText.Replace("Maintenance announced by "+m.Source))
	c.line("DESCRIPTION", calendarText.Replace(m.Text))
	c.line("STATUS", "CONFIRMED")
	c.line("TRANSP", "TRANSPARENT")
	c.line("END", "VEVENT")
}
