package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// testClean opens every kind of page at a desk and on a phone.
func testClean(t *testing.T, b browser, p *process) {
	id := confirmed(t, p)
	const live = "document.querySelector('main').dataset.live !== undefined"
	pages := []struct{ path, shown string }{ // and what says that it is there
		{"/", fmt.Sprintf("document.querySelector('#broken h2')?.innerText === %q && %s", playedTitle, live)},
		{"/incident/" + id, "document.querySelector('#chart svg') !== null && " + live},
		{"/site/www.gov.uk", "document.querySelector('#report form') !== null && " + live},
		{"/component/cdn/fastly", "document.querySelector('#sites table') !== null && " + live},
		{"/embed/incident/" + id, fmt.Sprintf("document.querySelector('h1')?.innerText === %q && %s",
			playedTitle, live)},
		{"/embed/site/www.gov.uk?parts=chart", "document.querySelector('h1') !== null && " + live},
		{"/embed/component/cdn/fastly", "document.querySelector('h1') !== null && " + live},
		{"/embed/now", "document.querySelector('article h2') !== null && " + live},
		{"/developers",
			"document.querySelectorAll('button.copy:not([hidden])').length === 6 && " +
				"parseInt(document.getElementById('preview-frame').style.height) > 150"},
		{"/archive", "document.querySelector('#lines a') !== null"},
		{"/method", "document.querySelectorAll('.prose').length === 6"},
		{"/about", "document.getElementById('contact') !== null"},
		{"/docs/", "document.querySelectorAll('.opblock').length > 5"},
	}
	views := map[string]chromedp.Action[chromedp.Void]{"desk": chromedp.EmulateViewport(1280, 800), "phone": onPhone}
	for view, emulate := range views {
		for _, page := range pages {
			t.Run(view+page.path, func(t *testing.T) {
				tab := b.open(t)
				tab.do(emulate)
				tab.opens(p.url + page.path)
				tab.becomes(page.path+" is shown", page.shown)
				if strings.HasSuffix(page.shown, live) {
					tab.listens(p.url + "/v1/stream")
				}
				if wide := value[int](tab,
					"document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
					t.Errorf("it is %d points too wide", wide)
				}
				tab.isClean(p.url)
			})
		}
	}
}

// listens waits until the page's script has asked for an address.
func (p *tab) listens(address string) {
	p.t.Helper()
	eventually(p.t, pageLimit, "it asks for "+address, func() bool {
		asked, _ := p.heard()
		return slices.Contains(asked, address)
	})
}
