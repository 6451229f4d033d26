package api

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

// stackNode holds one outage of Fastly with two sites, of which site000.example fails,
// and observes two other sites that are well.
func stackNode(t *testing.T, change ...func(*faultline.View)) *node {
	t.Helper()
	x := board.NewIndex()
	x.Put(faultline.SiteRecord{Site: "bbc.co.uk", Rank: 1, Components: []faultline.Component{"cdn:fastly"}})
	x.Put(faultline.SiteRecord{Site: "site000.example", Rank: 2, Components: []faultline.Component{"cdn:fastly"}})
	for i := range 3 {
		x.Put(
			faultline.SiteRecord{
				Site:       fmt.Sprintf("well%d.example", i),
				Rank:       9 + i,
				Components: []faultline.Component{"cloud:aws/us-east-1"},
			},
		)
	}
	providers := faultline.NewProviders([]faultline.Provider{
		{Slug: "fastly", Name: "Fastly", Components: []string{"cdn:fastly"},
			Sites: []string{"well2.example"}},
		{Slug: "amazon-web-services", Name: "AWS", Aliases: []string{"aws"}, Components: []string{"cloud:aws/*"}},
	})
	n := newNode(t, func(c *Config, b *board.Config, _ *stream.Config) { c.Index, b.Providers = x, providers })
	inc := incident(0, 1, 2)
	n.source.Publish(inc)
	n.run()
	n.await(inc)
	view := faultline.View{AsOf: n.clock.Now(), SitesKnown: 5, SitesObserved: 5, Vantages: 3}
	for i := range 3 {
		view.Well = append(view.Well, faultline.WellSite{Site: fmt.Sprintf("well%d.example", i), Probes: 9})
	}
	for _, f := range change {
		f(&view)
	}
	n.show(view)
	eventually(t, "answers are of the view", func() bool {
		s, err := n.board.Snapshot()
		return err == nil && s.Meta.AsOf != nil && s.Meta.AsOf.Equal(view.AsOf)
	})
	return n
}

func TestStackSaysWhatFailsAndWhy(t *testing.T) {
	n := stackNode(t)
	for of, want := range map[string]struct {
		state    board.StackState
		sentence string
	}{
		"site000.example,cdn:fastly,well0.example,aws": {board.StackFailing,
			"2 of your 4 are failing, both because of Fastly, since 09:47 UTC."},
		"Fastly, cdn:fastly, site000.example,well1.example": {board.StackFailing,
			"3 of your 4 are failing, all because of Fastly, since 09:47 UTC."},
		"https://site000.example,well0.example,nobody.test": {board.StackFailing,
			"1 of your 3 is failing, because of Fastly, since 09:47 UTC; 1 is not observed."},
		"fastly": {board.StackFailing, "Fastly is failing, since 09:47 UTC."},
		"well2.example": {board.StackSuspected,
			"well2.example may be affected: Fastly, which its owner runs, is failing, since 09:47 UTC."},
		"well0.example,cloud:aws": {board.StackOK, "None of your 2 is known to be failing."},
		"aws":                     {board.StackOK, "AWS is not known to be failing."},
		"well0.example,quiet.example": {board.StackUnknown,
			"None of the 1 of your 2 that we observe is failing; 1 is not observed."},
		"quiet.example": {board.StackUnknown,
			"quiet.example is not observed, so we cannot say how it does."},
	} {
		got := decode[StackAnswer](t, n.get("/v1/stack?of="+url.QueryEscape(of)).Body)
		if got.Verdict.State != want.state || got.Verdict.Sentence != want.sentence {
			t.Errorf("%s: %s %q, want %s %q", of, got.Verdict.State, got.Verdict.Sentence, want.state, want.sentence)
		}
	}
}

// An outage of the owner that is not confirmed is not said of a site as if it were: the site may
// be failing, and no more.
func TestStackDoesNotNameAnOwnersOutageThatIsNotConfirmed(t *testing.T) {
	n := stackNode(t)
	inc := incident(0, 2, 2)
	inc.State = faultline.StateCandidate
	n.source.Publish(inc)
	n.await(inc)
	got := decode[StackAnswer](t, n.get("/v1/stack?of=well2.example").Body)
	if got.Verdict.State != board.StackSuspected || got.Verdict.Cause != nil ||
		got.Verdict.Sentence != "well2.example may be failing; no probe has confirmed it." {
		t.Errorf("%s %q %+v", got.Verdict.State, got.Verdict.Sentence, got.Verdict.Cause)
	}
}

// What failed when it was last seen is said to be so of then, and not of now.
func TestStackSaysThatAnOutageIsNotSeenWhileBlind(t *testing.T) {
	n := stackNode(t, func(v *faultline.View) { v.Vantages, v.SitesObserved = 0, 0 })
	got := decode[StackAnswer](t, n.get("/v1/stack?of=site000.example,aws").Body)
	if got.Verdict.Failing == 0 || !strings.HasSuffix(got.Verdict.Sentence, "We cannot check this just now.") {
		t.Errorf("%+v", got.Verdict)
	}
	page := decode[StatuspageAnswer](t, n.get("/statuspage/stack/site000.example/api/v2/summary.json").Body)
	if page.Status == nil || !strings.Contains(page.Status.Description, "when it was last seen") {
		t.Errorf("%+v", page.Status)
	}
}

