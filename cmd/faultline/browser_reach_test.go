package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// narrow are the narrowest screens that pages must fit: a small phone, and a
// screen of 1280 points at 400 % (WCAG 2.2, 1.4.10).
var narrow = map[string]chromedp.Action[chromedp.Void]{
	"320 points": chromedp.EmulateViewport(320, 640, chromedp.EmulateMobile, chromedp.EmulateTouch),
	"400 %":      chromedp.EmulateViewport(320, 256, chromedp.EmulateScale(4)),
}

// testNarrow: nothing has to be scrolled sideways but tables in their boxes, and
// what is tapped is large enough (WCAG 2.2, 2.5.8).
func testNarrow(t *testing.T, b browser, p *process, id string) {
	tab := b.open(t)
	var addresses []string
	for _, path := range everyPath(id) {
		addresses = append(addresses, withLanguage(path, "en"), withLanguage(path, "de"))
	}
	for view, emulate := range narrow {
		tab.do(emulate)
		for _, address := range addresses {
			if said := tab.tooWide(p.url + address); said != "" {
				t.Errorf("%s: %s is %s", view, address, said)
			}
		}
	}
}

// tooWide says by how much a page with all of it unfolded is wider than the window, ""
// when it is not.
func (p *tab) tooWide(address string) string {
	p.t.Helper()
	p.opens(address)
	value[bool](p, "document.querySelectorAll('details').forEach((d) => { d.open = true }), true")
	wide := value[int](p, "document.documentElement.scrollWidth - document.documentElement.clientWidth")
	if wide <= 0 {
		return ""
	}
	return fmt.Sprintf("%d points too wide: %s", wide, value[string](p, widest))
}

// widest names what sticks out.
const widest = `[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth && !e.closest(".wide"))
	.slice(0, 3).map((e) => e.outerHTML.slice(0, 120)).join(" | ")`

// testKeyboard looks a site up and reports it without a pointer.
func testKeyboard(t *testing.T, b browser, p *process, site string) {
	tab := b.open(t)
	tab.do(chromedp.EmulateViewport(1000, 800))
	tab.opens(p.url + "/")
	tab.do(chromedp.KeyEvent(kb.Tab))
	if got := value[bool](tab, "document.activeElement.className === 'skip' && "+
		"document.activeElement.getBoundingClientRect().left >= 0"); !got {
		t.Error("the first stop is not the link to the content, in sight")
	}
	tab.tabTo("document.activeElement.id === 'q'")
	tab.do(chromedp.KeyEvent(site), chromedp.KeyEvent(kb.Enter))
	tab.becomes(
		"the site's page is there",
		fmt.Sprintf("location.pathname === %q && document.querySelector('#report form') !== null", "/site/"+site),
	)
	tab.tabTo("document.activeElement.matches('#symptoms > summary')")
	tab.do(chromedp.KeyEvent(kb.Enter))
	tab.becomes(
		"what can be said more exactly is there",
		"document.getElementById('symptom-timeout').checkVisibility()",
	)
	tab.tabTo("document.activeElement.id === 'symptom-timeout'")
	tab.do(chromedp.KeyEvent(kb.Enter))
	tab.becomes("the report is counted",
		"document.querySelector('.receipt')?.innerText.startsWith('Thank you: your report is counted.')")
	tab.isClean(p.url)
}

// tabTo presses the tabulator until an expression is true. Each stop must be seen.
func (p *tab) tabTo(reached string) {
	p.t.Helper()
	for range 60 {
		if value[bool](p, reached) {
			return
		}
		p.do(chromedp.KeyEvent(kb.Tab))
		if unseen := value[string](p, unseenFocus); unseen != "" {
			p.t.Errorf("the focus can't be seen on %s", unseen)
		}
	}
	p.t.Fatalf("no stop where %s", reached)
}

// unseenFocus names the focused element if nothing around it shows that.
const unseenFocus = `(() => { const e = document.activeElement, next = e.nextElementSibling;
	if (e === document.body) return "";
	const seen = [e, next].some((x) => x && getComputedStyle(x).outlineStyle !== "none");
	return seen ? "" : e.outerHTML.slice(0, 120); })()`

// testWithoutScript reads every page with scripts off: all that it says is there.
func testWithoutScript(t *testing.T, b browser, p *process, id string) {
	tab := b.open(t)
	tab.do(scripts(false))
	for path, says := range map[string]string{
		"/": playedTitle, "/incident/" + id: "Why we think so", "/site/reddit.com": "Report a problem with reddit.com",
		"/component/cdn/fastly": "Who depends on it",
		"/embed/incident/" + id: "Not known:", "/developers": "Plain HTML card", "/archive": playedTitle,
		"/method": "What we cannot do",
	} {
		tab.opens(p.url + path)
		if text := value[string](tab, "document.body.innerText"); !strings.Contains(text, says) {
			t.Errorf("%s without scripts does not say %q:\n%.600s", path, says, text)
		}
	}
}

// testSuggests finds a provider from a few letters, with keys alone.
func testSuggests(t *testing.T, b browser, p *process) {
	axe, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	tab := b.open(t)
	tab.do(chromedp.EmulateViewport(390, 844))
	tab.opens(p.url + "/")
	tab.tabTo("document.activeElement.id === 'q'")
	tab.do(chromedp.KeyEvent("fastly"))
	tab.becomes("something is suggested", "document.querySelectorAll('#found:not([hidden]) [role=option]').length > 0")
	tab.do(chromedp.KeyEvent(kb.ArrowDown))
	tab.becomes("the first is chosen",
		"document.getElementById(document.getElementById('q').getAttribute('aria-activedescendant'))?.ariaSelected "+
			"=== 'true'")
	for _, broken := range tab.axe(string(axe), axeRules) {
		for _, n := range broken.Nodes {
			t.Errorf("%s: %.300s: %.300s", broken.ID, n.HTML, n.FailureSummary)
		}
	}
	tab.do(chromedp.KeyEvent(kb.Escape))
	tab.becomes("the list is closed", "document.getElementById('found').hidden")
	tab.do(chromedp.KeyEvent(" "), chromedp.KeyEvent(kb.Backspace))
	tab.becomes("it is open again", "document.querySelectorAll('#found:not([hidden]) [role=option]').length > 0")
	tab.do(chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
	tab.becomes("its page is there", "location.pathname === '/provider/fastly'")
	tab.isClean(p.url)
}
