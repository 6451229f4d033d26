package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"faultline"
	"faultline/web"

	"golang.org/x/net/html"
)

// text returns what a reader sees of a page, with single spaces.
func text(t *testing.T, body string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// knownPages are pages and what they say.
var knownPages = []struct {
	path   string
	status int
	says   []string
	not    []string
}{
	{"/", 200, []string{"Fastly is failing: ", " more sites.", "Failing · 38 min · worldwide",
		"Fastly-fronted sites, 503, began ~09:47 UTC",
		"131 of 140 sites on Fastly are failing", "3 of 2,110 other sites are", "Reports rising, not confirmed",
		"Unconfirmed: www.gov.uk, began ~10:20 UTC",
		"12 reports from 3 networks", "Over, in the last 24 hours", "lasted 1 h 15 min", "Updated at 10:25:28 UTC",
		"2,250 of the 4,103 sites", "from 3 places"}, []string{"outages"}},
	{"/incident/" + outage, 200,
		[]string{"Failing · 38 min · worldwide", "Began 09:47 UTC on 8 June 2021, between 09:47:10 and 09:47:28",
			"131 of 140 sites on Fastly are failing", "09:47:18 UTC Began",
			"09:47:40 UTC We confirmed it 22 s after it began",
			"09:58:00 UTC Fastly said: investigating 11 min after it began", "Down 1 reddit.com",
			"Degraded 1 bbc.co.uk",
			"Recovered 1 ft.com",
			"Not at fault 1 · reports rose, probes clean verizon.com", "3 of 134 sites",
			"Investigating potential impact",
			"We are 97 % sure that the cause is the CDN Fastly",
			"Since it began, 1,098 of 1,240 probes of these sites failed, as seen from 3 places",
			"18,234 reports by 15,120 reporters on 43 networks in GB, US",
			"The network Fastly (AS54113) : 97 %, same members", "The DNS provider Dyn : under 1 %.", "error 503 78 %",
			"revision 3, 8 June 2021, 10:25 UTC",
			"https://faultline.example/incident/" + outage + "@3", "rises to 131 of 140 at 10:25 UTC"},
		[]string{"Drill"}},
	{"/incident/" + outage + "@2", 200, []string{"As published at 8 June 2021, 10:06 UTC", "Failing · 19 min",
		"95 of 140 sites on Fastly are failing",
		"revision 2, 8 June 2021"}, []string{"131 of 140"}},
	{"/incident/" + past, 200,
		[]string{"Resolved · lasted 1 h 15 min", "135 of 150 sites on AWS us-east-1 failed at the peak",
			"Most sites were back", "02:20:00 UTC Over"}, nil},
	{"/incident/" + watched, 200, []string{"Watching · 5 min", "0 of 30 probes since it began failed",
		"12 reports from 3 networks", "Not confirmed: there are only reports"}, nil},
	{"/site/reddit.com", 200, []string{"Yes: reddit.com is failing, and it is not just you.",
		"Its CDN, Fastly, is failing.", "28 of 30 probes failed in the last 10 minutes",
		"812 reports in the last 10 minutes", "Is reddit.com down? Faultline", "What it depends on",
		"CDN Fastly Failing", "It works for me"}, []string{"Known as"}},
	{"/site/ft.com", 200, []string{"ft.com works again, but the outage goes on.",
		"It failed until 10:20 UTC. Its CDN, Fastly, is failing."}, nil},
	{"/site/bbc.co.uk", 200,
		[]string{"Is BBC down? Faultline", "Partly: bbc.co.uk fails for some, and it is not just you.",
			"Known as BBC."}, nil},
	{"/site/calm.example.org", 200, []string{"Not that we can see: our probes of calm.example.org succeed.",
		"0 of 15 probes", "1 report in the last 10 minutes"}, nil},
	{"/site/quiet.example.org", 200, []string{"We cannot tell how quiet.example.org does", "Nobody has reported it"},
		[]string{"works as seen"}},
	{"/site/reddit.com?reported=1", 200,
		[]string{"Thank you: your report is counted. There were 812 reports of reddit.com in the last 10 minutes."},
		nil},
	{"/site/reddit.com?reported=0", 200, []string{"This report was not counted: one person counts once in 10 minutes"},
		nil},
	{"/component/cdn/fastly", 200,
		[]string{"Yes: Fastly is failing.", "1 of 1 observed site that depends on it is failing",
			"1 of 140 sites on our list that depend on it are observed", "1 of 140 had a report or a failed probe",
			"reddit.com Down 28 of 30 812"}, nil},
	{"/component/cloud/aws~us-east-1", 200,
		[]string{
			"At least half of the observed sites that depend on AWS us-east-1 are failing. Nothing shows yet that " +
				"AWS us-east-1 is the cause.", "Its incidents", "Sites on AWS us-east-1, timeouts"}, nil},
	{"/embed/incident/" + outage, 200,
		[]string{"Failing · 38 min · worldwide", "131 of 140 sites on Fastly are failing",
			"revision 3, live, as of 10:25 UTC", "Not known: How many people are affected"}, []string{"Look up"}},
	{"/embed/incident/" + outage + "@1", 200,
		[]string{"10 of 140", "revision 1, fixed, as published at 8 June 2021, 09:47 UTC"}, nil},
	{"/incident/inc_0", 404, []string{"There is no "}, nil},
	{"/incident/" + outage + "@9", 404, []string{"There is no "}, nil},
	{"/incident/" + outage + "@0", 404, []string{"There is no "}, nil},
	{"/incident/none", 404, []string{"There is no "}, nil},
	{"/site/example.net", 404, []string{"We do not know example.net yet."}, nil},
	{"/site/Ring%200800.now%20or%20else", 404, []string{"We do not know that site yet."}, []string{"Ring 0800"}},
	{"/site/word", 400, []string{"We know nothing by that name."}, nil},
	{"/component/cdn/nobody", 404, []string{"There is nothing here."}, nil},
	{"/component/nothing/x", 404, []string{"There is nothing here."}, nil},
	{"/embed/incident/inc_0", 404, []string{"There is no incident"}, []string{"Look up"}},
	{"/nowhere", 404, []string{"There is nothing here."}, nil},
	{"/static/passwd", 404, []string{"There is nothing here."}, nil},
}

func TestPagesSayWhatIsKnown(t *testing.T) {
	h := serve(t, newWorld().config())
	for _, c := range knownPages {
		rec := get(h, c.path)
		if rec.Code != c.status {
			t.Errorf("%s: status %d, want %d", c.path, rec.Code, c.status)
		}
		seen := text(t, rec.Body.String())
		for _, s := range c.says {
			if !strings.Contains(seen, s) {
				t.Errorf("%s does not say %q\n%s", c.path, s, seen)
			}
		}
		for _, s := range c.not {
			if strings.Contains(seen, s) {
				t.Errorf("%s says %q", c.path, s)
			}
		}
	}
}

func TestRedirects(t *testing.T) {
	h := serve(t, newWorld().config())
	for path, want := range map[string]string{
		"/site?q=":                   "/",
		"/site?q=+WWW.Reddit.com":    "/site/reddit.com",
		"/site/WWW.REDDIT.COM":       "/site/reddit.com",
		"/component/site/reddit.com": "/site/reddit.com",
		"/component/site/~evil.com":  "/site/%2Fevil.com",
	} {
		rec := get(h, path)
		if got := rec.Header().Get("Location"); rec.Code != http.StatusSeeOther || got != want {
			t.Errorf("%s: %d to %q, want %q", path, rec.Code, got, want)
		}
	}
	if rec := get(h, "/site?q=%3Cscript%3E"); rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" {
		t.Errorf("a word that is no site: %d", rec.Code)
	}
}

