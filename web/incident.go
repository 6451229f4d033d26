package web

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Bounds of an incident's page. All sites stand in its JSON, which the page links to.
const (
	// A popular CDN has hundreds of failing sites, and a list of all would push the
	// evidence off the screen.
	sitesNamed    = 24            // of each state, above the table
	maxRevision   = 1_000_000_000 // as far as an address can name one
	revisionsBack = 12            // revisions that are linked one by one
)

// incidentPage shows one incident as it is, or one of its revisions as it was. What is nil or
// empty is left out of the page.
type incidentPage struct {
	shell
	Head       headline
	Chart      figure
	Reports    *figure // of the cause, over the same time; nil: none is known
	States     []stateGroup
	Sites      siteTable
	SitesTotal int
	SitesJSON  string
	Exonerated []blamelessGroup
	Partly     *partlyGroup // sites that answer and may load only in part; nil: none is known
	Provider   string
	Statements []statementRow
	Corrected  []correctionRow
	Withdrawn  bool // Faultline no longer thinks that it was an incident
	Reasons    []string
	Unknown    []string
	Seen       []faultline.SymptomShare
	Others     []alternativeRow
	Rejected   []rejectedRow
	Cause      *causeRow
	Cite       citation
	Revisions  []revisionLink
	Proof      *proofOf // nil: the revision is of a node that keeps no record
	Changed    []string
	Last       int  // the newest revision that the slider leads to
	Frozen     bool // an old revision, which never changes
	Newest     string
	Since      string        // of a frozen page: where it says what changed
	Changes    *changesTable // since a revision that was asked for; nil: none was
}

// stateGroup names the sites of one state: the first sitesNamed of them, and how many more
// there are.
type stateGroup struct {
	State faultline.SiteState
	Word  string
	Sites []siteLink
	Count string
	More  int
}

// siteLink leads to a site. Own is its name in its own script, where that is another.
type siteLink struct{ URL, Site, Own string }

// siteRow is one site in the table of an incident or a widget. Back is when it recovered; nil
// if it has not.
type siteRow struct {
	siteLink
	Joined  string // says that our list does not place it there, if so
	State   faultline.SiteState
	Word    string
	Symptom string
	Since   moment
	Back    *moment
	Probes  string
	Reports string
}

// statementRow is what a provider published: when, in its own words and state, and how long
// after the onset (Lag).
type statementRow struct {
	When         moment
	Status, Lag  string
	Source, Text string
}

// correctionRow is something that was put right by hand after publication, and by whom.
type correctionRow struct {
	When     moment
	By, Text string
}

// alternativeRow is a cause that was considered and is less likely, with the reason.
// The reason is kept with it, because a cause that was ruled out without one looks like
// an oversight.
type alternativeRow struct {
	URL, Name, Kind string
	Confidence      string
	Reason          string
}

// causeRow is the cause, with the link to its page.
type causeRow struct{ URL, Name, Kind, Confidence string }

// citation is how to quote an incident, and where its forms for other pages are; Take is
// the page that offers all ways to embed it.
type citation struct {
	Text, Frozen, Live, Take string
	PNG, SVG, CSV            string
	N                        int
}

// revisionLink leads to one revision: its page, and its JSON (URL).
type revisionLink struct {
	N         int
	Page, URL string
}

// incidentID is the form of an incident's name in an address: the id, in either case, and the
// number of a revision behind an "at" sign if one is meant. Nine digits bound the number, so that
// it fits an int everywhere.
var incidentID = regexp.MustCompile(`^((?i:inc_)[0-9A-Za-z]{1,40})(?:@([1-9][0-9]{0,8}))?$`)

// readID takes id@revision apart. Revision 0 means the newest. Anything of another form is
// answered as an incident that does not exist.
func readID(param string) (id string, revision int, err error) {
	parts := incidentID.FindStringSubmatch(param)
	if parts == nil {
		return "", 0, noIncident{}
	}
	if parts[2] != "" {
		revision, err = strconv.Atoi(parts[2])
	}
	return faultline.IncidentID(parts[1]), revision, err
}

