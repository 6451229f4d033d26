package node

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api"
	"faultline/api/token"
	"faultline/board"
	"faultline/board/boardtest"
	"faultline/board/find"
	"faultline/correlate"
	"faultline/ingest"
	"faultline/ingest/infra"
	"faultline/scenario"
	"faultline/web"
)

// outageAsked is an outage with what people ask for while it lasts.
type outageAsked struct {
	cause    faultline.Component
	symptom  faultline.Symptom
	scenario string // in place of the small world: reports of an internet service provider
	provider string // its slug
	asked    []string
	site     string // one that fails
	own      []string
}

var outagesAsked = []outageAsked{
	{cause: "cloud:aws/us-east-1", symptom: "http_503", provider: "aws", site: "site-00.com",
		asked: []string{"aws", "AWS", "us-east-1", "amazon web services", "is aws down", "Is AWS down?",
			"aws us-east-1", "amazn web services", "ist aws down", "aws en panne", "¿está caído aws?", "aws outage"},
		own: []string{"aws.amazon.com", "amazon.com", "aws"}},
	{cause: "cdn:cloudflare", symptom: "http_500", provider: "cloudflare", site: "site-00.com",
		asked: []string{"cloudflare", "is cloudflare down", "cloud flare", "clodflare", "AS13335"},
		own:   []string{"cloudflare.com"}},
	{cause: "dns:route53", symptom: "dns", provider: "aws", site: "site-00.com",
		asked: []string{"route 53", "route53", "is route 53 down", "amazon route 53"}, own: []string{"aws.amazon.com"}},
	{cause: "ca:letsencrypt", symptom: "tls", provider: "letsencrypt", site: "site-00.com",
		asked: []string{"let's encrypt", "letsencrypt", "lets encrypt", "is letsencrypt down"},
		own:   []string{"letsencrypt.org"}},
	{cause: "cloud:azure/eastus", symptom: "http_503", provider: "azure", site: "site-00.com",
		asked: []string{"azure", "microsoft azure", "is azure down", "eastus"}, own: []string{"azure.microsoft.com"}},
	{cause: "cloud:gcp/us-central1", symptom: "http_503", provider: "google-cloud", site: "site-00.com",
		asked: []string{"google cloud", "gcp", "us-central1", "is google cloud down"},
		own:   []string{"cloud.google.com"}},
	{cause: "isp:AS812", scenario: "rogers-2022-07-08", provider: "rogers",
		asked: []string{"rogers", "AS812", "is rogers down", "Rogers Communications"}},
}

// Who asks for a provider while it fails is led to its outage, by whatever name; the
// provider's own sites, which stay up, are neither called innocent nor well because of it.
func TestWhoAsksForAProviderFindsItsOutage(t *testing.T) {
	for _, c := range outagesAsked {
		t.Run(string(c.cause), func(t *testing.T) {
			w := newAsked(t, c)
			for _, asked := range c.asked {
				if body, path := w.follow(t, "/site?q="+url.QueryEscape(asked)); !strings.Contains(body,
					"/incident/"+w.inc.ID) {
					t.Errorf("%q leads to %s, which does not name the incident", asked, path)
				}
			}
			for _, e := range w.inc.Exonerated {
				if p, ok := w.providers.Slug(c.provider); ok && slices.Contains(p.Sites, e.Site) {
					t.Errorf("%s is exonerated of the fault of its owner", e.Site)
				}
			}
			for _, site := range slices.Concat(c.own, strings.Fields(c.site)) {
				v := w.verdict(t, site)
				if v.Blame != faultline.BlameProvider || v.Incident == nil || v.Incident.ID != w.inc.ID {
					t.Errorf("%s: %s: %s", site, v.Blame, v.Because)
				}
			}
		})
	}
}

// asked is a node that knows one outage, as far as readers see it.
type asked struct {
	handler   http.Handler
	inc       faultline.Incident
	providers *faultline.Providers
}

