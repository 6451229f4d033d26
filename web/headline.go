package web

import (
	"html/template"
	"strings"
	"time"

	"faultline"
)

// headline is an incident in one glance: state, title, since when, and the numbers. Its page,
// the front page and the widget show this same block, so that they always say the same.
type headline struct {
	URL     string
	Linked  bool // the title leads to the incident
	Blank   bool // in a window of its own
	State   faultline.IncidentState
	Word    string // the state in words
	Lasting string
	Scope   string
	Title   string
	Began   template.HTML
	Counts  []tally
	Spark   *spark
	Note    string
	Into    string // the incident that this one is part of
	// Corrected is when the last correction was made, and Corrections where it stands.
	Corrected, Corrections string
}

// dated is the title of an incident with the day on which it began, for where it stands
// without its page, such as in a shared link. The title itself has only a time of day.
func (v *localizer) dated(inc *faultline.Incident, title string) string {
	return v.say("title.dated", "Title", title, "Day", v.day(inc.Onset.At))
}

// tally is a number with its denominator and what both count. A number without its
// denominator is never shown where there is one.
type tally struct {
	N, Of  string // Of is empty where there is no denominator
	Whole  string // both, as in 3 of 4
	Rest   string // of Whole, after N
	What   string
	Strong bool
}

// headlineOf says what an incident is at asOf. How long it has lasted is counted to asOf
// while it is open, and to its end when it is over. Note says what a reader must know before
// quoting it: that it is unconfirmed, withdrawn, or confirmed by people alone.
func (v *localizer) headlineOf(inc *faultline.Incident, asOf time.Time) headline {
	h := headline{
		URL: v.link("/incident/" + inc.ID), State: inc.State, Word: v.stateWord(inc.State),
		Scope: v.within(inc.Scope), Title: v.title(inc), Began: v.began(inc.Onset), Counts: v.tallies(inc),
	}
	switch {
	case inc.State.Open():
		h.Lasting = v.lasting(asOf.Sub(inc.Onset.At))
	case inc.ResolvedAt != nil:
		h.Lasting = v.say("headline.lasted", "Lasting", v.lasting(inc.ResolvedAt.Sub(inc.Onset.At)))
	}
	switch {
	case inc.State == faultline.StateRetracted:
		h.Note = v.say("headline.retracted")
	case inc.State == faultline.StateCandidate:
		h.Note = v.say("headline.candidate")
	case crowdWitness[inc.Basis] != "":
		h.Note = v.say("headline." + crowdWitness[inc.Basis])
	}
	if inc.MergedInto != nil {
		h.Into = v.link("/incident/" + *inc.MergedInto)
	}
	if n := len(inc.Corrections); n > 0 {
		h.Corrected = v.moment(inc.Corrections[n-1].At, formDated).Text
		h.Corrections = h.URL + "#corrections"
	}
	return h
}

// liveHeadlineOf is the headline of a page that says what holds at this moment. While nothing is
// observed, the note says of when an open incident's state and counts are.
func (v *localizer) liveHeadlineOf(inc *faultline.Incident, asOf time.Time) headline {
	h := v.headlineOf(inc, asOf)
	h.Note = lines(h.Note, v.unchecked(inc))
	return h
}

// unchecked says that nobody can see just now whether an open incident goes on, and up to when it
// was seen; empty where somebody can, or where the incident is over.
func (v *localizer) unchecked(inc *faultline.Incident) string {
	if !inc.State.Open() || v.coverage().State != faultline.Blind {
		return ""
	}
	return v.say("headline.unchecked", "Time", v.moment(inc.UpdatedAt, formDated).Text)
}

// began says since when, as exactly as it is known: one time, or an interval where the probes
// around the onset were far apart. The day stands beside an end of the interval if the two
// are on different days.
func (v *localizer) began(o faultline.Onset) template.HTML {
	from, to, form := onsetEnds(o)
	at := v.near(o.At, formMinute)
	if !from.Before(to) {
		return v.rich("headline.began", "Time", at, "Day", v.day(o.At))
	}
	write := func(t time.Time) string { return t.Format(form) }
	if from.YearDay() != to.YearDay() {
		write = func(t time.Time) string { return v.moment(t, formDated).Text }
	}
	return v.rich("headline.began_between", "Time", at, "Day", v.day(o.At), "From", write(from), "To", write(to))
}

// tallies counts what fails, and for comparison all other sites: 76 of 76 says more when 0 of
// 119 fail elsewhere. Where sites cannot be counted, the probes and reports are.
func (v *localizer) tallies(inc *faultline.Incident) []tally {
	im, where := inc.Impact, v.onCause(inc.Cause)
	if max(im.Failing, im.PeakFailing) < sitesCounted {
		return v.seen(inc.Evidence)
	}
	var rows []tally
	switch {
	case inc.State.Open():
		rows = append(rows, v.share(im.Failing, im.Observed, v.say("tally.failing", "Where", where)))
	default:
		rows = append(rows, v.share(im.PeakFailing, im.Observed, v.say("tally.peak", "Where", where)))
		if im.Failing > 0 {
			rows = append(rows, v.share(im.Failing, im.Observed, v.say("tally.at_the_end")))
		}
	}
	rows[0].Strong = true
	if im.Joined > 0 {
		rows = append(rows, tally{N: v.number(im.Joined), What: v.count("tally.joined", im.Joined)})
	}
	if im.ElsewhereObserved > 0 {
		what := v.count("tally.elsewhere", im.ElsewhereObserved)
		if !inc.State.Open() {
			what = v.say("tally.elsewhere_ended")
		}
		rows = append(rows, v.share(im.ElsewhereFailing, im.ElsewhereObserved, what))
	}
	return rows
}

// sitesCounted is from how many failing sites on an incident is described by their number.
// Below it the evidence is, since "1 of 1 sites" says nothing.
const sitesCounted = 3

// seen are the counts of evidence: probes with their denominator, and reports with their networks.
func (v *localizer) seen(ev faultline.Evidence) []tally {
	var rows []tally
	if ev.Probes > 0 {
		rows = append(rows, v.share(ev.ProbesFailed, ev.Probes, v.say("tally.probes")))
	}
	if ev.Reports > 0 || ev.Probes == 0 {
		what := v.count("tally.reports", ev.Reports)
		if ev.Networks > 1 {
			what = v.say("tally.from", "What", what, "From", v.count("of.networks", ev.Networks))
		}
		rows = append(rows, tally{N: v.number(ev.Reports), What: what})
	}
	rows[0].Strong = true
	return rows
}

// share is n of all. Where more fail than were observed, which reports can say of sites that
// no probe reaches, no denominator is given.
func (v *localizer) share(n, of int, what string) tally {
	if n > of {
		return tally{N: v.number(n), What: what}
	}
	t := tally{N: v.number(n), Of: v.number(of), Whole: v.outOf(n, of), What: what}
	t.Rest = strings.TrimPrefix(t.Whole, t.N)
	return t
}