// What programs find in the head of a page: its picture, its feeds, how to embed
// it, and itself in other languages.
func TestPagesTellProgramsWhatTheyAre(t *testing.T) {
	h := serve(t, newWorld().config())
	for path, want := range map[string][]string{
		"/incident/" + outage: {`<meta property="og:image" content="https://faultline.example/card/incident/` + outage +
			`@3.png">`, `<meta name="twitter:card" content="summary_large_image">`,
			`type="application/json+oembed" title="Faultline" ` +
				`href="https://faultline.example/oembed?format=json&amp;url=https%3A%2F%2Ffaultline.example%2F` +
				`incident%2F` + outage + `">`,
			`<link rel="alternate" hreflang="de" href="https://faultline.example/incident/` + outage + `?lang=de">`,
			`href="/feed.atom"`, `href="/feed.json"`},
		"/incident/" + outage + "@2?lang=fr": {`<html lang="fr">`,
			`<link rel="canonical" href="https://faultline.example/incident/` + outage + `@2?lang=fr">`,
			`@2.png?lang=fr">`},
		"/site/reddit.com":      {`content="https://faultline.example/card/site/reddit.com.png"`},
		"/component/cdn/fastly": {`content="https://faultline.example/card/component/cdn/fastly.png"`},
	} {
		body := get(h, path).Body.String()
		head, _, _ := strings.Cut(body, "</head>")
		for _, s := range want {
			if !strings.Contains(head, s) {
				t.Errorf("%s has no %s in its head:\n%s", path, s, head)
			}
		}
		if len(head) > 150_000 {
			t.Errorf("%s: a head of %d bytes is more than WordPress reads", path, len(head))
		}
	}
}

