package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// hostile is a newspaper's page that makes it hard for what it embeds: another
// origin, a strict policy, dark, narrow. It notes what frames tell it.
const hostile = `<!doctype html><html lang="en"><title>News</title>
<style nonce="n">:root{color-scheme:dark;background:#000;color:#fff}body{width:300px;margin:0 auto}img{max-width:100%%;height:auto}</style>
<script nonce="n">window.heard = []; addEventListener("message", (e) => window.heard.push(e.data));</script>
<h1>It is not only you</h1>%s`

const hostilePolicy = "default-src 'none'; style-src 'nonce-n'; script-src 'nonce-n' %[1]s; " +
	"frame-src %[1]s; img-src %[1]s"

// taken returns the snippet of one of the six ways, for a page elsewhere.
func taken(page *tab, p *process, way string) string {
	text := value[string](page, fmt.Sprintf("document.getElementById('take-%s').value", way))
	return strings.NewReplacer(`src="/`, `src="`+p.url+`/`, `href="/`, `href="`+p.url+`/`).Replace(text)
}

// testTake takes an incident in each of the ways that are offered, and puts it on
// a hostile page.
func testTake(t *testing.T, b browser, p *process, id string) {
	ours := b.open(t)
	ours.opens(p.url + "/developers?of=incident/" + id)
	ways := map[string]string{}
	for _, way := range []string{"card", "frame", "element", "png", "svg", "url"} {
		ways[way] = taken(ours, p, way)
	}
	// A picture that the machine was too busy to answer is asked for again, as readers do.
	const missing = "[...document.images].some((i) => i.complete && i.naturalWidth === 0)"
	ours.do(chromedp.Navigate("about:blank")) // its preview is a frame of the same address
	for way, shown := range map[string]string{
		"card": fmt.Sprintf(
			"document.querySelector('blockquote strong').innerText === %q && "+
				"document.querySelector('blockquote').innerText.includes('Not known:')", playedTitle),
		"frame":   "heard.some((m) => m.type === 'faultline:height' && m.height > 150)",
		"element": "parseFloat(document.querySelector('faultline-incident iframe').style.height) > 150",
		"png": "document.querySelector('img').naturalWidth === 1200 && " +
			"document.querySelector('img').alt.includes('Fastly')",
		"svg": "document.querySelector('img').naturalWidth === 1200",
	} {
		t.Run(way, func(t *testing.T) {
			host := foreignSite(t, func(w http.ResponseWriter, _ *http.Request) error {
				w.Header().Set("Content-Security-Policy", fmt.Sprintf(hostilePolicy, p.url))
				_, err := fmt.Fprintf(w, hostile, ways[way])
				return err
			})
			theirs := b.open(t)
			theirs.do(chromedp.EmulateViewport(320, 640))
			eventually(t, pageLimit, way+" is shown", func() bool {
				theirs.do(chromedp.Navigate(host + "/"))
				theirs.becomes(way+" is shown, or its picture is missing", shown+" || "+missing)
				return !value[bool](theirs, missing)
			})
			asked, _ := theirs.heard()
			if way == "card" && len(asked) != 1 {
				t.Errorf("the card asks for %q", asked)
			}
			if way == "frame" {
				theirs.tellsItsHeight(b, p.url+"/embed/incident/"+id)
			}
		})
	}
	if !strings.HasPrefix(ways["url"], "/incident/"+id+"@") {
		t.Errorf("the address alone is %q", ways["url"])
	}
	const frozen = "document.querySelector('.frozen') !== null"
	for range 5 { // a busy store may ask for another try
		ours.opens(p.url + strings.TrimSpace(ways["url"]))
		if value[bool](ours, frozen) {
			break
		}
	}
	ours.becomes("the address leads to the frozen page", frozen)
}

// tellsItsHeight: the frame says how high it is in three ways, and that is how
// high it is.
func (p *tab) tellsItsHeight(b browser, address string) {
	p.t.Helper()
	full := value[string](p, "document.querySelector('iframe').src")
	if !strings.HasPrefix(full, address) {
		p.t.Fatalf("the frame shows %s", full)
	}
	frame := b.open(p.t, chromedp.WithTargetID(p.frame(full)))
	frame.becomes("it names the incident",
		fmt.Sprintf("document.readyState === 'complete' && document.querySelector('h1')?.innerText === %q",
			playedTitle))
	high := value[int](frame, "Math.ceil(document.body.getBoundingClientRect().height)")
	for what, told := range map[string]string{
		"in our words": fmt.Sprintf("heard.some((m) => m.type === 'faultline:height' && m.height === %d)", high),
		"to AMP": fmt.Sprintf(
			"heard.some((m) => m.sentinel === 'amp' && m.type === 'embed-size' && m.height === %d)", high),
		"to Pym.js": fmt.Sprintf("heard.includes('pymxPYMxxPYMxheightxPYMx%d')", high),
	} {
		p.becomes("it tells its height "+what, told)
	}
	value[bool](p,
		"heard.length = 0, document.querySelector('iframe').contentWindow.postMessage('faultline:height?', '*'), true")
	p.becomes("it tells its height again to who asks", "heard.some((m) => m.type === 'faultline:height')")
	if wide := value[int](frame,
		"document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
		p.t.Errorf("the widget is %d points too wide", wide)
	}
	_, troubles := frame.heard()
	for _, trouble := range troubles {
		p.t.Errorf("in the console of the widget: %s", trouble)
	}
}

// testFreezes takes the server away from an open widget.
func testFreezes(t *testing.T, b browser) {
	p := startServe(t, []string{"FAULTLINE_STATE_DIR=" + shortDir(t)}, "--drill", playedDrill, "--speed", "60")
	id := confirmed(t, p)
	widget := b.open(t)
	widget.opens(p.url + "/embed/incident/" + id)
	widget.listens(p.url + "/v1/stream")
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	widget.becomes("it says that it is not updating",
		"/^As of .* UTC, not updating\\.$/.test(document.getElementById('link').innerText)")
	if got := value[string](widget, "document.querySelector('h1').innerText"); got != playedTitle {
		t.Errorf("it says %q", got)
	}
}
