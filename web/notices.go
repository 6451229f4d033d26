package web

import (
	"slices"
	"time"

	"faultline"
)

// noticeRow is one maintenance that a provider has announced.
type noticeRow struct {
	What   string // when it is to be, or that it goes on
	Text   string
	Source string
}

// noticesListed bounds the announcements of a page; large providers announce dozens of small
// maintenances.
const noticesListed = 10

// notices are the maintenances that are announced of components. They are shown beside the
// state, because a failure during one is probably planned.
func (v *localizer) notices(of func(faultline.Component) bool) (rows []noticeRow) {
	for _, m := range v.cfg.Notices.Maintenances(of) {
		if len(rows) == noticesListed {
			break
		}
		rows = append(rows, noticeRow{What: v.announced(m), Text: m.Text, Source: m.Source})
	}
	return rows
}

// announced says when a maintenance is to be.
func (v *localizer) announced(m faultline.Maintenance) string {
	id := "maintenance.announced"
	if m.Status != "scheduled" {
		id = "maintenance.goes_on"
	}
	switch {
	case m.StartsAt.IsZero():
		return v.say(id + "_undated")
	case m.EndsAt.IsZero():
		return v.say(id+"_from", "From", v.moment(m.StartsAt, formDated).Text)
	}
	return v.say(id, "Span", v.span(m.StartsAt, m.EndsAt))
}

// span writes two times of a plan: the second without its day where that is the same.
func (v *localizer) span(from, to time.Time) string {
	form := formDated
	if from.UTC().Format(time.DateOnly) == to.UTC().Format(time.DateOnly) {
		form = formMinute
	}
	return v.say("date.span", "From", v.moment(from, formDated).Text, "To", v.moment(to, form).Text)
}

// certificateEnds says that the certificate of a site ends soon, or has ended; urgent within
// a day. A site whose certificate ends is down for every browser, and its owner often learns
// of it last.
func (v *localizer) certificateEnds(site string) (said string, urgent bool) {
	c, ok := v.cfg.Notices.Certificate(site)
	if !ok {
		return "", false
	}
	left, at := c.Ends.Sub(v.cfg.Now()), v.moment(c.Ends, formDated).Text
	switch {
	case left <= 0:
		return v.say("certificate.ended", "Site", site, "Time", at), true
	case left < faultline.CertificateUrgent:
		return v.say("certificate.urgent", "Site", site, "Time", at), true
	}
	return v.say("certificate.soon", "Site", site, "Time", at), false
}

// among reports whether a component is one of a list.
func among(list []faultline.Component) func(faultline.Component) bool {
	return func(c faultline.Component) bool { return slices.Contains(list, c) }
}