// A language that the reader chose stays chosen, and nothing is stored for it.
func TestAChosenLanguageStays(t *testing.T) {
	h := serve(t, newWorld().config())
	for _, path := range []string{"/", "/incident/" + outage, "/site/reddit.com", "/component/cdn/fastly", "/archive",
		"/developers"} {
		for n := range parse(t, h, path+"?lang=de").Descendants() {
			at := attr(n, "href")
			page := n.Type == html.ElementNode && n.Data == "a" && strings.HasPrefix(at, "/") &&
				attr(n, "hreflang") == ""
			for _, other := range []string{"/v1/", "/docs/", "/feed.", "/card/"} {
				page = page && !strings.HasPrefix(at, other)
			}
			if page && !strings.Contains(at, "lang=de") {
				t.Errorf("%s?lang=de leads to %s", path, at)
			}
		}
	}
	if rec := get(h, "/", "Accept-Language", "es-ES,es;q=0.9"); !strings.Contains(text(t, rec.Body.String()),
		"Fastly falla: ") {
		t.Error("a browser that asks for Spanish is not answered in it")
	}
	if rec := get(h, "/?lang=de", "Accept-Language", "es"); !strings.Contains(text(t, rec.Body.String()),
		"Fastly ist gestört: ") || strings.Contains(strings.Join(rec.Header().Values("Vary"), " "), "Language") {
		t.Error("?lang= does not rule")
	}
	if rec := get(h, "/site?q=reddit.com&lang=de"); rec.Header().Get("Location") != "/site/reddit.com?lang=de" {
		t.Errorf("searched to %q", rec.Header().Get("Location"))
	}
}

func TestBaseURLWithAPath(t *testing.T) {
	cfg := newWorld().config()
	cfg.BaseURL = "https://news.example/faultline"
	h := serve(t, cfg)
	if got := get(h, "/site?q=reddit.com").Header().Get("Location"); got != "/faultline/site/reddit.com" {
		t.Errorf("redirected to %q", got)
	}
	for _, path := range []string{"/", "/incident/" + outage, "/site/reddit.com", "/component/cdn/fastly",
		"/embed/incident/" + outage,
		"/archive", "/method", "/about", "/developers", "/developers?of=/faultline/site/reddit.com",
		"/embed/now?lang=de"} {
		body := get(h, path).Body.String()
		for _, bad := range []string{`href="/i`, `href="/s`, `action="/s`, `src="/s`, `stream="/v1`, `href="/"`,
			`href="/d`, `href="/a`, `href="/m`, `href="/c`, `src="/e`, `src="/c`, `action="/d`} {
			if strings.Contains(body, bad) {
				t.Errorf("%s has %s", path, bad)
			}
		}
	}
	for _, bad := range []string{"faultline.example", "ftp://x", "https://faultline.example/"} {
		cfg.BaseURL = bad
		if _, err := web.New(cfg); err == nil {
			t.Errorf("base URL %q is taken", bad)
		}
	}
}

func TestCalmUnreadAndStale(t *testing.T) {
	w := newWorld()
	w.incidents = nil
	if seen := text(t, get(serve(t, w.config()), "/").Body.String()); !strings.Contains(seen,
		"Nothing that we watch is broken.") || strings.Contains(seen, "brought up to date") {
		t.Errorf("calm: %s", seen)
	}
	w.view.AsOf = w.now.Add(-16e9)
	if seen := text(t, get(serve(t, w.config()), "/").Body.String()); !strings.Contains(seen,
		"What we know is from 10:25 UTC and is not being brought up to date just now.") {
		t.Errorf("stale: %s", seen)
	}
	w.view = faultline.View{}
	if seen := text(t, get(serve(t, w.config()), "/").Body.String()); !strings.Contains(seen,
		"No check has been made yet.") {
		t.Errorf("before the first view: %s", seen)
	}
	w.fails = faultline.ErrUnavailable
	for _, path := range []string{"/", "/incident/" + outage, "/site/reddit.com", "/component/cdn/fastly",
		"/embed/incident/" + outage} {
		if rec := get(serve(t, w.config()), path); rec.Code != 503 || rec.Header().Get("Retry-After") == "" ||
			rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s while nothing is read: %d %v", path, rec.Code, rec.Header())
		}
	}
}

