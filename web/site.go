package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// sitePage answers: is this site down, and is it me? Its fields are in the order in which the
// page shows them. The same page goes to everybody but for You, Receipt, Recent and Doing,
// which are about the reader's network and report.
type sitePage struct {
	shell
	Site     string
	Name     string // what people call it; empty where that says no more
	Answer   string
	Reason   string
	Cause    *incidentLine // the incident that explains it
	State    faultline.SiteState
	Counts   []tally
	Ends     string        // that its certificate ends soon; empty: it does not
	Urgent   bool          // within a day
	Notices  []noticeRow   // announced by providers that it depends on
	You      *viewerAnswer // nil: nothing is known of the reader's network
	Charts   []figure
	Stands   []standing
	Uses     []standing // what serves parts of its page; empty: nothing is known
	History  []incidentLine
	Main     []symptomChoice // what one tap reports
	Symptoms []symptomChoice // what can be said more exactly
	Token    string          // empty: no report can be taken just now
	Receipt  string          // what became of the reader's report
	Recent   *figure         // the reports of the last two hours, beside the receipt
	Doing    []template.HTML // what is done about it, beside the receipt
	drill    bool
}

// symptomChoice is one button of the report form: the symptom that it sends, and its label.
// First is the one that needs no further thought ("it does not work").
type symptomChoice struct {
	Value faultline.Symptom
	Label string
	First bool
}

// choices are what a person can say of a site. The first and the last are a tap away, the
// others an optional second step. They are those of contract and API: what is sent and is
// none of these is refused.
var choices = []faultline.Symptom{
	faultline.SymptomOther, faultline.SymptomTimeout, faultline.SymptomConnect, "http_500", "http_502",
	"http_503", "http_504",
	faultline.SymptomSlow, faultline.SymptomDNS, faultline.SymptomTLS, faultline.SymptomContent, faultline.SymptomOK,
}

// maxQuery is the longest name that DNS allows (RFC 1035, 3.1), hence the longest that can be
// a site, in bytes. historyListed is how many past incidents a site's page lists; the archive
// has all.
const (
	maxQuery      = 253
	historyListed = 12
)

// search leads from what was typed into the search box to a page: an incident's if it is an
// id, else that of a provider, component or site that is known by the name, else that of a
// site. It always redirects, so that the address that a reader shares is the page's own. A
// name that nobody knows, and that could be a site, is offered for a check.
func (w *Web) search(c *gin.Context, v *localizer) error {
	asked := strings.TrimSpace(c.Query("q"))
	if asked == "" {
		v.seeOther(c, "/"+v.Query, page.CacheBriefly)
		return nil
	}
	if id, revision, err := readID(asked); err == nil && isULID(id) { // as it stands in messages and logs
		v.seeOther(c, incidentPath(id, revision)+v.Query, page.CacheBriefly)
		return nil
	}
	if found, err := w.find(c, v, asked); found {
		return err
	}
	record, err := w.cfg.Lookup(asked)
	if shown, err := w.offerCheck(c, v, record, err); shown {
		return err
	}
	if err != nil {
		return siteFault(err, asked)
	}
	v.seeOther(c, "/site/"+url.PathEscape(record.Site)+v.Query, page.CacheBriefly)
	return nil
}

// siteFault says that no site is known by what was asked for: 400 where it cannot be a site's
// name, 404 where it could be. What was asked is repeated on the page only if it is short
// enough and UTF-8.
func siteFault(err error, asked string) error {
	var invalid faultline.InvalidError
	if !errors.As(err, &invalid) && !errors.Is(err, faultline.ErrNotFound) {
		return err
	}
	if len(asked) > maxQuery || !utf8.ValidString(asked) {
		asked = ""
	}
	return unknownSite{asked: asked,
		status: map[bool]int{true: http.StatusBadRequest, false: http.StatusNotFound}[len(invalid) > 0]}
}

