package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"faultline"
	"faultline/board"
	"faultline/web"

	"github.com/gin-gonic/gin"
)

// What the tests speak of: an incident of which three sites are named here and
// many more counted, at revision 3.
const (
	outage  = "inc_01F7NGAFK0W46GM07S7W6QNY9B"
	watched = "inc_01F7NPCJH0472HB96KB7APSRGY"
	past    = "inc_01F0000000000000000000PAST"
)

func clock(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func ref[T any](v T) *T { return &v }

// fastlySites are the sites of the outage that its incident lists.
func fastlySites(onset time.Time) []faultline.IncidentSite {
	return []faultline.IncidentSite{
		{
			Site:         "reddit.com",
			State:        faultline.SiteDown,
			Symptom:      "http_503",
			Onset:        onset,
			Reports:      1998,
			Probes:       146,
			ProbesFailed: 130,
		},
		{
			Site:         "bbc.co.uk",
			State:        faultline.SiteDegraded,
			Symptom:      "http_503",
			Onset:        onset,
			Reports:      812,
			Probes:       9,
			ProbesFailed: 4,
		},
		{
			Site:        "ft.com",
			State:       faultline.SiteRecovered,
			Symptom:     "connect",
			Onset:       onset,
			RecoveredAt: ref(clock("2021-06-08T10:20:00Z")),
		},
	}
}

// fastly is what is said of the outage at one of its revisions.
func fastly(revision int) faultline.Incident {
	onset := clock("2021-06-08T09:47:18Z")
	failing := []int{0, 10, 95, 131}[revision]
	return faultline.Incident{
		ID: outage, Revision: revision, State: faultline.StateConfirmed, Basis: faultline.BasisBoth,
		Title: "Fastly-fronted sites, 503, began ~09:47 UTC",
		Cause: &faultline.Cause{
			Component:  "cdn:fastly",
			Kind:       "cdn",
			Name:       "Fastly",
			Confidence: 0.97,
			Alternatives: []faultline.Alternative{
				{
					Component:  "asn:AS54113",
					Confidence: 0.97,
					Reason:     "same members",
				}, {Component: "dns:dyn", Confidence: 0.001, Reason: "explains nearly as much"}},
		},
		Scope:    faultline.Scope{Worldwide: true, Fraction: 0.85},
		Symptoms: []faultline.SymptomShare{{Symptom: "http_503", Share: 0.78}, {Symptom: "connect", Share: 0.22}},
		Onset: faultline.Onset{
			Earliest: onset.Add(-8 * time.Second),
			At:       onset,
			Latest:   onset.Add(10 * time.Second),
		},

		DetectedAt: clock("2021-06-08T09:47:40Z"), ConfirmedAt: ref(clock("2021-06-08T09:47:40Z")),
		UpdatedAt: clock("2021-06-08T09:47:40Z").Add(time.Duration(revision-1) * 19 * time.Minute),
		Impact: faultline.Impact{
			Failing:           failing,
			Observed:          140,
			PeakFailing:       max(failing, 10),
			ElsewhereFailing:  3,
			ElsewhereObserved: 2110,
		},
		Evidence: faultline.Evidence{Reports: 18234, Reporters: 15120, Networks: 43, Countries: []string{"GB", "US"},
			Probes: 1240, ProbesFailed: 1098, Vantages: 3},
		Sites:      fastlySites(onset),
		SitesTotal: 134,
		Exonerated: []faultline.Exonerated{
			{Site: "verizon.com", Reason: "reports rose, probes clean"},
			{Site: "ft.com", Reason: "reports rose, probes clean"},
		},
		Statements: []faultline.SaidStatement{
			{At: clock("2021-06-08T09:58:00Z"), Status: "investigating", Source: "provider status page",
				Text: "Investigating potential impact to performance with our CDN services.", LagS: 642},
		},
	}
}

// candidate is what may come to nothing.
func candidate() faultline.Incident {
	at := clock("2021-06-08T10:20:00Z")
	return faultline.Incident{ID: watched, Revision: 1, State: faultline.StateCandidate, Basis: faultline.BasisReports,
		Title: "Unconfirmed: www.gov.uk, began ~10:20 UTC",
		Cause: &faultline.Cause{Component: "site:www.gov.uk", Kind: "site", Name: "www.gov.uk"},
		Onset: faultline.Onset{Earliest: at, At: at, Latest: at}, DetectedAt: at, UpdatedAt: at,
		Evidence: faultline.Evidence{Reports: 12, Reporters: 12, Networks: 3, Probes: 30},
		Sites: []faultline.IncidentSite{
			{Site: "www.gov.uk", State: faultline.SiteUnknown, Onset: at, Reports: 12},
		}, SitesTotal: 1}
}

// over is an incident of the same morning that has ended.
func over() faultline.Incident {
	inc := fastly(3)
	inc.ID, inc.Revision, inc.State, inc.Title = past, 1, faultline.StateResolved,
		"Sites on AWS us-east-1, timeouts, began ~01:05 UTC"
	inc.Cause = &faultline.Cause{
		Component:  "cloud:aws/us-east-1",
		Kind:       "cloud",
		Name:       "AWS us-east-1",
		Confidence: 0.99,
	}
	at := clock("2021-06-08T01:05:00Z")
	inc.Onset = faultline.Onset{Earliest: at, At: at, Latest: at}
	inc.DetectedAt, inc.ConfirmedAt, inc.UpdatedAt = at, ref(at.Add(time.Minute)), at.Add(90*time.Minute)
	inc.RecoveringAt, inc.ResolvedAt = ref(at.Add(70*time.Minute)), ref(at.Add(75*time.Minute))
	inc.Impact = faultline.Impact{Observed: 150, PeakFailing: 135, ElsewhereObserved: 300}
	inc.Sites, inc.Statements, inc.Exonerated = nil, nil, nil
	return inc
}

// world is a Source, a Door, Keys and a map that hold what a test puts there.
type world struct {
	mu        sync.Mutex
	now       time.Time
	incidents [][]faultline.Incident // all revisions of each
	view      faultline.View
	vantages  []faultline.VantageStatus
	fails     error // what every read answers with
	read      int   // revisions read for charts
	reports   []string
	receipt   faultline.Receipt
	door      error
}

func newWorld() *world {
	now := clock("2021-06-08T10:25:30Z")
	return &world{
		now: now, incidents: [][]faultline.Incident{{candidate()}, {fastly(1), fastly(2), fastly(3)}, {over()}},
		view: faultline.View{
			AsOf:          now.Add(-2 * time.Second),
			SitesKnown:    4103,
			SitesObserved: 2250,
			Vantages:      3,
			Sites: []faultline.SiteStatus{
				{
					Site:         "reddit.com",
					State:        faultline.SiteDown,
					Symptom:      "http_503",
					Components:   []faultline.Component{"cdn:fastly", "cloud:aws/us-east-1"},
					Reports:      812,
					Probes:       30,
					ProbesFailed: 28,
					Incidents:    []string{outage},
				},
				{Site: "calm.example.org", State: faultline.SiteOK, Symptom: "ok", Probes: 15, Reports: 1},
			},
		},
		receipt: faultline.Receipt{Counted: true, Durable: true},
	}
}

func (w *world) Incidents() ([]faultline.Incident, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var last []faultline.Incident
	for _, revisions := range w.incidents {
		last = append(last, revisions[len(revisions)-1].Listed())
	}
	return last, w.fails
}

func (w *world) revisions(id string) []faultline.Incident {
	for _, revisions := range w.incidents {
		if revisions[0].ID == id {
			return revisions
		}
	}
	return nil
}

func (w *world) Incident(_ context.Context, id string, revision int) (faultline.Incident, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	revisions := w.revisions(id)
	if w.fails != nil {
		return faultline.Incident{}, w.fails
	}
	if revision > len(revisions) || len(revisions) == 0 {
		return faultline.Incident{}, faultline.ErrNotFound
	}
	if revision == 0 {
		revision = len(revisions)
	}
	return revisions[revision-1], nil
}

func (w *world) Revisions(_ context.Context, id string, after, limit int) ([]faultline.Incident, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fails != nil {
		return nil, w.fails
	}
	revisions := w.revisions(id)[after:]
	revisions = revisions[:min(limit, len(revisions))]
	w.read += len(revisions)
	return revisions, nil
}

// tally counts the sites of the view; what is well depends on Fastly all.
func (w *world) tally(of ...faultline.Component) (t board.Tally) {
	view := w.View()
	if slices.Contains(of, "cdn:fastly") {
		t.Observed = len(view.Well)
	}
	for _, s := range view.Sites {
		on := slices.ContainsFunc(of, func(c faultline.Component) bool { return slices.Contains(s.Components, c) })
		if !on || s.State == faultline.SiteUnknown {
			continue
		}
		t.Observed++
		if s.State != faultline.SiteOK {
			t.Failing++
		}
	}
	return t
}

// Coverage is as the board computes it.
func (w *world) Coverage() faultline.Coverage {
	view := w.View()
	return faultline.CoverageOf(view, w.vantages, w.now.Sub(view.AsOf) > 2*time.Minute)
}

func (w *world) View() faultline.View { w.mu.Lock(); defer w.mu.Unlock(); return w.view }

func (w *world) Report(_ context.Context, addr netip.Addr, site, symptom string) (faultline.Receipt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reports = append(w.reports, addr.String()+" "+site+" "+symptom)
	receipt := w.receipt
	receipt.Site = site
	return receipt, w.door
}

func (w *world) DailyKey(_ context.Context, day string) ([]byte, error) {
	return []byte(strings.Repeat(day, 4)), nil
}

func (w *world) lookup(input string) (faultline.SiteRecord, error) {
	site := strings.TrimPrefix(strings.ToLower(input), "www.")
	known := []string{"reddit.com", "bbc.co.uk", "ft.com", "calm.example.org", "quiet.example.org"}
	switch {
	case !strings.Contains(site, "."):
		return faultline.SiteRecord{}, faultline.InvalidError{{Parameter: "site", Detail: "is a single word"}}
	case !slices.Contains(known, site):
		return faultline.SiteRecord{}, faultline.ErrNotFound
	}
	return faultline.SiteRecord{Site: site, Components: []faultline.Component{"cdn:fastly"}}, nil
}

// clockNow is what the pages take for now.
func (w *world) clockNow() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *world) config() web.Config {
	return web.Config{
		Source:  w,
		Door:    w,
		Keys:    w,
		Lookup:  w.lookup,
		Now:     w.clockNow,
		BaseURL: "https://faultline.example",
		NameOf: func(site string) string {
			return map[string]string{"bbc.co.uk": "BBC", "reddit.com": "Reddit.com"}[site]
		},
		Providers: providers,
		Tally:     w.tally,
		Stack:     someStack,
		Vantages:  func() []faultline.VantageStatus { return w.vantages },
		Members:   func(c faultline.Component) int { return map[faultline.Component]int{"cdn:fastly": 140}[c] },
	}
}

// serve returns the pages as a server has them.
func serve(t *testing.T, cfg web.Config) *gin.Engine {
	t.Helper()
	pages, err := web.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.ContextWithFallback = true
	e.UseRawPath = true
	e.NoRoute(func(c *gin.Context) { pages.Refuse(c, http.StatusNotFound) })
	pages.Routes(e)
	return e
}

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

// noRevisions is a world whose older revisions can't be read.
type noRevisions struct{ *world }

func (noRevisions) Revisions(context.Context, string, int, int) ([]faultline.Incident, error) {
	return nil, faultline.ErrUnavailable
}

// failing has no key, short has one that is too short to trust.
type failing struct{}

func (failing) DailyKey(context.Context, string) ([]byte, error) {
	return nil, faultline.ErrUnavailable
}

type short struct{}

func (short) DailyKey(context.Context, string) ([]byte, error) { return []byte("secret"), nil }

// from is a request from an address.
func from(h http.Handler, addr, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr = addr + ":4711"
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}