func newAsked(t *testing.T, c outageAsked) asked {
	t.Helper()
	catalogue, err := infra.BuiltinCatalog()
	if err != nil {
		t.Fatal(err)
	}
	table, err := infra.BuiltinProviders()
	if err != nil {
		t.Fatal(err)
	}
	catalog := infra.MergeCatalogs(catalogue)
	a := asked{providers: faultline.NewProviders(table.List(catalog.Entries()))}
	source, index, finder := boardtest.NewSource(), board.NewIndex(), newFinder(catalog, a.providers)
	records := map[string]faultline.SiteRecord{}
	see := func(r faultline.SiteRecord) { records[r.Site] = r; index.Put(r); found(finder, r) }
	for _, r := range catalog.Records() {
		see(r)
	}
	now := a.play(t, c, source, see)
	held := board.New(board.Config{Source: source, Durable: true, Providers: a.providers,
		Now: func() time.Time { return now }})
	go func() { _ = held.Run(t.Context()) }() // fails only with ctx
	boardtest.Eventually(t, "the board holds the incident", func() bool {
		_, err := held.Incident(t.Context(), a.inc.ID, 0)
		return err == nil && !held.View().AsOf.IsZero()
	})
	names := ingest.NewNames(catalog.Sites()...)
	catalog.Teach(names)
	for site := range records {
		names.Add(site)
	}
	lookup := func(input string) (faultline.SiteRecord, error) {
		site, err := names.Normalise(input)
		if err != nil {
			return faultline.SiteRecord{}, faultline.InvalidError{{Parameter: "site", Detail: err.Error()}}
		}
		if r, ok := records[site]; ok {
			return r, nil
		}
		return faultline.SiteRecord{Site: site}, faultline.ErrNotFound
	}
	a.handler = served(t, held, lookup, index, finder.Find, a.providers, now)
	return a
}