// site shows whether a site works. Other spellings of its name lead to one address, so
// that there is one page to link to and to cache. The key holds the verdict on the
// reader's network, so that readers of one network share a page and others do not get
// it.
func (w *Web) site(c *gin.Context, v *localizer) error {
	asked := c.Param("site")
	if shown, err := w.siteMarkdown(c, asked); shown {
		return err
	}
	record, err := w.cfg.Lookup(asked)
	if shown, err := w.offerCheck(c, v, record, err); shown {
		return err
	}
	if err != nil {
		return siteFault(err, asked)
	}
	if record.Site != asked { // one page for one site
		v.seeOther(c, "/site/"+url.PathEscape(record.Site)+v.Query, page.CacheBriefly)
		return nil
	}
	reported := c.Query("reported")
	if reported != reportedCounted && reported != reportedNot {
		reported = ""
	}
	// What is said of the reader's network is the same for all who share it.
	verdict, cache := w.verdictFor(c, record)
	key := fmt.Sprintf("site/%s?%s %s", record.Site, reported, verdict.key())
	return w.show(c, v, key, func(ctx context.Context) (doc, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return doc{}, err
		}
		status, listed := v.statusOf(record)
		p := v.sitePage(record, status, listed, incidents)
		p.You = v.viewerAnswer(verdict)
		p.Charts = v.dayCharts(ctx, record.Site, probesShare)
		v.offerReport(ctx, &p)
		v.acknowledge(ctx, &p, reported, status)
		return doc{page: "site", data: p, cache: cache}, nil
	})
}

// verdictFor judges the site for whoever asks; nil where that can't be done. Of the address
// only its network is used, and that is not kept. An answer that depends on the reader's
// network may be kept by the reader's browser alone (page.CachePersonal), never by a cache
// that others share.
func (w *Web) verdictFor(c *gin.Context, record faultline.SiteRecord) (*viewerVerdict, []string) {
	if w.cfg.Verdicts == nil {
		return nil, page.CacheCurrent
	}
	asn := uint32(0)
	if addr, err := netip.ParseAddr(c.ClientIP()); err == nil && w.cfg.Networks != nil {
		asn, _ = w.cfg.Networks.Label(addr.Unmap().WithZone(""))
	}
	v, err := w.cfg.Verdicts.Verdict(record, asn)
	if err != nil {
		return nil, page.CacheNever // the next reader may get one
	}
	return &viewerVerdict{v}, page.CachePersonal
}

// sitePage says what is known of a site, to everybody alike. The answer is about the site
// itself first. Where the site is well, but what its owner runs for others fails, the page
// says that instead: readers who ask for a cloud's own site during its outage mean the cloud.
func (v *localizer) sitePage(record faultline.SiteRecord, status faultline.SiteStatus, reported bool,
	incidents []faultline.Incident) sitePage {
	asOf, _ := v.clock()
	p := sitePage{Site: record.Site, Name: v.nameOf(record.Site), State: status.State}
	cause, member := v.siteIncidents(&p, status, incidents)
	if cause != nil {
		line := v.lineOf(cause, asOf)
		p.Cause = &line
	}
	p.Answer, p.Reason = v.verdict(record.Site, status, reported, cause, member)
	// A site that answers, or answers again, says nothing of what its owner runs.
	owned := v.ownersIncident(record.Site, incidents)
	if owned != nil && (cause == nil || cause == owned && member.State == faultline.SiteRecovered) {
		line := v.lineOf(owned, asOf)
		p.Cause = &line
		p.Answer = v.say("verdict.owner_"+string(owned.State), "Name", owned.Cause.Name, "Site", record.Site)
		p.Reason = v.say("verdict.owner_because", "Site", record.Site)
		if status.State == faultline.SiteOK || status.State == faultline.SiteRecovered {
			p.State = faultline.SiteUnknown
		}
	} else if cause == nil {
		v.inPart(&p, incidents)
	}
	if open := cmp.Or(owned, cause); open != nil {
		p.Reason = lines(p.Reason, v.unchecked(open))
	}
	p.Counts = v.statusTallies(status, reported)
	p.Stands, p.Uses = v.standings(status.Components, incidents), v.standings(record.Uses, incidents)
	p.Ends, p.Urgent = v.certificateEnds(record.Site)
	p.Notices = v.notices(among(status.Components))
	p.shell = v.shell("/site/"+record.Site, v.say("site.title", "Site", cmp.Or(p.Name, record.Site)),
		lines(p.Answer, p.Reason))
	p.inMarkdown(v.prefix + "/site/" + url.PathEscape(record.Site) + asMarkdown)
	p.follow("all", 0, p.Answer)
	v.offer(&p.shell, record.Site)
	v.illustrate(&p.shell, "/card/site/"+record.Site+".png", p.Answer)
	p.Drill = p.Drill || p.drill
	return p
}

