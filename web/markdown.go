package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// mediaMarkdown is the media type of RFC 7763.
const mediaMarkdown = "text/markdown; charset=utf-8"

// markdownPaths adds the front page and the page of a list of things as Markdown, in
// English. Other pages answer with Markdown at their own address with .md at its end.
// They are for assistants and for scripts, to which layout says nothing. English alone
// is enough for both.
func (w *Web) markdownPaths(r gin.IRouter) {
	for path, write := range map[string]func(*gin.Context) (string, []string, error){
		"/stack.md": w.stackMarkdown, "/now.md": w.nowMarkdown,
	} {
		r.Match([]string{http.MethodGet, http.MethodHead}, path, w.answer(w.policies.static,
			func(c *gin.Context, _ *localizer) error { return writeMarkdown(c, write) }))
	}
}

// writeMarkdown answers with what write returns, or returns its error for a fault page.
// It is not compressed ahead (Plain): such an answer is asked for seldom and is small.
func writeMarkdown(c *gin.Context, write func(*gin.Context) (string, []string, error)) error {
	text, cache, err := write(c)
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, page.File([]byte(text), mediaMarkdown).Plain(), cache)
	return nil
}

// inMarkdown escapes a text that others wrote, such as a name or a provider's statement. It
// must not be read as markup: a link or a heading in it would look like ours.
var inMarkdown = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;",
	"#", `\#`, "|", `\|`, "\r", " ", "\n", " ")

// incidentMarkdown is an incident's page as Markdown. That of a fixed revision never changes
// and may be kept for good.
func (w *Web) incidentMarkdown(c *gin.Context, name string) error {
	w.policies.static.set(c.Writer.Header())
	return writeMarkdown(c, func(c *gin.Context) (string, []string, error) {
		id, revision, err := readID(name)
		if err != nil {
			return "", nil, faultline.ErrNotFound
		}
		ctx, cancel := context.WithTimeout(c, renderLimit)
		defer cancel()
		inc, err := w.cfg.Source.Incident(ctx, id, revision)
		if err != nil {
			return "", nil, err
		}
		cache := page.CacheCurrent
		if revision > 0 {
			cache = page.CacheImmutable
		}
		return w.incidentText(&inc), cache, nil
	})
}

// markdownSites bounds the sites that an incident names in Markdown; how many more there are
// is said.
const markdownSites = 50

// drillMark stands before the title of whatever a drill made, because titles are quoted
// alone.
const drillMark = "DRILL, not real: "

// incidentText is an incident in Markdown: title, sentence, facts one a line, sites, and what
// the provider published. It gives the numbers on which the cause rests, so that an assistant
// need not guess how sure it is.
func (w *Web) incidentText(inc *faultline.Incident) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	drill := ""
	if inc.Drill {
		drill = drillMark
	}
	if inc.State == faultline.StateRetracted {
		drill += "WITHDRAWN: "
	}
	say("# %s%s\n\n", drill, inMarkdown.Replace(inc.Title))
	if inc.MergedInto != nil {
		say("Part of another incident: %s\n\n", w.absolute("/incident/"+*inc.MergedInto+".md"))
	}
	if inc.Headline != "" {
		say("%s\n\n", inMarkdown.Replace(inc.Headline))
	}
	at := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
	say("- State: %s (revision %d, %s)\n- Began: %s, between %s and %s\n", inc.State, inc.Revision, at(inc.UpdatedAt),
		at(inc.Onset.At), at(inc.Onset.Earliest), at(inc.Onset.Latest))
	if inc.ResolvedAt != nil {
		say("- Ended: %s\n", at(*inc.ResolvedAt))
	}
	say("- Failing: %d of %d sites observed on the cause\n", inc.Impact.Failing, inc.Impact.Observed)
	if inc.Cause == nil {
		say("- Cause: not known; the failing sites share nothing that is known\n")
	} else {
		say("- Cause: %s (`%s`), confidence %.2f\n", inMarkdown.Replace(inc.Cause.Name), inc.Cause.Component,
			inc.Cause.Confidence)
		for _, other := range inc.Cause.Alternatives {
			say("- Also possible: `%s`, confidence %.2f (%s)\n", other.Component, other.Confidence,
				inMarkdown.Replace(other.Reason))
		}
	}
	say("- Evidence: %d of %d probes failed, from %d vantages; %d reports from %d networks\n",
		inc.Evidence.ProbesFailed,
		inc.Evidence.Probes, inc.Evidence.Vantages, inc.Evidence.Reports, inc.Evidence.Networks)
	if inc.Basis == faultline.BasisReports {
		say("- Reports alone say so; probes cannot check it\n")
	}
	w.sitesText(&b, inc)
	for i, s := range inc.Statements {
		if i == 0 {
			say("\n## What the provider says\n\n")
		}
		say("- %s, %s: %s\n", at(s.At), inMarkdown.Replace(s.Status), inMarkdown.Replace(s.Text))
	}
	say("\nSource: Faultline, %s, revision %d. CC BY 4.0.\n", w.absolute("/incident/"+inc.ID), inc.Revision)
	return b.String()
}

