package main

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

// openBefore starts the drill and opens its first page before anything fails, ten seconds
// after the start. A busy machine may take longer than that: then it starts another one.
func openBefore(t *testing.T, b browser) (p *process, now *tab) {
	t.Helper()
	eventually(t, tabLimit, "a page is open before the onset", func() bool {
		if p != nil {
			p.kill()
		}
		p = startServe(t, []string{"FAULTLINE_STATE_DIR=" + shortDir(t)}, "--drill", playedDrill, "--speed", "60")
		now = b.open(t)
		now.opens(p.url + "/")
		now.do(chromedp.WaitVisible(chromedp.CSS("aside.drill")))
		return !value[bool](now, "document.getElementById('broken') !== null")
	})
	return p, now
}

// testComesAlive watches two pages that are open while things happen, the first of them
// since before the onset.
func testComesAlive(t *testing.T, b browser, p *process, now *tab) {
	now.t = t
	now.mark()
	now.becomes("the open page tells of the incident",
		fmt.Sprintf("document.querySelector('#broken h2')?.innerText === %q", playedTitle))
	now.becomes("its title tells of the drill", "document.title.startsWith('Drill: ')")
	now.isMarked()
	if band := value[string](now,
		"document.querySelector('aside.drill').innerText"); band != "DRILL Nothing shown here is happening." {
		t.Errorf("the band says %q", band)
	}
	now.do(chromedp.WaitVisible(chromedp.CSS("aside.drill")))

	incident := b.open(t)
	incident.do(
		chromedp.Navigate(p.url + value[string](now, "document.querySelector('#broken h2 a').getAttribute('href')")))
	const told = "document.querySelector('main').dataset.revision"
	first, err := strconv.Atoi(value[string](incident, told))
	if err != nil {
		t.Fatal(err)
	}
	incident.mark()
	incident.becomes("the open incident tells its next revision", fmt.Sprintf("Number(%s) > %d", told, first))
	incident.becomes("it offers that to quote",
		fmt.Sprintf("document.getElementById('cite-text').value.includes('revision ' + %s + ',')", told))
	incident.isMarked()
	now.isClean(p.url)
	incident.isClean(p.url)
}

// mark writes on the document; isMarked finds it there, if the page was never
// loaded anew.
func (p *tab) mark() {
	p.t.Helper()
	value[bool](p, "document.marked = true")
}

func (p *tab) isMarked() {
	p.t.Helper()
	if !value[bool](p, "document.marked === true") {
		p.t.Error("the page was loaded anew")
	}
}

// confirmed waits for the drill's incident and returns its id.
func confirmed(t *testing.T, p *process) (id string) {
	t.Helper()
	eventually(t, pageLimit, "the incident is confirmed", func() bool {
		var list struct {
			Incidents []struct{ ID, Title string }
		}
		if p.get("/v1/incidents?state=open", &list) != http.StatusOK {
			return false
		}
		for _, in := range list.Incidents {
			if in.Title == playedTitle {
				id = in.ID
			}
		}
		return id != ""
	})
	return id
}