// inPart says of a site that answers that parts of its pages come from what fails, where they
// do. The answer of the probes alone would say that all is well.
func (v *localizer) inPart(p *sitePage, incidents []faultline.Incident) {
	if v.cfg.Parts == nil {
		return
	}
	for _, inc := range v.cfg.Parts(p.Site) {
		// The board may be a moment ahead of the incidents of this page.
		if !slices.ContainsFunc(incidents, func(known faultline.Incident) bool { return known.ID == inc.ID }) {
			continue
		}
		asOf, _ := v.clock()
		line := v.lineOf(&inc, asOf)
		p.Cause, p.State, p.drill = &line, faultline.SiteDegraded, p.drill || inc.Drill
		p.Answer = v.say("verdict.in_part", "Site", p.Site, "Name", inc.Cause.Name)
		p.Reason = v.say("verdict.in_part_because", "Site", p.Site)
		return
	}
}

// ownersIncident is the weightiest open incident of what the owner of a site runs; nil
// for none. Whoever asks for aws.amazon.com while AWS us-east-1 fails means that.
func (v *localizer) ownersIncident(site string, incidents []faultline.Incident) (found *faultline.Incident) {
	for _, p := range v.cfg.Providers.Running(site) {
		for i := range incidents {
			inc := &incidents[i]
			if inc.State.Open() && inc.Cause != nil && p.Runs(inc.Cause.Component) &&
				(found == nil || weight(inc.State) > weight(found.State)) {
				found = inc
			}
		}
	}
	return found
}

// siteIncidents fills in the incidents of a site, and returns the weightiest of the open ones
// and how the site does in it. An incident counts as the site's when it lists the site, or
// when the site's status names it: the list of an incident that the page has may be a second
// older.
func (v *localizer) siteIncidents(p *sitePage, status faultline.SiteStatus,
	incidents []faultline.Incident) (cause *faultline.Incident, member faultline.IncidentSite) {
	asOf, _ := v.clock()
	for i := range incidents {
		inc := &incidents[i]
		at := slices.IndexFunc(inc.Sites, func(s faultline.IncidentSite) bool { return s.Site == p.Site })
		if at < 0 && !slices.Contains(status.Incidents, inc.ID) {
			continue
		}
		p.drill = p.drill || inc.Drill
		if inc.State.Open() && (cause == nil || weight(inc.State) > weight(cause.State)) {
			cause, member = inc, faultline.IncidentSite{State: status.State, Symptom: status.Symptom}
			if at >= 0 {
				member = inc.Sites[at]
			}
		}
		if len(p.History) < historyListed && (inc.State.Open() || inc.ConfirmedAt != nil) &&
			inc.State != faultline.StateMerged {
			p.History = append(p.History, v.lineOf(inc, asOf))
		}
	}
	return cause, member
}

// nameOf is what people call a site: its name on our list, or its domain in its own script
// (RFC 5890). It is empty where that says no more than the site itself. The isolate marks
// keep a name that is written from right to left from moving the text around it (Unicode UAX
// 9).
func (w *Web) nameOf(site string) string {
	if name := w.cfg.NameOf(site); !strings.EqualFold(name, site) {
		return name
	}
	if own := ownScript(site); own != "" {
		return isolate + own + isolateEnd
	}
	return ""
}

// statusOf is how a site does, and whether there was any report or probe of it lately. Sites
// with a failure stand in the view with all their numbers; those that are well stand in a
// short list, sorted by name.
func (w *Web) statusOf(record faultline.SiteRecord) (faultline.SiteStatus, bool) {
	view := w.cfg.Source.View()
	sites := view.Sites
	if i := slices.IndexFunc(sites, func(s faultline.SiteStatus) bool { return s.Site == record.Site }); i >= 0 {
		status := sites[i]
		if len(status.Components) == 0 {
			status.Components = record.Components
		}
		return status, true
	}
	status := faultline.SiteStatus{Site: record.Site, State: faultline.SiteUnknown, Components: record.Components}
	i, well := slices.BinarySearchFunc(view.Well, record.Site,
		func(s faultline.WellSite, site string) int { return strings.Compare(s.Site, site) })
	if well {
		status.State, status.Symptom, status.Probes = faultline.SiteOK, faultline.SymptomOK, view.Well[i].Probes
	}
	return status, well
}

// weight orders states by how bad they are. States that are not open have no weight.
func weight(s faultline.IncidentState) int {
	return map[faultline.IncidentState]int{faultline.StateConfirmed: 3, faultline.StateRecovering: 2,
		faultline.StateCandidate: 1}[s]
}
