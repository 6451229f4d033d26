package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"faultline"

	"golang.org/x/net/html"
)

// snippets are the ways that the page for newsrooms offers, by their names.
func snippets(t *testing.T, h http.Handler, path string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for n := range parse(t, h, path).Descendants() {
		if id := attr(n, "id"); n.Type == html.ElementNode && n.Data == "textarea" && n.FirstChild != nil {
			found[strings.TrimPrefix(id, "take-")] = n.FirstChild.Data
		}
	}
	return found
}

func TestSixWaysToTakeAnIncident(t *testing.T) {
	h := serve(t, newWorld().config())
	fixed := snippets(t, h, "/developers?of=https://faultline.example/incident/"+outage)
	if len(fixed) != 6 {
		t.Fatalf("%d ways", len(fixed))
	}
	at := "https://faultline.example/incident/" + outage + "@3?lang=en"
	for way, has := range map[string][]string{
		"card": {`<blockquote cite="` + at, "Failing · 38 min · worldwide", "Fastly-fronted sites, 503",
			"131 of 140 sites on Fastly are failing", "Not known: How many people are affected",
			"Source: Faultline, revision 3, 8 June 2021, 10:25 UTC."},
		"frame": {`<iframe src="https://faultline.example/embed/incident/` + outage + `@3?lang=en"`,
			`title="Faultline: state of an incident"`, `sandbox="allow-scripts`},
		"element": {"<faultline-incident><iframe ", "</iframe></faultline-incident>",
			`<script async src="https://faultline.example/embed.js">`},
		"png": {`<img src="https://faultline.example/card/incident/` + outage + `@3.png?lang=en"`,
			`width="1200" height="630"`, "131 of 140"},
		"svg": {`@3.svg?lang=en"`},
		"url": {at},
	} {
		for _, s := range has {
			if !strings.Contains(fixed[way], s) {
				t.Errorf("%s has no %s:\n%s", way, s, fixed[way])
			}
		}
	}
	if asks := regexp.MustCompile(`src=|<script|<iframe|<img|url\(`).FindString(fixed["card"]); asks != "" {
		t.Errorf("the plain card asks for something: %s", asks)
	}
	live := snippets(t, h, "/developers?of=incident/"+outage+
		"&fixed=0&theme=dark&in=de&tz=Europe/Berlin&parts=chart&parts=table")
	if want := `src="https://faultline.example/embed/incident/` + outage +
		`?lang=de&amp;theme=dark&amp;tz=Europe%2FBerlin&amp;parts=chart,table"`; !strings.Contains(live["frame"],
		want) {
		t.Errorf("live: %s\nwant %s", live["frame"], want)
	}
	for _, s := range []string{"Gestört", "10:25 UTC (12:25 CEST)", "Nicht bekannt:"} {
		if !strings.Contains(live["card"], s) {
			t.Errorf("the German card has no %q:\n%s", s, live["card"])
		}
	}
}

func TestWhatCanBeTaken(t *testing.T) {
	w := newWorld()
	h := serve(t, w.config())
	for of, want := range map[string]string{
		"": "/embed/incident/" + outage + "@3", "now": "/embed/now", "site/reddit.com": "/embed/site/reddit.com",
		"WWW.reddit.com": "/embed/site/reddit.com",
		"https://faultline.example/component/cdn/fastly": "/embed/component/cdn/fastly",
		"incident/" + outage + "@2":                      "/embed/incident/" + outage + "@2",
		"incident/inc_nothing":                           "can’t be embedded",
		"site/nowhere.example":                           "can’t be embedded",
		"component/cdn/nobody":                           "can’t be embedded", "%%%": "can’t be embedded",
	} {
		rec := get(h, "/developers?of="+strings.ReplaceAll(of, "%", "%25"))
		if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%q: %d, no %s", of, rec.Code, want)
		}
	}
	w.fails = faultline.ErrUnavailable
	if rec := get(serve(t, w.config()), "/developers"); rec.Code != http.StatusServiceUnavailable {
		t.Errorf("while nothing is read: %d", rec.Code)
	}
}

