package main

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"faultline"
	"faultline/scenario"
)

// quietSites are sites of the drill's map that it has nobody report while the
// tests run, nor in the ten minutes before.
func quietSites(t *testing.T, n int) []string {
	t.Helper()
	s, err := scenario.Builtin(playedDrill)
	if err != nil {
		t.Fatal(err)
	}
	reported := map[string]bool{}
	for at, ev := range s.Arrivals() {
		if at.After(s.Onset.Add(10 * time.Minute)) {
			break
		}
		if r, ok := ev.(faultline.Report); ok && at.After(s.Onset.Add(-15*time.Minute)) {
			reported[r.Site] = true
		}
	}
	var quiet []string
	for _, r := range s.Records() {
		if !reported[r.Site] {
			quiet = append(quiet, r.Site)
		}
	}
	if len(quiet) < n {
		t.Fatalf("the drill leaves %d sites in peace: %q", len(quiet), quiet)
	}
	return quiet[:n]
}

// onPhone is a phone in the hand.
var onPhone = chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch)

// scripts says whether pages may run any.
func scripts(run bool) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled,
			emulation.SetScriptExecutionDisabledParams{Value: !run})
		return err
	})
}

// testTap reports a site from its page, twice: one person counts once.
func testTap(t *testing.T, b browser, p *process, site string, script bool) {
	phone := b.open(t)
	phone.do(onPhone, scripts(script))
	phone.opens(p.url + "/site/" + site)
	if got := value[bool](phone, "document.querySelector('#report form') !== null"); !got {
		t.Fatal("there is no form")
	}
	phone.tapReport(site, "Thank you: your report is counted.")
	counts(t, p, site, 1)
	phone.tapReport(site, "Thank you. This report was not counted: one person counts once in 10 minutes")
	counts(t, p, site, 1)
	phone.isClean(p.url)
}

// testTooMuch reports a site, without JavaScript, more often than a node allows.
func testTooMuch(t *testing.T, b browser, site string) {
	p := startServe(t, []string{"FAULTLINE_STATE_DIR=" + shortDir(t)}, "--drill", playedDrill, "--speed", "1",
		"--person-limit", "3")
	phone := b.open(t)
	phone.do(onPhone, scripts(false), chromedp.Navigate(p.url+"/site/"+site))
	phone.tapReport(site, "Thank you: your report is counted.") // a third of a minute's worth at once: one
	phone.tap("#again > summary")
	phone.tap("#symptom-other")
	phone.becomes("a page says when to try again",
		"document.querySelector('.kicker')?.innerText === '429' && /Try again in \\d+ "+
			"seconds?\\./.test(document.querySelector('.lead').innerText)")
	// as a reader does who asks for the address again
	phone.do(chromedp.Navigate(value[string](phone, "location.href")))
	phone.becomes("the form is there again",
		fmt.Sprintf("location.pathname === %q && document.querySelector('#report form') !== null", "/site/"+site))
	counts(t, p, site, 1)
}

// tapReport reports the site whose page is shown: by the first button, or after a report
// by the summary of those who report again. A machine that many things share may be too
// busy to take the report; then the page says that nothing was counted, and a person
// opens the site's page once more.
func (p *tab) tapReport(site, receipt string) {
	p.t.Helper()
	const busy = "document.querySelector('.kicker')?.innerText === '503'"
	received := fmt.Sprintf("location.pathname === %q && document.querySelector('.receipt')?.innerText.startsWith(%q)",
		"/site/"+site, receipt)
	eventually(p.t, pageLimit, "the report of "+site+" is taken", func() bool {
		if value[bool](p, "document.getElementById('again') !== null") {
			p.tap("#again > summary")
		}
		p.tap("#symptom-other")
		p.becomes("the page tells what became of the report", received+" || "+busy)
		if !value[bool](p, busy) {
			return true
		}
		p.opens(value[string](p, "location.origin") + "/site/" + site)
		return false
	})
}

// counts waits until a site has been reported n times, and no more.
func counts(t *testing.T, p *process, site string, n int) {
	t.Helper()
	reports := 0
	eventually(t, pageLimit, fmt.Sprintf("%d report of %s counted", n, site), func() bool {
		var status faultline.SiteStatus
		ok := p.get("/v1/sites/"+site, &status) == http.StatusOK
		reports = status.Reports
		return ok && reports >= n
	})
	if reports != n {
		t.Errorf("%s: %d reports, want %d", site, reports, n)
	}
}

// forgery is a page of somebody else that makes its readers report. With
// Fetch, by a script in passing; else the reader is taken along.
var forgery = template.Must(template.New("").Parse(`<!doctype html><title>Kittens</title>
<form method="post" action="{{.Action}}"><input name="symptom" value="http_503">{{with .Token}}<input name="token" value="{{.}}">{{end}}</form>
<script>
const form = document.forms[0];
{{if .Fetch}}fetch(form.action, {method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams(new FormData(form))}){{else}}form.submit(){{end}};
</script>`))

// testForgery lets a foreign page send the form from its reader's browser, then
// has the reader report in earnest: had anything counted, that would not.
func testForgery(t *testing.T, b browser, p *process, site string) {
	reader := b.open(t)
	reader.opens(p.url + "/site/" + site)
	stolen := value[string](reader, "document.getElementById('token').value")
	if stolen == "" {
		t.Fatal("the form has no token")
	}
	foreign := foreignSite(t, func(w http.ResponseWriter, r *http.Request) error {
		return forgery.Execute(w, map[string]any{"Action": p.url + "/site/" + site + "/report",
			"Token": r.FormValue("token"), "Fetch": r.URL.Path == "/fetch"})
	})
	refused := `faultline_http_requests_total{code="403",method="POST",route="/site/:site/report"}`
	for i, page := range []string{"/submit", "/submit?token=" + stolen, "/fetch?token=" + stolen} {
		reader.do(chromedp.Navigate(foreign + page))
		if !strings.HasPrefix(page, "/fetch") {
			reader.becomes("the reader is told that it was not counted", fmt.Sprintf(
				"location.href.startsWith(%q) && document.querySelector('.kicker')?.innerText === '403'", p.url))
		}
		eventually(t, pageLimit, page+" is refused", func() bool { return p.metric(refused) == float64(i+1) })
	}
	reader.opens(p.url + "/site/" + site)
	reader.do(onPhone)
	reader.tapReport(site, "Thank you: your report is counted.")
	counts(t, p, site, 1)
	asked, _ := reader.heard()
	if !slices.Contains(asked, foreign+"/submit") {
		t.Errorf("the foreign page was never opened: %q", asked)
	}
}
