package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"faultline"

	"github.com/gin-gonic/gin"
)

// sitePage answers: is this site down, and is it me?
type sitePage struct {
	shell
	Site     string
	Name     string // what people call it; empty where that says no more
	Answer   string
	Because  string
	Cause    *incidentLine // the incident that explains it
	State    faultline.SiteState
	Counts   []tally
	Stands   []standing
	History  []incidentLine
	Symptoms []symptomChoice
	Token    string // empty: no report can be taken just now
	Receipt  string
	Thanks   bool
}

// standing is a component that a site stands on.
type standing struct {
	URL, Name, Kind string
	Word            string // how it is, where something is known
	State           faultline.IncidentState
}

// symptomChoice is one answer of the report form.
type symptomChoice struct {
	Value faultline.Symptom
	Label string
	First bool
}

// choices are what a person can say of a site.
var choices = []symptomChoice{
	{Value: faultline.SymptomOther, Label: "It does not work", First: true},
	{Value: faultline.SymptomTimeout, Label: "Keeps loading"},
	{Value: faultline.SymptomConnect, Label: "Can’t be reached"},
	{Value: "http_500", Label: "Error 500"},
	{Value: "http_502", Label: "Error 502"},
	{Value: "http_503", Label: "Error 503"},
	{Value: "http_504", Label: "Error 504"},
	{Value: faultline.SymptomSlow, Label: "Very slow"},
	{Value: faultline.SymptomDNS, Label: "Name not found"},
	{Value: faultline.SymptomTLS, Label: "Certificate warning"},
	{Value: faultline.SymptomContent, Label: "Shows the wrong thing"},
	{Value: faultline.SymptomOK, Label: "It works for me"},
}

const (
	maxQuery      = 253
	historyListed = 12
)

// search goes to the page of the site that was asked for.
func (w *Web) search(c *gin.Context) error {
	asked := strings.TrimSpace(c.Query("q"))
	if asked == "" {
		w.seeOther(c, "/", cacheBriefly)
		return nil
	}
	record, err := w.cfg.Lookup(asked)
	if err != nil && w.cfg.Look != nil && hostLike.MatchString(record.Site) {
		w.seeOther(c, "/site/"+record.Site, cacheNever)
		return nil
	}
	if err != nil {
		return siteFault(err, asked)
	}
	w.seeOther(c, "/site/"+url.PathEscape(record.Site), cacheBriefly)
	return nil
}

// siteFault says that no site is known by what was asked for.
func siteFault(err error, asked string) error {
	var invalid faultline.InvalidError
	if !errors.As(err, &invalid) && !errors.Is(err, faultline.ErrNotFound) {
		return err
	}
	if len(asked) > maxQuery || !utf8.ValidString(asked) {
		asked = ""
	}
	return unknownSite{asked: asked, status: map[bool]int{true: http.StatusBadRequest, false: http.StatusNotFound}[len(invalid) > 0]}
}

func (w *Web) site(c *gin.Context) error {
	asked := c.Param("site")
	record, err := w.cfg.Lookup(asked)
	if err != nil {
		if shown, err := w.stranger(c, record, err); shown {
			return err
		}
		return siteFault(err, asked)
	}
	if record.Site != asked { // one page for one site
		w.seeOther(c, "/site/"+url.PathEscape(record.Site), cacheBriefly)
		return nil
	}
	reported := c.Query("reported")
	if reported != reportedCounted && reported != reportedNot {
		reported = ""
	}
	return w.show(c, "site/"+record.Site+"?"+reported, func(ctx context.Context) (doc, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return doc{}, err
		}
		return doc{page: "site", data: w.sitePage(ctx, record, incidents, reported), cache: cacheCurrent}, nil
	})
}

func (w *Web) sitePage(ctx context.Context, record faultline.SiteRecord, incidents []faultline.Incident, reported string) sitePage {
	asOf, _ := w.clock()
	status, heard := w.statusOf(record)
	status, heard = w.glance(ctx, status, heard)
	p := sitePage{Site: record.Site, Name: w.nameOf(record.Site), State: status.State, Symptoms: choices}
	var cause *faultline.Incident
	var member faultline.IncidentSite
	drill := false
	for i := range incidents {
		inc := &incidents[i]
		at := slices.IndexFunc(inc.Sites, func(s faultline.IncidentSite) bool { return s.Site == record.Site })
		if at < 0 && !slices.Contains(status.Incidents, inc.ID) {
			continue
		}
		drill = drill || inc.Drill
		if inc.State.Open() && (cause == nil || weight(inc.State) > weight(cause.State)) {
			cause, member = inc, faultline.IncidentSite{State: status.State, Symptom: status.Symptom}
			if at >= 0 {
				member = inc.Sites[at]
			}
		}
		if len(p.History) < historyListed && (inc.State.Open() || inc.ConfirmedAt != nil) && inc.State != faultline.StateMerged {
			p.History = append(p.History, w.lineOf(inc, asOf))
		}
	}
	if cause != nil {
		line := w.lineOf(cause, asOf)
		p.Cause = &line
	}
	p.Answer, p.Because = verdict(record.Site, status, heard, cause, member)
	p.Counts = statusTallies(status, heard)
	p.Stands = w.standings(status.Components, incidents)
	p.Receipt, p.Thanks = receiptWords(record.Site, reported, status.Reports)
	p.shell = w.shell("Is "+cmp.Or(p.Name, record.Site)+" down? Faultline", lines(p.Answer, p.Because))
	p.Canonical, p.Live, p.Say, p.Drill = w.absolute("/site/"+record.Site), "all", p.Answer, p.Drill || drill
	token, err := w.forms.issue(ctx, record.Site, w.cfg.Wall())
	if err != nil {
		w.log.WarnContext(ctx, "the report form is left out", "error", err)
	}
	p.Token = token
	return p
}

// nameOf is what people call a site, where that is not the site itself.
func (w *Web) nameOf(site string) string {
	if name := w.cfg.NameOf(site); !strings.EqualFold(name, site) {
		return name
	}
	return ""
}

// statusOf is how a site does, and whether anybody has said anything of it.
func (w *Web) statusOf(record faultline.SiteRecord) (faultline.SiteStatus, bool) {
	sites := w.cfg.Source.View().Sites
	if i := slices.IndexFunc(sites, func(s faultline.SiteStatus) bool { return s.Site == record.Site }); i >= 0 {
		status := sites[i]
		if len(status.Components) == 0 {
			status.Components = record.Components
		}
		return status, true
	}
	return faultline.SiteStatus{Site: record.Site, State: faultline.SiteUnknown, Components: record.Components}, false
}

func weight(s faultline.IncidentState) int {
	return map[faultline.IncidentState]int{faultline.StateConfirmed: 3, faultline.StateRecovering: 2, faultline.StateCandidate: 1}[s]
}

// standings are what a site stands on, with the incidents open there.
func (w *Web) standings(components []faultline.Component, incidents []faultline.Incident) []standing {
	var stands []standing
	for _, c := range components {
		s := standing{URL: w.componentURL(c), Name: c.DisplayName(), Kind: kindWords[c.Kind()]}
		for i := range incidents {
			if cause := incidents[i].Cause; cause != nil && cause.Component == c {
				s.Name = cause.Name
				if st := incidents[i].State; st.Open() && weight(st) > weight(s.State) {
					s.State, s.Word = st, stateWords[st]
				}
			}
		}
		stands = append(stands, s)
	}
	return stands
}