// sitesText lists the first sites, and how many more there are. The table's head is
// written only when there is a row, because some readers show an empty table as text.
func (w *Web) sitesText(b *strings.Builder, inc *faultline.Incident) {
	shown := inc.Sites[:min(len(inc.Sites), markdownSites)]
	if len(shown) > 0 {
		b.WriteString("\n## Sites\n\n| site | state | symptom |\n|---|---|---|\n")
	}
	for _, s := range shown {
		fmt.Fprintf(b, "| %s | %s | %s |\n", inMarkdown.Replace(s.Site), s.State, s.Symptom)
	}
	if more := inc.SitesTotal - len(shown); more > 0 && len(shown) > 0 {
		fmt.Fprintf(b, "\nand %d more\n", more)
	}
}

// stackMarkdown answers for the list of things in ?of=, with the sentence that the API has.
func (w *Web) stackMarkdown(c *gin.Context) (string, []string, error) {
	if w.cfg.Stack == nil {
		return "", nil, faultline.ErrUnavailable
	}
	items, err := faultline.ReadStack(c.Query("of"), w.cfg.Lookup, w.cfg.Providers)
	if err != nil {
		return "", nil, faultline.ErrNotFound
	}
	stack, err := w.cfg.Stack(items)
	if err != nil {
		return "", nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n| name | kind | state |\n|---|---|---|\n", inMarkdown.Replace(stack.Verdict.Sentence))
	for _, t := range stack.Things {
		state := string(t.State)
		if !t.Covered {
			state = "not covered"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", inMarkdown.Replace(t.Name), t.Kind, state)
	}
	w.openText(&b, stack.Open)
	return b.String(), page.CacheCurrent, nil
}

// openText lists the open outages. Nothing at all is written when there are none: a
// heading with nothing below it would read as if something had been left out.
func (w *Web) openText(b *strings.Builder, open []*board.Entry) {
	for i, e := range open {
		if i == 0 {
			b.WriteString("\n## Outages\n\n")
		}
		w.lineText(b, &e.Incident)
	}
}

// lineText is one incident in one line. What a drill made is marked in each line, because lines are
// quoted alone.
func (w *Web) lineText(b *strings.Builder, inc *faultline.Incident) {
	drill := ""
	if inc.Drill {
		drill = drillMark
	}
	fmt.Fprintf(b, "- [%s%s](%s): %s, %d of %d sites observed are failing\n", drill, inMarkdown.Replace(inc.Title),
		w.absolute("/incident/"+inc.ID+".md"), inc.State, inc.Impact.Failing, inc.Impact.Observed)
}

// nowMarkdown is the front page. While nothing is observed it says so first, and never
// that no outage is known. Candidates are listed and not counted, since the heading
// speaks of confirmed outages only.
func (w *Web) nowMarkdown(*gin.Context) (string, []string, error) {
	incidents, err := w.cfg.Source.Incidents()
	if err != nil {
		return "", nil, err
	}
	var b, open strings.Builder
	confirmed := 0
	for i := range incidents {
		if inc := &incidents[i]; inc.State.Open() {
			w.lineText(&open, inc)
			if inc.State != faultline.StateCandidate {
				confirmed++
			}
		}
	}
	coverage := w.cfg.Source.Coverage()
	switch {
	case confirmed > 0:
		are := "outages are"
		if confirmed == 1 {
			are = "outage is"
		}
		fmt.Fprintf(&b, "# %d confirmed %s going on\n\n", confirmed, are)
	case coverage.State == faultline.Blind:
		b.WriteString("# Nothing is observed just now\n\n")
	default:
		b.WriteString("# No confirmed outage is known\n\n")
	}
	if coverage.Note != "" {
		b.WriteString(coverage.Note + "\n\n")
	}
	asOf, _ := w.clock()
	fmt.Fprintf(&b, "%d of %d known sites are observed, from %d vantages, as of %s.\n\n%s", coverage.Observed,
		coverage.Known,
		coverage.Vantages, asOf.UTC().Format("2006-01-02 15:04:05 UTC"), open.String())
	return b.String(), page.CacheCurrent, nil
}
