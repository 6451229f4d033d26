//go:build check

package main

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/page"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// The most that a first visit to one of the three pages that most people open may cost.
const (
	visitBytes    = 25 << 10 // compressed, of everything that is loaded
	visitRequests = 4
)

// watched notes how much a page moves while it loads, and when its largest part is painted.
const watched = `window.measured = {moved: 0, painted: 0};
new PerformanceObserver((l) => { for (const e of l.getEntries()) if (!e.hadRecentInput) measured.moved += e.value; })
	.observe({type: "layout-shift", buffered: true});
new PerformanceObserver((l) => { for (const e of l.getEntries()) measured.painted = e.startTime; })
	.observe({type: "largest-contentful-paint", buffered: true});`

// watching has each new document of a tab note what watched says.
func watching() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument,
			page.AddScriptToEvaluateOnNewDocumentParams{Source: watched})
		return err
	})
}

// testLight: the pages that most people open are light, ask for little, and do not move while
// they load.
func testLight(t *testing.T, b browser, p *process, id string) {
	tab := b.open(t)
	tab.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch), watching())
	for _, path := range []string{"/", "/site/reddit.com", "/incident/" + id} {
		tab.opens(p.url + path)
		tab.becomes("the page is painted", "document.readyState === 'complete' && measured.painted > 0")
		// What the script of a page fetches later is an update: the outage goes on meanwhile.
		const loaded = "['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type))" +
			".filter((e) => e.initiatorType !== 'fetch')" +
			// What is asked for a second time, as the icon may be, comes from the browser's cache.
			".filter((e, i, all) => all.findIndex((o) => o.name === e.name) === i)"
		bytes := value[int](tab, loaded+".reduce((sum, e) => sum + e.encodedBodySize, 0)")
		requests := value[int](tab, loaded+".length")
		moved := value[float64](tab, "measured.moved")
		if bytes > visitBytes || requests > visitRequests || moved > 0 {
			t.Errorf("%s weighs %d bytes in %d requests and moves by %.3f", path, bytes, requests, moved)
		}
		t.Logf("%s weighs %d bytes in %d requests", path, bytes, requests)
	}
}
