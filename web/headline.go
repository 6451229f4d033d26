package web

import (
	"fmt"
	"time"

	"faultline"
)

// headline is an incident in one glance. Its page, the list of what is broken
// and the widget show this same block, so that they always say the same.
type headline struct {
	URL      string
	Linked   bool // the title leads to the incident
	State    faultline.IncidentState
	Word     string // the state in words
	Lasting  string
	Scope    string
	Title    string
	Began    moment
	BeganDay string
	Between  string
	Counts   []tally
	Note     string
	Into     string // the incident that this one is part of
}

// tally is a number with its denominator and what both count.
type tally struct {
	N, Of  string
	What   string
	Strong bool
}

// headlineOf says what an incident is at asOf. A state that is over has its own
// end.
func (w *Web) headlineOf(inc *faultline.Incident, asOf time.Time) headline {
	h := headline{
		URL: w.prefix + "/incident/" + inc.ID, State: inc.State, Word: stateWords[inc.State],
		Scope: within(inc.Scope), Title: inc.Title,
		Began: momentOf(inc.Onset.At, formMinute).local(), BeganDay: inc.Onset.At.UTC().Format(formDay),
		Between: between(inc.Onset), Counts: tallies(inc),
	}
	switch {
	case inc.State.Open():
		h.Lasting = lasting(asOf.Sub(inc.Onset.At))
	case inc.ResolvedAt != nil:
		h.Lasting = "lasted " + lasting(inc.ResolvedAt.Sub(inc.Onset.At))
	}
	switch {
	case inc.State == faultline.StateRetracted:
		h.Note = "We no longer think that this was an incident."
	case inc.State == faultline.StateCandidate:
		h.Note = "Not confirmed: reports alone, or too little evidence yet."
	case inc.Basis == faultline.BasisReports:
		h.Note = "Confirmed by people’s reports alone: no probe of ours can see it."
	}
	if inc.MergedInto != nil {
		h.Into = w.prefix + "/incident/" + *inc.MergedInto
	}
	return h
}

// between writes the interval of an onset, as exactly as it is known.
func between(o faultline.Onset) string {
	from, to := o.Earliest.UTC().Truncate(time.Second), o.Latest.UTC().Add(time.Second-1).Truncate(time.Second)
	if !from.Before(to) {
		return ""
	}
	form := "15:04:05"
	if to.Sub(from) > 10*time.Minute {
		form = "15:04"
	}
	if from.YearDay() != to.YearDay() {
		form = "2 January 15:04"
	}
	return fmt.Sprintf("between %s and %s", from.Format(form), to.Format(form))
}

// tallies counts what fails, and everything else for comparison. Where sites
// can't be counted, what was seen of them is.
func tallies(inc *faultline.Incident) []tally {
	im, where := inc.Impact, onCause(inc.Cause)
	if max(im.Failing, im.PeakFailing) < sitesCounted {
		return seen(inc.Evidence)
	}
	var rows []tally
	switch {
	case inc.State.Open():
		rows = append(rows, share(im.Failing, im.Observed, where+" are failing"))
	default:
		rows = append(rows, share(im.PeakFailing, im.Observed, where+" failed at the peak"))
		if im.Failing > 0 {
			rows = append(rows, share(im.Failing, im.Observed, "were still failing at the end"))
		}
	}
	rows[0].Strong = true
	if im.ElsewhereObserved > 0 {
		what := "other sites are"
		if !inc.State.Open() {
			what = "other sites were, at the end"
		}
		rows = append(rows, share(im.ElsewhereFailing, im.ElsewhereObserved, what))
	}
	return rows
}

// sitesCounted is from how many failing sites on an incident is about sites.
const sitesCounted = 3

func seen(ev faultline.Evidence) []tally {
	var rows []tally
	if ev.Probes > 0 {
		rows = append(rows, share(ev.ProbesFailed, ev.Probes, "probes since it began failed"))
	}
	if ev.Reports > 0 || ev.Probes == 0 {
		what := noun(ev.Reports, "report")
		if ev.Networks > 1 {
			what += " from " + count(ev.Networks, "network")
		}
		rows = append(rows, tally{N: number(ev.Reports), What: what})
	}
	rows[0].Strong = true
	return rows
}

// share is n of all. Where more fail than were observed, as reports alone can
// say, there is no denominator to give.
func share(n, of int, what string) tally {
	if n > of {
		return tally{N: number(n), What: what}
	}
	return tally{N: number(n), Of: number(of), What: what}
}