// incident shows an incident, or one of its revisions at /incident/{id}@{n}. With .md it is
// Markdown. A revision never changes, so its page is rendered once and kept on disk
// (showFixed), where it can be answered even without Redis. The newest revision's page is
// kept in memory for seconds, as are views of the table that few ask for.
func (w *Web) incident(c *gin.Context, v *localizer) error {
	if name, ok := strings.CutSuffix(c.Param("id"), ".md"); ok {
		return w.incidentMarkdown(c, name)
	}
	id, revision, err := readID(c.Param("id"))
	if err != nil {
		return err
	}
	since, table := sinceOf(c), tableOf(c)
	build := func(ctx context.Context) (doc, error) {
		inc, err := w.incidentOf(ctx, id, revision)
		if err != nil {
			return doc{}, err
		}
		if revision == 0 {
			// The widget of this revision is made while it can be: an article that embeds it
			// must be served when the store is away.
			v.keepWidget(ctx, &inc)
		}
		p, whole := v.incidentPage(ctx, &inc, revision != 0)
		if p.Sites = v.siteTable(&inc, incidentPath(id, revision), table); p.Sites.Open {
			p.noIndex()
		}
		if revision == 0 {
			p.Changes = v.changesSince(ctx, &inc, since)
		}
		return doc{page: "incident", data: p, cache: cacheOf(p.Frozen && whole)}, nil
	}
	// The slider is a form without a script, and a form can only send a parameter: it is
	// turned into the address of the revision.
	if asked, err := strconv.Atoi(c.Query("revision")); err == nil && asked > 0 && asked < maxRevision {
		v.seeOther(c, incidentPath(id, asked)+v.Query, page.CacheBriefly)
		return nil
	}
	key := "incident/" + c.Param("id")
	if !table.plain() { // a part of the page that few ask for: it is not kept on disk
		return w.show(c, v, fmt.Sprintf("%s?since=%d&%s", key, since, table.query(table.page).Encode()), build)
	}
	if revision != 0 {
		return w.showFixed(c, v, w.policies.page, key, build)
	}
	return w.show(c, v, fmt.Sprintf("%s?since=%d", key, since), build)
}

// cacheOf lets a page be kept for good when all that it says stands for good, and otherwise
// for as long as what is current.
func cacheOf(final bool) []string {
	if final {
		return page.CacheImmutable
	}
	return page.CacheCurrent
}

// incidentPath is where an incident's page lives; revision 0 is the last.
func incidentPath(id string, revision int) string {
	if revision == 0 {
		return "/incident/" + id
	}
	return fmt.Sprintf("/incident/%s@%d", id, revision)
}

// incidentPage builds the page of an incident. A frozen page depends on nothing but its
// revision: its clock is the time of the revision, it does not follow the stream, and it has
// no chart of reports. whole is false while something that belongs to the revision could not
// be read; such a page must not be kept for good.
func (v *localizer) incidentPage(ctx context.Context, inc *faultline.Incident, frozen bool) (
	p incidentPage, whole bool,
) {
	asOf, _ := v.clock()
	revision := 0
	if frozen {
		asOf, revision = inc.UpdatedAt, inc.Revision
	}
	points, whole := v.charts.told(ctx, inc)
	changed, known := v.changesOf(ctx, inc)
	whole = whole && known
	// Everything below takes its time from asOf: a call of the clock on a frozen page
	// would make it say something else each day.
	head := v.headlineOf(inc, asOf)
	p = incidentPage{
		Head: head, Chart: v.chartOf(inc, points, asOf),
		States: v.groupsOf(inc), SitesTotal: inc.SitesTotal,
		Exonerated: v.blameless(
			inc,
		), Reasons: v.reasons(inc), Unknown: v.unknowns(inc), Seen: inc.Symptoms, Cite: v.cite(inc),
		Revisions: v.revisionsOf(inc), Frozen: frozen, Newest: head.URL,
		SitesJSON: fmt.Sprintf("%s/v1/incidents/%s/sites", v.prefix, inc.ID),
		Changed:   changed, Last: inc.Revision,
	}
	p.shell = v.shell(incidentPath(inc.ID, revision), v.dated(inc, head.Title), v.describeHead(head))
	p.inMarkdown(v.prefix + incidentPath(inc.ID, revision) + asMarkdown)
	// The picture's address has the revision, because messengers keep a picture by its
	// address and would show an old one.
	v.illustrate(
		&p.shell,
		fmt.Sprintf("/card/incident/%s@%d.png", inc.ID, inc.Revision),
		lines(p.Title+".", p.Description),
	)
	if frozen {
		p.SitesJSON = fmt.Sprintf("%s/v1/incidents/%s/revisions/%d", v.prefix, inc.ID, inc.Revision)
		p.Since = v.changesLink(inc)
		p.freeze(v.moment(asOf, formDated))
	} else {
		p.Head.Note = lines(head.Note, v.unchecked(inc))
		p.follow(inc.ID, inc.Revision, head.Word+": "+head.Title)
		p.Reports = v.causeReports(ctx, inc, points, asOf)
		v.inPartOf(&p, inc)
	}
	p.Withdrawn = inc.State == faultline.StateRetracted
	if p.Withdrawn { // kept for who has its address, and for nobody who searches
		p.Title = head.Word + ": " + p.Title
		p.noIndex()
	}
	p.Drill = p.Drill || inc.Drill
	v.explain(&p, inc)
	p.Rejected = v.rejectedRows(inc)
	p.Proof = v.proofOf(inc)
	v.quote(&p, inc)
	return p, whole
}

