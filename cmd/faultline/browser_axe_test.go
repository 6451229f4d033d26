package main

import (
	"context"
	"faultline/pace"
	"faultline/web"
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

const (
	// axeRules are what pages are held to: WCAG 2.2 at levels A and AA, and what
	// axe-core's authors call best practice.
	axeRules = `{"resultTypes":["violations"],"runOnly":["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa",` +
		`"best-practice"]}`
	// axeColours are those of them that colours can break.
	axeColours = `{"resultTypes":["violations"],"runOnly":{"type":"rule","values":["color-contrast",` +
		`"link-in-text-block"]}}`
)

// axePass is one way through all pages.
type axePass struct{ scheme, lang, rules string }

// axePasses are the passes of this run: every day one, in English; in the thorough
// run each language, and the dark colours, which no language changes.
func axePasses() []axePass {
	passes := []axePass{{"light", "en", axeRules}}
	if pace.Thorough {
		for _, lang := range web.Languages()[1:] {
			passes = append(passes, axePass{"light", lang, axeRules})
		}
		passes = append(passes, axePass{"dark", "en", axeColours})
	}
	return passes
}

// axeResult is one rule that a page breaks, and where.
type axeResult struct {
	ID    string
	Nodes []struct {
		HTML           string
		FailureSummary string
	}
}

// shownIn has pages drawn in a colour scheme.
func shownIn(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	})
}

// everyPath is each page and each widget of the drill once, while its incident
// goes on.
func everyPath(id string) []string {
	return []string{
		"/", "/incident/" + id, "/incident/" + id + "@1", "/site/www.gov.uk", "/site/reddit.com?reported=1",
		"/component/cdn/fastly", "/provider/fastly", "/site?q=fastyl",
		"/stack", "/stack?of=reddit.com,cdn:fastly,nobody.example",
		"/archive", "/vantages", "/method", "/about", "/press",
		"/components?kind=cdn", "/providers", "/sites?q=e",
		"/developers", "/developers?of=site/reddit.com", "/site/word",
		"/concentration", "/scorecard", "/dumps", "/replays", "/replays/fastly-2021-06-08",
		"/embed/replays/fastly-2021-06-08?frame=30",
		"/embed/incident/" + id + "?parts=chart,table,evidence",
		"/embed/incident/" + id + "@1?theme=dark&tz=Europe/London", "/embed/site/reddit.com",
		"/embed/component/cdn/fastly?parts=chart", "/embed/now?theme=light",
	}
}

// testAccessible has axe-core check every page, with what folds away unfolded in
// English.
func testAccessible(t *testing.T, b browser, p *process, id string) {
	axe, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	tab := b.open(t)
	tab.opens(p.url + "/")
	value[bool](tab, "document.querySelector('main').append(document.createElement('input')), true")
	if found := tab.axe(string(axe), axeRules); len(found) != 1 || found[0].ID != "label" {
		t.Fatalf("axe is blind: it finds %v in a page with a field that nothing names", found)
	}
	for _, pass := range axePasses() {
		tab.do(chromedp.EmulateViewport(1000, 800), shownIn(pass.scheme))
		for _, path := range everyPath(id) {
			tab.opens(p.url + withLanguage(path, pass.lang))
			if pass.lang == "en" {
				value[bool](tab, "document.querySelectorAll('details').forEach((d) => { d.open = true }), true")
			}
			for _, said := range tab.broken(string(axe), pass.rules) {
				t.Errorf("%s in %s, %s: %s", path, pass.lang, pass.scheme, said)
			}
		}
	}
}

// broken is what axe finds wrong with a page, an element a text.
func (p *tab) broken(axe, rules string) (said []string) {
	p.t.Helper()
	for _, b := range p.axe(axe, rules) {
		for _, n := range b.Nodes {
			said = append(said, fmt.Sprintf("%s: %.300s: %.300s", b.ID, n.HTML, n.FailureSummary))
		}
	}
	return said
}

func withLanguage(path, lang string) string {
	for _, r := range path {
		if r == '?' {
			return path + "&lang=" + lang
		}
	}
	return path + "?lang=" + lang
}

// axe returns what the page that is shown breaks. Its frames are pages that are
// looked at themselves.
func (p *tab) axe(script, rules string) []axeResult {
	p.t.Helper()
	value[bool](p, script+"; true")
	broken, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]axeResult](
		fmt.Sprintf(
			"axe.run({exclude: [['iframe']]}, %s).then((r) => r.violations.map((v) => ({ID: v.id, Nodes: "+
				"v.nodes.map((n) => ({HTML: n.html, FailureSummary: n.failureSummary}))})))", rules),
		chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatal(err)
	}
	return broken
}