// served puts pages and API in front of what the board holds.
func served(t *testing.T, held *board.Board, lookup func(string) (faultline.SiteRecord, error), index *board.Index,
	search func(string, int) []find.Match, providers *faultline.Providers, now time.Time) http.Handler {
	t.Helper()
	clock := func() time.Time { return now }
	keys, err := token.LoadOrCreate(filepath.Join(t.TempDir(), "keys"), "", clock)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := api.New(api.Config{Door: struct{ api.Door }{}, Board: held, Keys: keys, Lookup: lookup, Index: index,
		Find: search, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.New(web.Config{Source: pageSource{Board: held}, Door: struct{ web.Door }{},
		Keys: struct{ web.Keys }{}, Lookup: lookup, Providers: providers, Find: search, Components: index.Components,
		Tally: func(of ...faultline.Component) board.Tally {
			s, err := held.Snapshot()
			if err != nil {
				return board.Tally{State: faultline.SiteUnknown}
			}
			return s.Tally(index, of...)
		}, Verdicts: held, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	pages.Routes(engine)
	return engine
}

// follow reads a page, and those that it leads to.
func (a asked) follow(t *testing.T, path string) (body, last string) {
	t.Helper()
	for range 4 {
		w := httptest.NewRecorder()
		a.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if w.Code < 300 || w.Code >= 400 {
			return w.Body.String(), fmt.Sprint(path, " ", w.Code)
		}
		path = w.Header().Get("Location")
	}
	return "", path
}

func (a asked) verdict(t *testing.T, site string) (v faultline.Verdict) {
	t.Helper()
	body, path := a.follow(t, "/v1/verdict?site="+url.QueryEscape(site))
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Errorf("%s: %v in %.200s", path, err, body)
	}
	return v
}

// The small world: how many sites depend on what fails and how many do not, and from where
// they are checked.
const (
	askedMembers = 15
	askedOthers  = 60
	askedQuiet   = 40 * time.Minute
	askedOutage  = 4 * time.Minute
	askedEvery   = 30 * time.Second
)

var askedVantages = []faultline.Vantage{
	{Vantage: "lon-1", ASN: 20473, Country: "GB"}, {Vantage: "nyc-1", ASN: 14061, Country: "US"},
	{Vantage: "sin-1", ASN: 63949, Country: "SG"},
}

// play folds the outage, and returns when it is.
func (a *asked) play(t *testing.T, c outageAsked, source *boardtest.Source, see func(faultline.SiteRecord)) time.Time {
	t.Helper()
	known, err := infra.FoldProviders()
	if err != nil {
		t.Fatal(err)
	}
	engine := correlate.New(correlate.Config{Providers: known})
	fold := func(ev faultline.Event) {
		if r, ok := ev.(faultline.SiteRecord); ok {
			see(r)
		}
		for _, inc := range engine.Fold(ev) {
			source.Publish(inc)
			if inc.ConfirmedAt != nil && inc.Cause != nil && inc.Cause.Component == c.cause {
				a.inc = inc
			}
		}
	}
	now := c.fold(t, fold)
	if a.inc.ID == "" {
		t.Fatalf("no confirmed incident of %s: %v", c.cause, engine.View())
	}
	source.See(engine.View())
	return now
}

// fold plays the events, a tick with each second that something happens in.
func (c outageAsked) fold(t *testing.T, fold func(faultline.Event)) time.Time {
	t.Helper()
	if c.scenario != "" {
		spec, err := scenario.Builtin(c.scenario)
		if err != nil {
			t.Fatal(err)
		}
		return playScenario(spec, fold)
	}
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	fold(faultline.Epoch{At: now, Epoch: "asked"})
	for _, v := range askedVantages {
		fold(v)
	}
	var sites []string
	for _, name := range c.own {
		if strings.Contains(name, ".") {
			sites = append(sites, name)
		}
	}
	own := len(sites)
	for _, site := range sites { // what stays up, although its owner fails
		fold(faultline.SiteRecord{Site: site, Rank: 1, Components: []faultline.Component{"cdn:fastly"}})
	}
	for i := range askedMembers + askedOthers {
		r := faultline.SiteRecord{Site: fmt.Sprintf("site-%02d.com", i), Rank: 100 + i}
		if i < askedMembers {
			r.Components = []faultline.Component{c.cause}
		} else {
			r.Components = []faultline.Component{faultline.Component(fmt.Sprintf("cdn:other%d", i%4))}
		}
		fold(r)
		sites = append(sites, r.Site)
	}
	failing := sites[own : own+askedMembers]
	begins := now.Add(askedQuiet)
	for ends := begins.Add(askedOutage); now.Before(ends); now = now.Add(askedEvery) {
		down := failing
		if now.Before(begins) {
			down = nil
		}
		for _, v := range askedVantages {
			c.check(v, sites, down, now, fold)
		}
		for at := now; at.Before(now.Add(askedEvery)); at = at.Add(5 * time.Second) {
			fold(faultline.Tick{At: at})
		}
	}
	return now
}

// check has a vantage check each site once.
func (c outageAsked) check(by faultline.Vantage, sites, down []string, now time.Time, fold func(faultline.Event)) {
	for _, site := range sites {
		p := faultline.Probe{At: now, Site: site, Vantage: by.Vantage, Symptom: faultline.SymptomOK, Status: 200}
		if slices.Contains(down, site) {
			p.Symptom, p.Status = c.symptom, c.symptom.HTTPStatus()
		}
		fold(p)
	}
}

// playScenario plays a past outage until a quarter of an hour after its onset.
func playScenario(spec scenario.Spec, fold func(faultline.Event)) time.Time {
	clock, ends := spec.Start, spec.Onset.Add(15*time.Minute)
	fold(faultline.Epoch{At: clock, Epoch: spec.Name})
	for at, ev := range spec.Arrivals() {
		if at.After(ends) {
			break
		}
		for ; !clock.After(at); clock = clock.Add(time.Second) {
			fold(faultline.Tick{At: clock})
		}
		fold(ev)
	}
	return clock
}
