package web

import (
	"context"
	"slices"
	"time"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Bounds of the first page, in lines of each part. The page must load fast on the day on
// which everybody asks for it; whatever is left out is counted and can be browsed.
const (
	listedOpen       = 30
	listedCandidates = 20
	listedEnded      = 8
	endedWithin      = 24 * time.Hour
)

// nowPage answers: what is broken now? Its fields are in the order in which the page shows
// them.
type nowPage struct {
	shell
	Answer     string
	Broken     []headline
	MoreBroken int
	Candidates []incidentLine
	More       int            // candidates that are not listed
	Recovering []incidentLine // apart from what still fails
	Others     []brokenRow    // what fails besides the largest
	Ended      []incidentLine
	Last       *incidentLine // the newest that is over, where nothing is broken; nil: none is known
	Doors      []door
	heads      []headline // of the first that are broken, for the widget
	all        int        // how many are broken
	Seen       string     // what share of the known sites is observed, as a width
	Coverage   faultline.Coverage
	LastCheck  *moment // when a view was last had; nil: never
	Impaired   string  // what our probes can't see; empty: nothing
}

// incidentLine is an incident as a line in a list. Detail is what speaks for a candidate, or
// how many sites failed at the peak.
type incidentLine struct {
	URL     string
	State   faultline.IncidentState
	Word    string
	Title   string
	Detail  string
	Began   moment
	Lasting string
}

// now is the front page. It is rendered once for all readers and changes with the view.
// It is the page that most people ask for at once, when something large fails.
func (w *Web) now(c *gin.Context, v *localizer) error {
	return w.show(c, v, "now", func(ctx context.Context) (doc, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return doc{}, err
		}
		return doc{page: "now", data: v.nowPage(ctx, incidents), cache: page.CacheCurrent}, nil
	})
}

// nowPage builds it from the view and the incidents in memory; only the small charts are read
// from Redis. If they cannot be read in time the page has no charts, which is better than no
// page.
func (v *localizer) nowPage(ctx context.Context, incidents []faultline.Incident) nowPage {
	asOf, _ := v.clock()
	p := nowPage{Coverage: v.coverage(), Impaired: v.impaired()}
	if viewed := v.cfg.Source.View().AsOf; !viewed.IsZero() {
		lastCheck := v.near(viewed, formSecond)
		p.LastCheck = &lastCheck
	}
	sorted := sortNow(incidents, asOf)
	drawn := v.sparks(ctx, sorted.broken, asOf)
	v.breakages(&p, sorted.broken, drawn, asOf)
	for _, inc := range sorted.candidates[:min(len(sorted.candidates), listedCandidates)] {
		p.Candidates = append(p.Candidates, v.lineOf(inc, asOf))
	}
	p.More = len(sorted.candidates) - len(p.Candidates)
	for _, inc := range sorted.ended {
		p.Ended = append(p.Ended, v.lineOf(inc, asOf))
	}
	p.Answer = v.answerNow(sorted)
	p.Doors = v.doors(incidents)
	if len(sorted.broken) == 0 && len(p.Ended) == 0 {
		p.Last = v.lastOver(incidents, asOf)
	}
	if p.Coverage.Known > 0 {
		p.Seen = percentage(min(1, float64(p.Coverage.Observed)/float64(p.Coverage.Known)))
	}
	p.shell = v.shell("/", v.say("now.title"), p.Answer)
	p.inMarkdown(v.prefix + "/now.md")
	p.follow("all", 0, p.Answer)
	p.Image, p.ImageAlt = v.whole("/card/now.png"), p.Answer
	p.Drill = p.Drill || sorted.drill
	return p
}

// brokenRow is an incident in the table of the first page. Of is how many sites fail, of how
// many that are observed.
type brokenRow struct {
	URL, Title, Of string
	Spark          *spark
	Since          moment
	State          faultline.IncidentState
	Word           string
}

// breakages are what is broken: the largest as a headline, what else still fails as a
// table in order of reach, and what recovers apart.
func (v *localizer) breakages(p *nowPage, broken []*faultline.Incident, drawn map[string]*spark, asOf time.Time) {
	p.all = len(broken)
	for _, inc := range broken[:min(len(broken), widgetHeads)] {
		h := v.headlineOf(inc, asOf)
		h.Linked, h.Spark = true, drawn[inc.ID]
		p.heads = append(p.heads, h)
	}
	p.Broken = p.heads[:min(len(p.heads), 1)]
	for i, inc := range broken[:min(len(broken), listedOpen)] {
		switch {
		case i == 0:
		case inc.State == faultline.StateRecovering:
			p.Recovering = append(p.Recovering, v.lineOf(inc, asOf))
		default:
			p.Others = append(p.Others, v.brokenRow(inc, drawn[inc.ID]))
		}
	}
	p.MoreBroken = max(0, len(broken)-listedOpen)
}

