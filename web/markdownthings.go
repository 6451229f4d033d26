package web

import (
	"fmt"
	"strings"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// asMarkdown is what ends the address of a page that is asked for as Markdown.
const asMarkdown = ".md"

// inMarkdown names the address of the page as Markdown in the page's head, where assistants
// and other programs look for other forms of it.
func (s *shell) inMarkdown(address string) {
	s.Feeds = append(s.Feeds, feedLink{address, "text/markdown"})
}

// thingMarkdown answers with a page as Markdown, for assistants and for people who paste it.
// It is made of the data of the page itself, in English, so that both say the same: also that
// nothing is observed. The key is the page's, which keeps the text as long as the page.
func (w *Web) thingMarkdown(c *gin.Context, key string, text func(v *localizer, incidents []faultline.Incident) string,
) error {
	// Text needs neither style nor script: its policy is that of files.
	w.policies.static.set(c.Writer.Header())
	v := w.localizers[sourceLanguage]
	p, err := w.cache.GetAt(v.keyed(key+asMarkdown), w.cfg.Wall(), func() (*page.Page, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return nil, err
		}
		return page.File([]byte(text(v, incidents)), mediaMarkdown).KeptFor(page.CacheCurrent), nil
	})
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, p, nil)
	return nil
}

// siteMarkdown answers if a name is that of a known site with .md at its end. Moldova's
// top-level domain is .md too: a site that is known by the whole name comes first.
func (w *Web) siteMarkdown(c *gin.Context, asked string) (shown bool, err error) {
	name, cut := strings.CutSuffix(asked, asMarkdown)
	if !cut {
		return false, nil
	}
	if whole, err := w.cfg.Lookup(asked); err == nil && whole.Site == asked {
		return false, nil
	}
	// A name without a dot is no site's address. Without this test "what.md" would lead
	// to whatever "what" is short for.
	if record, err := w.cfg.Lookup(name); err == nil && strings.Contains(name, ".") {
		return true, w.siteText(c, record)
	}
	return false, nil // the whole name may be one that can be checked
}

// siteText answers with what the page of a site says.
func (w *Web) siteText(c *gin.Context, record faultline.SiteRecord) error {
	return w.thingMarkdown(c, "site/"+record.Site, func(v *localizer, incidents []faultline.Incident) string {
		status, listed := v.statusOf(record)
		p := v.sitePage(record, status, listed, incidents)
		// The order is that of the page.
		t := v.startText(p.shell, record.Site, p.Answer, p.Reason)
		if p.Cause != nil {
			t.incidents("Cause", []incidentLine{*p.Cause})
		}
		t.tallies(p.Counts)
		t.standings("What it depends on", p.Stands)
		if len(p.Uses) > 0 {
			t.standings("Where parts of its page come from", p.Uses)
		}
		t.notices(p.Notices)
		t.incidents("Incidents", p.History)
		return t.end("/site/" + record.Site)
	})
}

// componentMarkdown answers if a name is that of a known component with .md at its end. A
// component whose own name ends so comes first, as with sites.
func (w *Web) componentMarkdown(c *gin.Context, comp faultline.Component) (shown bool, err error) {
	v := w.localizers[sourceLanguage]
	name, cut := strings.CutSuffix(comp.Path(), asMarkdown)
	if !cut || comp.Kind() == faultline.KindSite {
		return false, nil
	}
	incidents, err := w.cfg.Source.Incidents()
	if err != nil {
		return true, err
	}
	if _, known := v.componentPage(comp, incidents); known {
		return false, nil // its own name ends so
	}
	kind, name, _ := strings.Cut(name, "/")
	if comp = w.componentOf(kind, name); comp == "" {
		return false, nil
	}
	if _, known := v.componentPage(comp, incidents); !known {
		return false, nil
	}
	return true, w.thingMarkdown(c, "component/"+string(comp), func(
		v *localizer, incidents []faultline.Incident,
	) string {
		p, _ := v.componentPage(comp, incidents)
		t := v.startText(p.shell, p.Name, p.Answer, "")
		t.open(p.Open)
		t.tallies(p.Counts)
		t.statuses("Sites with failed probes or reports", p.Sites, p.SitesTotal)
		t.statements(p.Statements)
		t.incidents("Ended incidents", p.Ended)
		return t.end("/component/" + comp.Path())
	})
}

// providerMarkdown answers for a provider.
func (w *Web) providerMarkdown(c *gin.Context, of faultline.Provider) error {
	return w.thingMarkdown(c, "provider/"+of.Slug, func(v *localizer, incidents []faultline.Incident) string {
		p := v.providerPage(of, incidents)
		t := v.startText(p.shell, p.Name, p.Answer, "")
		t.open(p.Open)
		t.standings("Components", p.Parts)
		t.statuses("Its own sites", p.Sites, len(p.Sites))
		t.notices(p.Notices)
		t.statements(p.Statements)
		t.incidents("Ended incidents", p.Ended)
		return t.end("/provider/" + of.Slug)
	})
}