func TestArchive(t *testing.T) {
	w := newWorld()
	older := over()
	older.ID, older.Title, older.Cause = "inc_older", "DNS of last month", nil
	older.Onset.At = clock("2021-05-08T01:05:00Z")
	w.incidents = append(w.incidents, []faultline.Incident{older})
	h := serve(t, w.config())
	for path, want := range map[string]struct{ says, not []string }{
		"/archive": {[]string{"June 2021 2", "May 2021 1", "All 2 Fastly 1 AWS us-east-1 1",
			"Fastly-fronted sites", "This page begins on 8 May 2021"}, []string{"last month", "www.gov.uk"}},
		"/archive?month=2021-05": {[]string{"DNS of last month", "Cause not known 1"},
			[]string{"Fastly-fronted"}},
		"/archive?month=2021-06&component=cdn:fastly": {[]string{"Fastly-fronted sites"}, []string{"Sites on AWS"}},
		"/archive?month=2021-05&component=none":       {[]string{"DNS of last month"}, nil},
		"/archive?month=2020-01": {[]string{"Nothing here in this month."},
			[]string{"Fastly-fronted"}},
		"/archive?month=yesterday&component=%3Cscript": {[]string{"Fastly-fronted sites"}, nil},
	} {
		seen := text(t, get(h, path).Body.String())
		for _, s := range want.says {
			if !strings.Contains(seen, s) {
				t.Errorf("%s does not say %q\n%s", path, s, seen)
			}
		}
		for _, s := range want.not {
			if strings.Contains(seen, s) {
				t.Errorf("%s says %q", path, s)
			}
		}
	}
	w.incidents = nil
	if seen := text(t, get(serve(t, w.config()), "/archive").Body.String()); !strings.Contains(seen,
		"There is nothing in the archive yet.") {
		t.Error(seen)
	}
}

func TestContact(t *testing.T) {
	for contact, want := range map[string]string{
		"desk@faultline.example":      `<a href="mailto:desk@faultline.example">desk@faultline.example</a>`,
		"https://faultline.example/c": `<a href="https://faultline.example/c">faultline.example/c</a>`,
		"javascript:alert(1)":         "For the press and for corrections: javascript:alert(1)</p>",
		"ftp://faultline.example/c":   "For the press and for corrections: ftp://faultline.example/c</p>",
		"":                            "has not said how to be reached",
	} {
		cfg := newWorld().config()
		cfg.Contact = contact
		if body := get(serve(t, cfg), "/about").Body.String(); !strings.Contains(body, want) {
			t.Errorf("%q: no %s", contact, want)
		}
	}
}

// A widget without scripts says that it does not update; a frozen one follows
// nothing.
func TestWidgetsWithoutScripts(t *testing.T) {
	h := serve(t, newWorld().config())
	for path, want := range map[string]struct{ scripts, live int }{
		"/embed/incident/" + outage: {2, 1}, "/embed/incident/" + outage + "?static=1": {0, 0},
		"/embed/incident/" + outage + "@2": {1, 0},
		"/embed/now":                       {2, 1}, "/embed/site/reddit.com?static=1": {0, 0},
	} {
		body := get(h, path).Body.String()
		if scripts, live := strings.Count(body, "<script"), strings.Count(body, "data-live"); scripts != want.scripts ||
			live != want.live {
			t.Errorf("%s has %d scripts and follows %d, want %+v", path, scripts, live, want)
		}
	}
	if seen := text(t, get(h, "/embed/incident/"+outage+"?static=1").Body.String()); !strings.Contains(seen,
		"revision 3, as of 10:25 UTC , not updating") {
		t.Error(seen)
	}
	dark := get(h, "/embed/incident/"+outage+"?theme=dark&lang=fr&tz=Europe/Paris").Body.String()
	if seen := text(t, dark); !strings.Contains(dark, `<html lang="fr" class="widget" data-theme="dark">`) ||
		!strings.Contains(seen, "09:47 UTC (11:47 CEST)") || strings.Contains(dark, "data-local>") {
		t.Errorf("dark, French and in Paris: %s", seen)
	}
}