// Nothing is said to work by whoever sees nothing.
func TestStackIsNeverCalmWhileBlind(t *testing.T) {
	n := stackNode(t, func(v *faultline.View) { v.Vantages, v.SitesObserved = 0, 0 })
	got := decode[StackAnswer](t, n.get("/v1/stack?of=well0.example,aws").Body)
	if got.Verdict.OK != 0 || got.Verdict.State != board.StackUnknown ||
		!strings.HasPrefix(got.Verdict.Sentence, "Nothing is observed") {
		t.Errorf("%+v", got.Verdict)
	}
	if svg := n.get("/badge.svg?of=aws").Body.String(); !strings.Contains(svg, badgeColours[board.StackUnknown]) ||
		strings.Contains(svg, badgeColours[board.StackOK]) {
		t.Errorf("the badge is not grey: %s", svg)
	}
	if text := n.get("/metrics/stack?of=aws").Body.String(); !strings.Contains(
		text,
		`faultline_stack_state{id="amazon-web-services",kind="provider",name="AWS"} NaN`,
	) {
		t.Errorf("metrics: %s", text)
	}
}

func TestStackRefusesByName(t *testing.T) {
	n := stackNode(t)
	names := make([]string, faultline.MaxStack)
	for i := range names {
		names[i] = fmt.Sprintf("site%03d.example", i)
	}
	if w := n.get("/v1/stack?of=" + strings.Join(names, ",")); w.Code != http.StatusOK {
		t.Errorf("200 names: %d %s", w.Code, w.Body)
	}
	for _, query := range []string{"", "of=", "of=,", "of=" + strings.Join(names, ",") + ",bbc.co.uk",
		"of=nobody", "of=%00", "of=bbc.co.uk&x=1"} {
		if p := wantProblem(t, n.get("/v1/stack?"+query), http.StatusBadRequest); len(p.Errors) == 0 ||
			p.Errors[0].Parameter == "" {
			t.Errorf("%.40s: %+v", query, p)
		}
	}
}

// The same list chooses incidents wherever they are chosen.
func TestStackChoosesIncidents(t *testing.T) {
	n := stackNode(t)
	for path, takes := range map[string]bool{
		"/v1/incidents?of=site001.example,aws": true, "/v1/incidents?of=aws": false, "/v1/incidents?of=fastly": true,
		"/feed.atom?of=site001.example": true, "/feed.atom?of=aws,nobody.test": false,
		"/feed.json?of=cdn:fastly": true,
		"/feed.ics?of=fastly":      true, "/feed.ics?of=aws": false,
		"/statuspage/stack/fastly,aws/api/v2/incidents.json":   true,
		"/statuspage/stack/aws/api/v2/incidents.json":          false,
		"/statuspage/site/site001.example/api/v2/summary.json": true,
		"/statuspage/site/bbc.co.uk/api/v2/summary.json":       false,
	} {
		w := n.get(path)
		if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "Fastly-fronted") != takes {
			t.Errorf("%s: %d, takes %t: %s", path, w.Code, takes, w.Body)
		}
	}
	if text := n.get("/feed.atom?of=aws,nobody.test").Body.String(); !strings.Contains(
		text,
		"Not covered: nobody.test.",
	) {
		t.Errorf("the feed does not say what it can't know of: %s", text)
	}
	if w := n.get("/statuspage/stack/nobody/api/v2/summary.json"); w.Code != http.StatusNotFound {
		t.Errorf("a list of nothing: %d", w.Code)
	}
}

func TestStackInOtherForms(t *testing.T) {
	n := stackNode(t)
	rows, err := csv.NewReader(n.get("/v1/stack.csv?of=site000.example,well0.example,nobody.test").Body).ReadAll()
	if err != nil || len(rows) != 4 || rows[1][3] != "failing" || rows[2][3] != "ok" || rows[3][4] != "false" {
		t.Errorf("csv: %v %v", rows, err)
	}
	var shields ShieldsAnswer
	if err := json.Unmarshal(n.get("/badge.json?of=fastly,aws&label=shop").Body.Bytes(), &shields); err != nil ||
		shields.Label != "shop" || shields.Message != "1 of 2 failing" || !shields.IsError ||
		shields.SchemaVersion != 1 {
		t.Errorf("shields: %+v %v", shields, err)
	}
	svg := n.get("/badge.svg?of=fastly&label=%3Cscript%3E")
	if text := svg.Body.String(); strings.Contains(text, "<script>") || !strings.Contains(text, ">failing</text>") {
		t.Errorf("badge: %s", text)
	}
	text := n.get("/feed.ics?of=fastly").Body.String()
	for _, want := range []string{"BEGIN:VCALENDAR\r\n", "DTSTART:20210608T094705Z\r\n",
		"SUMMARY:Fastly-fronted sites\\, 503\\, revision 1\r\n", "STATUS:CONFIRMED\r\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the calendar lacks %q: %s", want, text)
		}
	}
	for line := range strings.SplitSeq(text, "\r\n") {
		if len(line) > calendarLine {
			t.Errorf("a line of %d bytes: %s", len(line), line)
		}
	}
	if got := t0.UTC().Format(time.TimeOnly); got != "09:47:05" {
		t.Fatal(got)
	}
}