// brokenRow is one further incident in the table below the first. Where more sites fail
// than are observed, as reports alone may have it, no share is told.
func (v *localizer) brokenRow(inc *faultline.Incident, drawn *spark) brokenRow {
	r := brokenRow{URL: v.link("/incident/" + inc.ID), Title: v.title(inc), Spark: drawn, State: inc.State,
		Word: v.stateWord(inc.State), Since: v.moment(inc.Onset.At, formMinute), Of: v.number(inc.Impact.Failing)}
	if inc.Impact.Failing <= inc.Impact.Observed {
		r.Of = v.outOf(inc.Impact.Failing, inc.Impact.Observed)
	}
	return r
}

// lastOver is the newest confirmed incident that is over. A page that says that nothing
// is broken shows it, so that a reader who has come too late finds what they are
// looking for.
func (v *localizer) lastOver(incidents []faultline.Incident, asOf time.Time) *incidentLine {
	for i := range incidents {
		if inc := &incidents[i]; inc.State == faultline.StateResolved && inc.ConfirmedAt != nil {
			line := v.lineOf(inc, asOf)
			return &line
		}
	}
	return nil
}

// sortedNow are the incidents of the first page by the part of it in which they stand. drill
// is true if any of them is from a drill: then the whole page is marked.
type sortedNow struct {
	broken, candidates, ended []*faultline.Incident
	drill                     bool
}

// sortNow sorts incidents into what is broken, suspected and over. One pass, in the order of the
// list, so that equal incidents keep their order.
func sortNow(incidents []faultline.Incident, asOf time.Time) (s sortedNow) {
	for i := range incidents {
		inc := &incidents[i]
		switch {
		case inc.State == faultline.StateConfirmed || inc.State == faultline.StateRecovering:
			s.broken = append(s.broken, inc)
		case inc.State == faultline.StateCandidate:
			s.candidates = append(s.candidates, inc)
		case len(s.ended) < listedEnded && endedLately(inc, asOf):
			s.ended = append(s.ended, inc)
		default:
			continue
		}
		s.drill = s.drill || inc.Drill
	}
	slices.SortFunc(s.broken, byReach)
	return s
}

// answerNow is the first sentence of the first page: the largest open incident by name.
// While nothing observes, it says that the state is unknown, never that nothing fails.
// The cases go from what is known best to what is not known at all.
func (v *localizer) answerNow(sorted sortedNow) string {
	coverage := v.coverage()
	switch {
	case len(sorted.broken) > 0:
		if coverage.State == faultline.Blind {
			return v.failing(sorted.broken[0]) + " " + v.say("failing.unchecked")
		}
		return v.failing(sorted.broken[0])
	case v.cfg.Source.View().AsOf.IsZero():
		return v.say("now.not_looked")
	case coverage.State == faultline.Blind:
		return v.say("now.unknown")
	case len(sorted.candidates) > 0:
		return v.say("now.none_confirmed")
	case coverage.State == faultline.Impaired:
		return v.say("now.calm_in_part", "Seen", v.number(coverage.Observed), "Known", v.number(coverage.Known))
	}
	return v.say("now.calm")
}

// endedLately reports whether an incident that is over is still worth a line: it was
// confirmed once, and changed last within a day. One that was withdrawn before anybody was
// alerted is not listed.
func endedLately(inc *faultline.Incident, asOf time.Time) bool {
	told := inc.ConfirmedAt != nil && (inc.State == faultline.StateResolved || inc.State == faultline.StateRetracted)
	return told && asOf.Sub(inc.UpdatedAt) < endedWithin
}

// lineOf is an incident in one line of a list. A peak of one or two sites is not given as a
// number, since it says no more than the title.
func (v *localizer) lineOf(inc *faultline.Incident, asOf time.Time) incidentLine {
	h := v.headlineOf(inc, asOf)
	l := incidentLine{URL: h.URL, State: h.State, Word: h.Word, Title: h.Title,
		Began: v.moment(inc.Onset.At, formDated), Lasting: h.Lasting}
	if inc.State == faultline.StateCandidate {
		l.Detail = v.soFar(inc.Evidence)
	} else if inc.Impact.PeakFailing >= sitesCounted {
		l.Detail = v.say("line.peak", "N", v.number(inc.Impact.PeakFailing), "Where", v.onCause(inc.Cause))
	}
	return l
}

// soFar is what speaks for a candidate: how many reports from how many networks, and
// how many probes failed. A reader can judge from it how near the candidate is to being
// an outage.
func (v *localizer) soFar(ev faultline.Evidence) string {
	said, probes := "", ""
	if ev.Reports > 0 {
		said = v.count("of.reports", ev.Reports)
		if ev.Networks > 1 {
			said = v.say("tally.from", "What", said, "From", v.count("of.networks", ev.Networks))
		}
	}
	if ev.Probes > 0 {
		probes = v.say("line.probes", "Of", v.outOf(ev.ProbesFailed, ev.Probes))
	}
	if said != "" && probes != "" {
		said += ", "
	}
	return said + probes
}
