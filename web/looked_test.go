package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"faultline"
	"faultline/web"
)

// lookedWorld is a world in which strangers are looked at.
func lookedWorld(looked *web.Looked) web.Config {
	cfg := newWorld().config()
	known := cfg.Lookup
	cfg.Lookup = func(input string) (faultline.SiteRecord, error) {
		if name := strings.TrimPrefix(input, "www."); strings.HasSuffix(name, "shop.com") {
			return faultline.SiteRecord{Site: name}, faultline.ErrNotFound
		}
		return known(input)
	}
	cfg.Look = func(_ context.Context, site string) web.Looked {
		l := *looked
		l.Status.Site = site
		return l
	}
	return cfg
}

func TestStrangersAreLookedAt(t *testing.T) {
	at := clock("2021-06-08T10:25:20Z")
	probe := func(s faultline.Symptom, detail string) []faultline.Probe {
		return []faultline.Probe{{At: at, Vantage: "lon-1", Symptom: s, Detail: detail, LatencyMS: 120}}
	}
	for want, looked := range map[string]web.Looked{
		"We are looking at corner-shop.com now.": {Pending: true},
		"No: corner-shop.com works":              {Probes: probe("ok", ""), Status: faultline.SiteStatus{State: faultline.SiteOK}},
		"Yes: corner-shop.com is failing":        {Probes: probe("http_502", ""), Status: faultline.SiteStatus{State: faultline.SiteDown}},
		"Partly: corner-shop.com fails":          {Probes: probe("http_502", ""), Status: faultline.SiteStatus{State: faultline.SiteDegraded}},
		"There is no corner-shop.com.":           {Probes: probe("dns", "nxdomain"), Status: faultline.SiteStatus{State: faultline.SiteDown}},
		"We can’t tell how corner-shop.com does": {Probes: probe("blocked", ""), Status: faultline.SiteStatus{State: faultline.SiteUnknown}},
	} {
		rec := get(serve(t, lookedWorld(&looked)), "/site/corner-shop.com")
		body := rec.Body.String()
		if said := text(t, body); rec.Code != http.StatusOK || !strings.Contains(said, want) {
			t.Errorf("%d %s", rec.Code, said)
		}
		if refresh := strings.Contains(body, `http-equiv="refresh"`); refresh != looked.Pending {
			t.Errorf("%s: loads anew by itself: %v", want, refresh)
		}
		if rec.Header().Get("Cache-Control") != "no-store" || !strings.Contains(body, "noindex") || strings.Contains(body, "<form method=\"post\"") {
			t.Errorf("%s: %v", want, rec.Header())
		}
		if len(looked.Probes) > 0 && !strings.Contains(body, "lon-1") {
			t.Errorf("%s: the place is not named", want)
		}
	}
}

func TestStrangersHaveOnePage(t *testing.T) {
	h := serve(t, lookedWorld(&web.Looked{Pending: true}))
	for _, path := range []string{"/site?q=www.corner-shop.com", "/site/www.corner-shop.com"} {
		if rec := get(h, path); rec.Code != http.StatusSeeOther || !strings.HasSuffix(rec.Header().Get("Location"), "/site/corner-shop.com") {
			t.Errorf("%s: %d %v", path, rec.Code, rec.Header())
		}
	}
	// Too many were asked for, or nobody looks.
	if rec := get(serve(t, lookedWorld(&web.Looked{})), "/site/corner-shop.com"); rec.Code != http.StatusNotFound {
		t.Errorf("%d", rec.Code)
	}
	cfg := lookedWorld(&web.Looked{})
	cfg.Look = nil
	if rec := get(serve(t, cfg), "/site/corner-shop.com"); rec.Code != http.StatusNotFound {
		t.Errorf("%d", rec.Code)
	}
}

func TestASiteOfTheMapThatNobodyProbesIsLookedAt(t *testing.T) {
	w := newWorld()
	w.view.Sites = nil
	cfg := w.config()
	cfg.Look = func(context.Context, string) web.Looked {
		return web.Looked{Probes: make([]faultline.Probe, 1), Status: faultline.SiteStatus{State: faultline.SiteOK, Symptom: "ok", Probes: 1}}
	}
	if said := text(t, get(serve(t, cfg), "/site/calm.example.org").Body.String()); !strings.Contains(said, "works as seen from our probes") {
		t.Error(said)
	}
}

func TestBlindVantagesAreNamed(t *testing.T) {
	cfg := newWorld().config()
	var all []faultline.VantageStatus
	cfg.Vantages = func() []faultline.VantageStatus { return all }
	well := faultline.VantageStatus{Vantage: "lon-1", State: faultline.VantageOK}
	blind := faultline.VantageStatus{Vantage: "nyc-1", State: faultline.VantageBlind, Why: "no canary answers"}
	sick := faultline.VantageStatus{Vantage: "sgp-1", State: faultline.VantageSick}
	for _, c := range []struct {
		all  []faultline.VantageStatus
		want string
	}{
		{[]faultline.VantageStatus{well, blind}, "impaired at nyc-1 (no canary answers)"},
		{[]faultline.VantageStatus{well, blind, sick}, "sgp-1 (sick)"},
		{[]faultline.VantageStatus{blind}, "none of them can see the internet"},
		{[]faultline.VantageStatus{well}, ""},
		{nil, ""},
	} {
		all = c.all
		said := text(t, get(serve(t, cfg), "/").Body.String())
		if c.want == "" && strings.Contains(said, "impaired") || !strings.Contains(said, c.want) {
			t.Errorf("%v: %s", c.all, said)
		}
	}
}

func TestTheProbesExplainThemselves(t *testing.T) {
	rec := get(serve(t, newWorld().config()), "/prober")
	if body := rec.Body.String(); rec.Code != http.StatusOK || !strings.Contains(body, "User-agent: faultline\nDisallow: /") || !strings.Contains(body, "robots.txt") {
		t.Errorf("%d %s", rec.Code, body)
	}
}