// thingText is the Markdown of a page while it is put together.
// It writes into a strings.Builder, which never fails, so that no method returns an
// error.
type thingText struct {
	*localizer
	b strings.Builder
}

// startText opens with what is said in answer, and with what can be said at all just now.
func (v *localizer) startText(s shell, name, answer, reason string) *thingText {
	t := &thingText{localizer: v}
	// The mark stands in the title: whoever pastes the text elsewhere takes it along.
	drill := ""
	if s.Drill {
		drill = drillMark
	}
	t.line("# %s%s\n\n%s\n", drill, inMarkdown.Replace(name), inMarkdown.Replace(answer))
	if reason != "" {
		t.line("\n%s\n", inMarkdown.Replace(reason))
	}
	if note := v.coverage().Note; note != "" {
		t.line("\n%s\n", inMarkdown.Replace(note))
	}
	if s.Stale {
		t.line("\nThis may be out of date.\n")
	}
	return t
}

// line writes by a format.
func (t *thingText) line(format string, args ...any) { fmt.Fprintf(&t.b, format, args...) }

// part opens a section with its title, if it has any rows, and reports whether it has.
// Where there are no rows it writes nothing. A title without rows would read as "none are
// known".
func (t *thingText) part(title string, rows int) bool {
	if rows > 0 {
		t.line("\n## %s\n\n", title)
	}
	return rows > 0
}

// markdownOf is the address of a page that another page links to, as Markdown: an assistant
// that follows a link stays among texts that it reads best.
func (t *thingText) markdownOf(link string) string {
	return t.absolute(strings.TrimPrefix(link, t.prefix)) + asMarkdown
}

// open lists open incidents.
func (t *thingText) open(open []headline) {
	t.part("Open incidents", len(open))
	for _, h := range open {
		t.line("- [%s](%s): %s\n", inMarkdown.Replace(h.Title), t.markdownOf(h.URL), h.Word)
	}
}

// incidents lists incidents under a title.
func (t *thingText) incidents(title string, lines []incidentLine) {
	t.part(title, len(lines))
	for _, l := range lines {
		t.line("- [%s](%s): %s, began %s\n", inMarkdown.Replace(l.Title), t.markdownOf(l.URL), l.Word,
			inMarkdown.Replace(l.Began.Text))
	}
}

// tallies lists numbers with their denominators.
func (t *thingText) tallies(counts []tally) {
	t.part("Counts", len(counts))
	for _, n := range counts {
		t.line("- %s %s\n", inMarkdown.Replace(n.Whole), inMarkdown.Replace(n.What))
	}
}

// standings is a table of components, with their incidents and how many of their sites fail.
// Every text from outside goes through inMarkdown, so that a provider's words cannot
// become markup.
func (t *thingText) standings(title string, rows []standing) {
	if t.part(title, len(rows)) {
		t.line("| name | kind | open incident | sites failing there |\n|---|---|---|---|\n")
	}
	for _, s := range rows {
		t.line("| %s | %s | %s | %s |\n", inMarkdown.Replace(s.Name), s.Kind, s.Word, inMarkdown.Replace(s.Neighbours))
	}
}

// statuses is a table of sites. total is how many there are, and what the table leaves out is
// counted.
func (t *thingText) statuses(title string, rows []statusRow, total int) {
	if t.part(title, len(rows)) {
		t.line("| site | state | probes failed | reports |\n|---|---|---|---|\n")
	}
	for _, s := range rows {
		t.line("| %s | %s | %s | %s |\n", inMarkdown.Replace(s.Site), s.Word, s.Probes, s.Reports)
	}
	if more := total - len(rows); more > 0 && len(rows) > 0 {
		t.line("\nand %d more\n", more)
	}
}

// notices lists what providers have announced.
func (t *thingText) notices(rows []noticeRow) {
	t.part("Announced", len(rows))
	for _, n := range rows {
		t.line("- %s: %s\n", inMarkdown.Replace(n.What), inMarkdown.Replace(n.Text))
	}
}

// statements lists what a provider published.
func (t *thingText) statements(rows []statementRow) {
	t.part("What the provider says", len(rows))
	for _, s := range rows {
		t.line("- %s, %s: %s\n", inMarkdown.Replace(s.When.Text), inMarkdown.Replace(s.Status),
			inMarkdown.Replace(s.Text))
	}
}

// end says what this is from and of when it is, since the text is read apart from its page,
// and returns the whole.
func (t *thingText) end(path string) string {
	asOf, _ := t.clock()
	t.line("\nSource: Faultline, %s, as of %s. CC BY 4.0.\n", t.absolute(path),
		asOf.UTC().Format("2006-01-02 15:04:05 UTC"))
	return t.b.String()
}
