package web_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/web"

	"github.com/gin-gonic/gin"
)

// calmWords are what no page, embed or card may say while nothing is observed.
var calmWords = regexp.MustCompile(
	`(?i)nothing (that we watch )?is broken|nothing points|works as seen|probes of [^ ]+ succeed|` +
		`not known to fail|operational|\b0 of [0-9,]+ (sites|probes)|no outage is known|everyone else is fine|most ` +
		`likely here: you|is back\b`)

// calmOfAll is what none of them may say of everything while a part is not observed.
var calmOfAll = regexp.MustCompile(`(?i)nothing that we watch is broken|operational|everyone else is fine`)

// calmColours are the classes by which something is drawn as well.
var calmColours = regexp.MustCompile(`class="[^"]*\b(ok|recovered)\b[^"]*"`)

var (
	blindVantage = faultline.VantageStatus{Vantage: "nyc-1", State: faultline.VantageBlind, Why: "no canary answers"}
	goodVantage  = faultline.VantageStatus{Vantage: "lon-1", State: faultline.VantageOK}
)

// unobserved are the ways in which little or nothing is observed.
var unobserved = map[string]func(*world){
	"no vantage":         func(w *world) { w.view.Vantages = 0 },
	"all vantages blind": func(w *world) { w.vantages = []faultline.VantageStatus{blindVantage} },
	"half blind":         func(w *world) { w.vantages = []faultline.VantageStatus{blindVantage, goodVantage} },
	"just started":       func(w *world) { w.view = faultline.View{SitesKnown: 4103} },
	"store gone for ten minutes": func(w *world) {
		w.view.AsOf = w.now.Add(-10 * time.Minute)
	},
}

// outputs are all addresses that the pages answer: every route of theirs, with names
// for its parameters, and embeds with each of their parts.
func outputs(t *testing.T) []string {
	t.Helper()
	pages, err := web.New(newWorld().config())
	if err != nil {
		t.Fatal(err)
	}
	e := gin.New()
	pages.Routes(e)
	var all []string
	for _, r := range e.Routes() {
		if r.Method != http.MethodGet || strings.HasPrefix(r.Path, "/static") || r.Path == "/embed.js" ||
			r.Path == "/feed.css" || r.Path == "/sw.js" {
			continue
		}
		for _, site := range []string{"calm.example.org", "quiet.example.org", "ft.com"} {
			path := strings.NewReplacer(":site", site, ":id", past, ":kind", "cdn", ":name", "fastly", ":slug",
				"rogers", "/card/provider/:file", "/card/provider/rogers.svg",
				"/card/site/:file", "/card/site/"+site+".svg", "/card/incident/:file", "/card/incident/"+past+".svg",
				"/card/component/:kind/:file", "/card/component/cdn/fastly.svg", "/card/:file",
				"/card/now.svg").Replace(r.Path)
			all = append(all, path)
			if slices.Contains([]string{"/site/:site", "/component/:kind/:name", "/provider/:slug"}, r.Path) {
				all = append(all, path+".md")
			}
			if strings.HasPrefix(path, "/embed/") {
				all = append(all, path+"?parts=chart,table,evidence", path+"?static=1&parts=chart")
			}
			if path == r.Path {
				break
			}
		}
	}
	return append(all, "/component/cloud/aws~us-east-1", "/site?q=calm.example.org", "/suggest?q=calm")
}

// explains are pages that explain what words mean, and say nothing of now.
var explains = map[string]bool{"/method": true, "/about": true, "/press": true, "/prober": true, "/developers": true,
	"/archive":                true,
	"/embed/incident/" + past: true, "/incident/" + past: true, "/card/incident/" + past + ".svg": true}

// While nothing observes, every output says that the state is unknown.
func TestNothingIsCalledWellWhileNothingObserves(t *testing.T) {
	for name, set := range unobserved {
		w := newWorld()
		w.incidents = w.incidents[len(w.incidents)-1:]
		set(w)
		pages := serve(t, w.config())
		for _, path := range outputs(t) {
			t.Run(name+path, func(t *testing.T) {
				rec := get(pages, path)
				if rec.Code == http.StatusNotFound || rec.Code == http.StatusServiceUnavailable ||
					rec.Code == http.StatusSeeOther {
					return // it says nothing at all
				}
				base, _, _ := strings.Cut(path, "?")
				words := calmWords
				if name == "half blind" {
					words = calmOfAll
				} else if said := calmColours.FindString(rec.Body.String()); said != "" && !explains[base] {
					t.Errorf("it draws %s", said)
				}
				if said := words.FindString(text(t, rec.Body.String())); said != "" && !explains[base] ||
					rec.Code != http.StatusOK {
					t.Errorf("%d, it says %q", rec.Code, said)
				}
			})
		}
	}
}

// While nothing is observed, no page says of an open incident that it goes on without saying that
// nobody can see it, and of when its state is. A page of one revision never changes.
func TestOpenIncidentsThatNobodySeesAreSaidToBeOld(t *testing.T) {
	const unchecked = "We cannot check this just now."
	inc := fastly(3)
	paths := []string{"/", "/incident/" + inc.ID, "/embed/incident/" + inc.ID, "/site/" + inc.Sites[0].Site,
		"/component/" + strings.Replace(string(inc.Cause.Component), ":", "/", 1),
		"/stack?of=" + inc.Sites[0].Site}
	for _, blind := range []bool{true, false} {
		w := newWorld()
		if blind {
			w.vantages = []faultline.VantageStatus{blindVantage}
		}
		pages := serve(t, w.config())
		for _, path := range paths {
			if said := text(t, get(pages, path).Body.String()); strings.Contains(said, unchecked) != blind {
				t.Errorf("%s, blind %t: %s", path, blind, said)
			}
		}
		if said := text(t, get(pages, "/incident/"+inc.ID+"@1").Body.String()); strings.Contains(said, unchecked) {
			t.Errorf("a page of one revision says what holds now: %s", said)
		}
	}
}
