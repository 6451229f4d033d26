package main

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api"
	"faultline/api/webhook"
	"faultline/board"
	"faultline/transcript"
	"faultline/web"
)

// The outage of this drill began at 15:38:57: what rounds and what cuts off would name
// two minutes.
const agreeName = "facebook-2021-10-04"

var agreeMoment = time.Date(2021, 10, 4, 15, 52, 0, 0, time.UTC)

// pageReads gives the pages the revisions as they ask for them.
type pageReads struct{ *board.Board }

func (p pageReads) Revisions(ctx context.Context, id string, after, limit int) ([]faultline.Incident, error) {
	last, err := p.Board.Incident(ctx, id, 0)
	if err != nil {
		return nil, err
	}
	return p.Board.Revisions(ctx, id, after+1, min(after+limit, last.Revision))
}

// outlets are what says something of one incident: every answer of pages and API, and
// what is sent and printed.
func outlets(t *testing.T) (faultline.Incident, map[string]string) {
	t.Helper()
	d, err := fold(agreeName, agreeMoment)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.source.ids) != 1 {
		t.Fatalf("%d incidents: %v", len(d.source.ids), d.source.ids)
	}
	if err := d.serve(t.Context(), filepath.Join(t.TempDir(), "keys")); err != nil {
		t.Fatal(err)
	}
	inc, err := d.source.Incident(t.Context(), d.source.ids[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	handler := pagesAndAPI(t, d)
	said := map[string]string{
		"webhook":  inJSON(t, webhook.Message{Type: "incident.confirmed", Timestamp: inc.UpdatedAt, Data: &inc}),
		"terminal": transcript.Line(inc),
	}
	var words strings.Builder
	history := transcript.New(&words, transcript.InWords)
	if err := history.Add([]faultline.Incident{inc}); err != nil {
		t.Fatal(err)
	}
	said["terminal in words"] = words.String()
	for _, path := range agreePaths(inc) {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d %.300s", path, w.Code, w.Body)
		}
		said[path] = w.Body.String()
	}
	return inc, said
}

// agreePaths are the addresses at which the incident is spoken of.
func agreePaths(inc faultline.Incident) []string {
	paths := []string{"/v1/incidents", "/v1/incidents/" + inc.ID, "/v1/summary", "/feed.atom", "/feed.json",
		"/feed.ics", "/v1/components/dns/facebook", "/v1/verdict?site=facebook.com", "/v1/stack?of=facebook.com",
		"/statuspage/dns/facebook/api/v2/summary.json", "/statuspage/api/v2/incidents.json", "/now.md"}
	for _, lang := range []string{"en", "de", "fr", "es"} {
		for _, page := range []string{"/", "/incident/" + inc.ID, "/component/dns/facebook",
			"/embed/incident/" + inc.ID, "/embed/component/dns/facebook", "/embed/now",
			"/card/incident/" + inc.ID + ".svg"} {
			paths = append(paths, page+"?lang="+lang)
		}
	}
	return paths
}

func pagesAndAPI(t *testing.T, d *drill) http.Handler {
	t.Helper()
	cfg := d.config(shutDoor{}, d.held)
	engine, err := api.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.New(web.Config{Source: pageReads{d.held}, Door: shutDoor{}, Keys: nowhere{}, Lookup: d.lookup,
		Series: d.held, Verdicts: d.held, Now: d.now, BaseURL: "https://faultline.example", Drill: true,
		Members: func(c faultline.Component) int { _, n, _ := d.index.Members(c, 1); return n },
		Tally: func(of ...faultline.Component) board.Tally {
			s, err := d.held.Snapshot()
			if err != nil {
				t.Error(err)
			}
			return s.Tally(d.index, of...)
		}})
	if err != nil {
		t.Fatal(err)
	}
	pages.Routes(engine)
	return engine
}

func inJSON(t *testing.T, v any) string {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

var (
	charts     = regexp.MustCompile(`(?s)<table.*?</table>`) // a row for each minute
	tags       = regexp.MustCompile(`<[^>]*>`)
	wholeTimes = regexp.MustCompile(`\b\d\d:\d\d(?::\d\d)?\b|\d{8}T\d{6}Z`)
)

// One incident began at one minute, wherever that is said: no output rounds while another
// cuts off.
func TestEveryOutputNamesTheMinuteInWhichItBegan(t *testing.T) {
	inc, said := outlets(t)
	at := inc.Onset.At.UTC()
	if at.Second() < 30 {
		t.Fatalf("the drill began at %s: it cannot show who rounds", at)
	}
	minute, next := at.Format("15:04"), at.Add(time.Minute).Format("15:04")
	for path, body := range said {
		times := wholeTimes.FindAllString(charts.ReplaceAllString(body, ""), -1)
		if !slices.ContainsFunc(times, func(s string) bool {
			return strings.HasPrefix(s, minute) || strings.HasPrefix(s, at.Format("20060102T1504"))
		}) {
			t.Errorf("%s does not say that it began at %s: %v", path, minute, times)
		}
		if slices.Contains(times, next) {
			t.Errorf("%s says %s, which is the minute after that in which it began", path, next)
		}
	}
}

// The number of sites that fail, and of how many, is one number wherever it is said.
func TestEveryOutputCountsTheSameSites(t *testing.T) {
	inc, said := outlets(t)
	im := inc.Impact
	if im.Failing < 3 || im.Observed < im.Failing {
		t.Fatalf("the drill shows no counts: %+v", im)
	}
	counted := regexp.MustCompile(fmt.Sprintf(`\b%d\D{1,20}%d\b|"failing":%d,"observed":%d\b`, im.Failing, im.Observed,
		im.Failing, im.Observed))
	for path, body := range said {
		switch {
		case strings.HasPrefix(path, "/v1/verdict"), strings.HasPrefix(path, "/v1/stack"): // of one site
			continue
		case strings.HasPrefix(path, "/statuspage/"): // its texts must stay as they were published
			continue
		}
		plain := html.UnescapeString(tags.ReplaceAllString(body, ""))
		if !counted.MatchString(plain) && !counted.MatchString(body) {
			t.Errorf("%s does not say %d of %d", path, im.Failing, im.Observed)
		}
	}
}