func TestDrillIsMarkedEverywhere(t *testing.T) {
	band := "Drill Nothing shown here is happening."
	server, incident := newWorld(), newWorld()
	cfg := server.config()
	cfg.Drill = true
	for i := range incident.incidents[1] {
		incident.incidents[1][i].Drill = true
	}
	paths := []string{"/", "/incident/" + outage, "/incident/" + outage + "@1", "/site/reddit.com",
		"/component/cdn/fastly",
		"/embed/incident/" + outage, "/embed/incident/" + outage + "@1"}
	for _, path := range paths {
		for name, h := range map[string]http.Handler{"server": serve(t, cfg), "incident": serve(t, incident.config())} {
			if seen := text(t, get(h, path).Body.String()); !strings.Contains(seen, band) {
				t.Errorf("drill of the %s: %s is not marked", name, path)
			}
		}
	}
	for _, path := range []string{"/nowhere", "/site/quiet.example.org", "/component/cloud/aws~us-east-1"} {
		if seen := text(t, get(serve(t, cfg), path).Body.String()); !strings.Contains(seen, band) {
			t.Errorf("drill of the server: %s is not marked", path)
		}
	}
	if body := get(serve(t, cfg), "/incident/"+outage).Body.String(); !strings.Contains(body,
		"DRILL, not real: Fastly-fronted") {
		t.Error("the citation of a drill does not say so")
	}
	if body := get(serve(t, cfg), "/developers").Body.String(); !strings.Contains(body,
		`og:image:alt" content="DRILL, not real: Fastly-fronted`) {
		t.Error("the text of a drill's picture does not say so")
	}
}

func TestTheWeightiestIncidentSpeaksForASite(t *testing.T) {
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		w := newWorld()
		weak := candidate()
		weak.Sites = fastly(3).Sites
		both := [2]faultline.Incident{weak, fastly(3)}
		w.incidents = [][]faultline.Incident{{both[order[0]]}, {both[order[1]]}}
		if seen := text(t, get(serve(t, w.config()), "/site/reddit.com").Body.String()); !strings.Contains(seen,
			"Yes: reddit.com is failing") {
			t.Errorf("order %v: %s", order, seen)
		}
	}
}

func TestWhatWasNeverToldIsNotListedAsOver(t *testing.T) {
	w := newWorld()
	unconfirmed := candidate()
	unconfirmed.State, unconfirmed.ResolvedAt = faultline.StateRetracted, ref(w.now)
	withdrawn := over()
	withdrawn.State, withdrawn.UpdatedAt = faultline.StateRetracted, w.now
	old := over()
	old.ID, old.Title, old.UpdatedAt = "inc_old", "Long over", w.now.Add(-25*3600e9)
	w.incidents = [][]faultline.Incident{{unconfirmed}, {withdrawn}, {old}}
	seen := text(t, get(serve(t, w.config()), "/").Body.String())
	if strings.Contains(seen, "www.gov.uk") || strings.Contains(seen, "Long over") ||
		!strings.Contains(seen, "Withdrawn") {
		t.Error(seen)
	}
}

// The first page answers with the largest failure by name, the ones that recover last.
func TestTheAnswerNamesTheLargestFailure(t *testing.T) {
	w := newWorld()
	larger := fastly(3)
	larger.ID, larger.Impact.Failing = "inc_01F7NGAFK0W46GM07S7W6QNY9C", 400
	larger.Cause = &faultline.Cause{Component: "dns:dyn", Kind: faultline.KindDNS, Name: "Dyn"}
	recovering := larger
	recovering.ID, recovering.State, recovering.Impact.Failing = "inc_01F7NGAFK0W46GM07S7W6QNY9D",
		faultline.StateRecovering, 900
	w.incidents = append(w.incidents, []faultline.Incident{larger}, []faultline.Incident{recovering})
	seen := text(t, get(serve(t, w.config()), "/").Body.String())
	if !strings.Contains(seen, "Dyn is failing: ") || !strings.Contains(seen, "more sites.") {
		t.Errorf("the answer is not the largest failure: %.2000s", seen[strings.Index(seen, "Skip to"):])
	}
}

// What our list does not place on the cause is not named as its victim, and where nothing
// observes, the answer does not say that it is so now.
func TestTheAnswerSaysWhatIsKnownAlone(t *testing.T) {
	w := newWorld()
	inc := fastly(3)
	inc.Sites = slices.Clone(inc.Sites)
	inc.Sites[0].Site, inc.Sites[0].Member = "guessed.example", faultline.MemberJoined
	w.incidents = [][]faultline.Incident{{inc}}
	answer := func() string {
		_, seen, _ := strings.Cut(text(t, get(serve(t, w.config()), "/").Body.String()), "Skip to")
		return seen[:min(len(seen), 400)]
	}
	if seen := answer(); strings.Contains(seen, "guessed.example") || strings.Contains(seen, "cannot check") ||
		!strings.Contains(seen, "Fastly is failing: ") {
		t.Errorf("with vantages: %s", seen)
	}
	w.view.Vantages = 0
	if seen := answer(); !strings.Contains(seen, "more sites. We cannot check this just now.") {
		t.Errorf("without a vantage: %s", seen)
	}
}