// causeReports draws what people reported of the sites on the cause. Frozen pages go without
// it, because series are kept for a limited time: a page that is quoted must not lose a chart
// later.
func (v *localizer) causeReports(ctx context.Context, inc *faultline.Incident, points []point, asOf time.Time) *figure {
	if inc.Cause == nil {
		return nil
	}
	// The same stretch of time as the chart above it, so that both can be read against
	// each other.
	shown := spanOf(inc, points, asOf)
	of := string(inc.Cause.Component)
	// A site's series is kept by its bare name, a component's with its kind.
	if inc.Cause.Kind == faultline.KindSite {
		of = inc.Cause.Component.Name()
	}
	s, ok := v.seriesOf(ctx, of, stepFor(shown.to.Sub(shown.from)), shown.from, shown.to)
	if !ok {
		return nil
	}
	f := v.reportsFigure(s, "chart-reports", shown, panelHeight)
	return &f
}

// describeHead says the headline block in one sentence: for the description of the
// page, which search engines and messengers show, and for the text of its picture.
func (v *localizer) describeHead(h headline) string {
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
			n = v.say("number.of", "N", t.N, "Of", t.Of)
		}
		sentence += " " + n + " " + t.What + "."
	}
	return sentence
}

// quote lists what the provider published, and what was put right since.
func (v *localizer) quote(p *incidentPage, inc *faultline.Incident) {
	p.Provider = v.say("provider.unnamed_within")
	if inc.Cause != nil {
		p.Provider = inc.Cause.Name
	}
	p.Statements = v.statements(inc.Statements)
	for _, corr := range inc.Corrections {
		p.Corrected = append(
			p.Corrected,
			correctionRow{When: v.moment(corr.At, formDated), By: corr.By, Text: corr.Text},
		)
	}
}

// statements are what a provider published, each with how long after the onset that
// was. Their text is shown as it is, and in the language that it is in. Nothing of them
// is translated or shortened: they are quotations.
func (v *localizer) statements(said []faultline.SaidStatement) []statementRow {
	var rows []statementRow
	for _, st := range said {
		rows = append(rows, statementRow{When: v.moment(st.At, formDated), Status: statusWords(st.Status),
			Lag: v.lag(time.Duration(st.LagS) * time.Second), Source: st.Source, Text: st.Text})
	}
	return rows
}

// revisionsOf links the newest revisions, at most revisionsBack. Older ones are reached
// through the slider or by their number in the address.
func (v *localizer) revisionsOf(inc *faultline.Incident) []revisionLink {
	var links []revisionLink
	for n := inc.Revision; n > 0 && len(links) < revisionsBack; n-- {
		links = append(links, revisionLink{
			N:    n,
			Page: v.link(incidentPath(inc.ID, n)),
			URL:  fmt.Sprintf("%s/v1/incidents/%s/revisions/%d", v.prefix, inc.ID, n),
		})
	}
	return links
}

// cite writes what others may quote, with the address of the revision: what is quoted must
// not change its meaning later. A drill's sentence begins by saying that it is one.
func (v *localizer) cite(inc *faultline.Incident) citation {
	cite := citation{Live: v.whole(incidentPath(inc.ID, 0)), Frozen: v.whole(incidentPath(inc.ID, inc.Revision)),
		Take: v.take(incidentPath(inc.ID, inc.Revision))}
	picture := v.prefix + "/card" + incidentPath(inc.ID, inc.Revision)
	shape := "?lang=" + v.Lang
	cite.PNG, cite.SVG, cite.CSV, cite.N = picture+".png"+shape, picture+".svg"+shape, v.csvPath(inc), inc.Revision
	cite.Text = v.say("cite.text", "Sentence", v.sentence(inc), "Revision", v.number(inc.Revision),
		"Time", v.moment(inc.UpdatedAt, formDated).Text, "URL", cite.Frozen)
	if inc.Drill || v.cfg.Drill {
		cite.Text = v.say("cite.drill") + cite.Text
	}
	return cite
}

// sentence says an incident with its date, so that it can be quoted by itself. The number of
// failing sites comes with its denominator and its time, or not at all: "48 sites fail" alone
// would be read as all there are.
func (v *localizer) sentence(inc *faultline.Incident) string {
	said := inc.Headline
	// The headline is written by the engine in English alone; other languages put the
	// title into a sentence with the day.
	if v.Lang != sourceLanguage || said == "" {
		said = v.say("cite.dated", "Title", v.title(inc), "Day", v.day(inc.Onset.At))
	}
	if inc.State == faultline.StateRetracted || inc.State == faultline.StateMerged {
		said = v.stateWord(inc.State) + ": " + said // nobody may quote it as an outage of its own
	}
	im := inc.Impact
	// Of so few sites a share says little. More failing than observed sites is no share.
	if im.Failing < sitesCounted || im.Failing > im.Observed {
		return said
	}
	return lines(said, v.say("cite.numbers", "Time", inc.UpdatedAt.UTC().Format("15:04"),
		"Of", v.outOf(im.Failing, im.Observed), "Where", v.onCause(inc.Cause)))
}

// changesLink is the address at which the newest page says what changed since this revision.
func (v *localizer) changesLink(inc *faultline.Incident) string {
	path := v.link(incidentPath(inc.ID, 0))
	join := "?"
	if strings.Contains(path, "?") {
		join = "&"
	}
	return path + join + "since=" + strconv.Itoa(inc.Revision) + "#changes"
}
