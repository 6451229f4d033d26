package web

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"faultline"

	"github.com/gin-gonic/gin"
)

// Bounds of an incident's page; all sites stand in its JSON.
const (
	sitesNamed    = 24  // of each state, above the table
	sitesListed   = 200 // rows of the table
	revisionsBack = 12  // revisions that are linked one by one
)

// incidentPage tells one incident whole.
type incidentPage struct {
	shell
	Head       headline
	Chart      chart
	States     []stateGroup
	Sites      []siteRow
	SitesTotal int
	SitesJSON  string
	Exonerated []blamelessGroup
	Provider   string
	Statements []statementRow
	Corrected  []correctionRow
	Because    []string
	Seen       []faultline.SymptomShare
	Others     []alternativeRow
	Cause      *causeRow
	Cite       citation
	Revisions  []revisionLink
	Frozen     bool // an old revision, which never changes
	Newest     string
}

// stateGroup names the sites of one state.
type stateGroup struct {
	State faultline.SiteState
	Word  string
	Sites []siteLink
	Count string
	More  int
}

type siteLink struct{ URL, Site string }

// siteRow is one site of an incident.
type siteRow struct {
	siteLink
	State   faultline.SiteState
	Word    string
	Symptom string
	Since   moment
	Back    *moment
	Probes  string
	Reports string
}

type statementRow struct {
	When         moment
	Status, Lag  string
	Source, Text string
}

type correctionRow struct {
	When     moment
	By, Text string
}

type alternativeRow struct {
	URL, Name, Kind string
	Confidence      string
	Reason          string
}

type causeRow struct{ URL, Name, Kind, Confidence string }

// citation is how to quote and embed an incident.
type citation struct {
	Text, Frozen, Live, Embed string
	Anywhere                  bool // the addresses are whole
}

type revisionLink struct {
	N         int
	Page, URL string
}

var incidentID = regexp.MustCompile(`^(inc_[0-9A-Za-z]{1,40})(?:@([1-9][0-9]{0,8}))?$`)

// readID takes id@revision apart; revision 0 is the last.
func readID(param string) (id string, revision int, err error) {
	parts := incidentID.FindStringSubmatch(param)
	if parts == nil {
		return "", 0, faultline.ErrNotFound
	}
	if parts[2] != "" {
		revision, err = strconv.Atoi(parts[2])
	}
	return parts[1], revision, err
}

func (w *Web) incident(c *gin.Context) error {
	id, revision, err := readID(c.Param("id"))
	if err != nil {
		return err
	}
	return w.show(c, "incident/"+c.Param("id"), func(ctx context.Context) (doc, error) {
		inc, err := w.cfg.Source.Incident(ctx, id, revision)
		if err != nil {
			return doc{}, err
		}
		p, whole := w.incidentPage(ctx, &inc, revision != 0)
		return doc{page: "incident", data: p, cache: cacheOf(p.Frozen && whole)}, nil
	})
}

// cacheOf lets a page be kept for ever when all that it says stands for ever.
func cacheOf(final bool) string {
	if final {
		return cacheImmutable
	}
	return cacheCurrent
}

// incidentPage says what inc says. A frozen page depends on nothing else: its
// clock is that of the revision.
func (w *Web) incidentPage(ctx context.Context, inc *faultline.Incident, frozen bool) (p incidentPage, whole bool) {
	asOf, _ := w.clock()
	if frozen {
		asOf = inc.UpdatedAt
	}
	points, whole := w.charts.upTo(ctx, inc.ID, inc.Revision)
	head := w.headlineOf(inc, asOf)
	p = incidentPage{
		shell: w.shell(inc.Title, ""), Head: head, Chart: chartOf(inc, points, whole, asOf),
		States: w.groupsOf(inc), Sites: w.rowsOf(inc), SitesTotal: inc.SitesTotal,
		Exonerated: w.blameless(inc), Because: because(inc), Seen: inc.Symptoms, Cite: w.cite(inc),
		Revisions: w.revisionsOf(inc), Frozen: frozen, Newest: head.URL,
		SitesJSON: fmt.Sprintf("%s/v1/incidents/%s/sites", w.prefix, inc.ID),
	}
	if frozen {
		p.SitesJSON = fmt.Sprintf("%s/v1/incidents/%s/revisions/%d", w.prefix, inc.ID, inc.Revision)
		p.AsOf, p.Stale = momentOf(asOf, formDated), false
	} else {
		p.Live, p.Revision, p.Say = inc.ID, inc.Revision, head.Word+": "+inc.Title
	}
	p.Description = describeHead(head)
	p.Canonical, p.Article = p.Cite.Live, true
	if frozen {
		p.Canonical = p.Cite.Frozen
	}
	p.Drill = p.Drill || inc.Drill
	w.explain(&p, inc)
	w.quote(&p, inc)
	return p, whole
}

// describeHead says the headline block in one sentence.
func describeHead(h headline) string {
	said := []string{h.Word}
	for _, s := range []string{h.Lasting, h.Scope} {
		if s != "" {
			said = append(said, s)
		}
	}
	sentence := strings.Join(said, ", ") + "."
	for _, t := range h.Counts {
		n := t.N
		if t.Of != "" {
			n += " of " + t.Of
		}
		sentence += " " + n + " " + t.What + "."
	}
	return sentence
}

// quote lists what the provider said, and what was put right since.
func (w *Web) quote(p *incidentPage, inc *faultline.Incident) {
	p.Provider = "The provider"
	if inc.Cause != nil {
		p.Provider = inc.Cause.Name
	}
	for _, st := range inc.Statements {
		p.Statements = append(p.Statements, statementRow{When: momentOf(st.At, formDated), Status: statusWords(st.Status),
			Lag: lag(time.Duration(st.LagS) * time.Second), Source: st.Source, Text: st.Text})
	}
	for _, corr := range inc.Corrections {
		p.Corrected = append(p.Corrected, correctionRow{When: momentOf(corr.At, formDated), By: corr.By, Text: corr.Text})
	}
}

func (w *Web) revisionsOf(inc *faultline.Incident) []revisionLink {
	var links []revisionLink
	for n := inc.Revision; n > 0 && len(links) < revisionsBack; n-- {
		links = append(links, revisionLink{
			N:    n,
			Page: fmt.Sprintf("%s/incident/%s@%d", w.prefix, inc.ID, n),
			URL:  fmt.Sprintf("%s/v1/incidents/%s/revisions/%d", w.prefix, inc.ID, n),
		})
	}
	return links
}

// cite writes what others may paste. The frozen address comes first: what is
// quoted must not change its meaning later.
func (w *Web) cite(inc *faultline.Incident) citation {
	path := "/incident/" + inc.ID
	cite := citation{
		Live: w.absolute(path), Frozen: w.absolute(fmt.Sprintf("%s@%d", path, inc.Revision)), Anywhere: w.base != nil,
	}
	drill := ""
	if inc.Drill || w.cfg.Drill {
		drill = "DRILL, not real: "
	}
	cite.Text = fmt.Sprintf("%s%s. Source: Faultline, revision %d, %s. %s",
		drill, inc.Title, inc.Revision, inc.UpdatedAt.UTC().Format(formDated), cite.Frozen)
	cite.Embed = fmt.Sprintf(`<iframe src="%s" title="Faultline: live state of an incident" width="100%%" height="340" loading="lazy" style="border:0"></iframe>`,
		w.absolute("/embed"+path))
	return cite
}
