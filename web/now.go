package web

import (
	"context"
	"strings"
	"time"

	"faultline"

	"github.com/gin-gonic/gin"
)

// Bounds of the first page.
const (
	listedOpen       = 30
	listedCandidates = 20
	listedEnded      = 8
	endedWithin      = 24 * time.Hour
)

// nowPage answers: what is broken now?
type nowPage struct {
	shell
	Answer     string
	Broken     []headline
	MoreBroken int
	Candidates []incidentLine
	More       int // candidates that are not listed
	Ended      []incidentLine
	View       faultline.View
	Looked     bool   // a view was ever had
	Impaired   string // what our probes can't see; empty: nothing
}

// incidentLine is an incident as a line in a list.
type incidentLine struct {
	URL     string
	State   faultline.IncidentState
	Word    string
	Title   string
	Detail  string
	Began   moment
	Lasting string
}

func (w *Web) now(c *gin.Context) error {
	return w.show(c, "now", func(context.Context) (doc, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return doc{}, err
		}
		return doc{page: "now", data: w.nowPage(incidents), cache: cacheCurrent}, nil
	})
}

func (w *Web) nowPage(incidents []faultline.Incident) nowPage {
	asOf, _ := w.clock()
	p := nowPage{View: w.cfg.Source.View(), Impaired: w.impaired()}
	p.Looked = !p.View.AsOf.IsZero()
	drill, confirmed := false, 0
	for i := range incidents {
		inc := &incidents[i]
		switch {
		case inc.State == faultline.StateConfirmed || inc.State == faultline.StateRecovering:
			if confirmed++; confirmed > listedOpen {
				p.MoreBroken++
				break
			}
			h := w.headlineOf(inc, asOf)
			h.Linked = true
			p.Broken = append(p.Broken, h)
		case inc.State == faultline.StateCandidate:
			if len(p.Candidates) == listedCandidates {
				p.More++
				break
			}
			p.Candidates = append(p.Candidates, w.lineOf(inc, asOf))
		case len(p.Ended) < listedEnded && endedLately(inc, asOf):
			p.Ended = append(p.Ended, w.lineOf(inc, asOf))
		default:
			continue
		}
		drill = drill || inc.Drill
	}
	p.Answer = answerNow(confirmed, len(p.Candidates), p.Looked)
	p.shell = w.shell("Faultline: what is broken on the internet now", p.Answer)
	p.Canonical, p.Live, p.Say = w.absolute("/"), "all", p.Answer
	p.Drill = p.Drill || drill
	return p
}

func answerNow(confirmed, candidates int, looked bool) string {
	switch {
	case !looked && confirmed == 0:
		return "We have not looked yet."
	case confirmed == 1:
		return "One thing is broken now."
	case confirmed > 1:
		return number(confirmed) + " things are broken now."
	case candidates > 0:
		return "Nothing is confirmed to be broken."
	}
	return "Nothing that we watch is broken."
}

// endedLately tells of what is over what a reader of today still wants: not
// what was withdrawn before anybody was told.
func endedLately(inc *faultline.Incident, asOf time.Time) bool {
	told := inc.ConfirmedAt != nil && (inc.State == faultline.StateResolved || inc.State == faultline.StateRetracted)
	return told && asOf.Sub(inc.UpdatedAt) < endedWithin
}

func (w *Web) lineOf(inc *faultline.Incident, asOf time.Time) incidentLine {
	h := w.headlineOf(inc, asOf)
	l := incidentLine{URL: h.URL, State: h.State, Word: h.Word, Title: h.Title,
		Began: momentOf(inc.Onset.At, formDated), Lasting: h.Lasting}
	if inc.State == faultline.StateCandidate {
		l.Detail = soFar(inc.Evidence)
	} else if inc.Impact.PeakFailing >= sitesCounted {
		l.Detail = number(inc.Impact.PeakFailing) + " " + onCause(inc.Cause) + " at the peak"
	}
	return l
}

// soFar is what speaks for a candidate.
func soFar(ev faultline.Evidence) string {
	var said []string
	if ev.Reports > 0 {
		reports := count(ev.Reports, "report")
		if ev.Networks > 1 {
			reports += " from " + count(ev.Networks, "network")
		}
		said = append(said, reports)
	}
	if ev.Probes > 0 {
		said = append(said, number(ev.ProbesFailed)+" of "+count(ev.Probes, "probe")+" failed")
	}
	return strings.Join(said, ", ")
}
