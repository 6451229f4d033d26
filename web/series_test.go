package web_test

import (
	"context"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/web"
)

// someSeries rises at the onset of the outage, and has an hour without a probe.
type someSeries struct{ fails error }

func (s someSeries) Series(_ context.Context, of string, stepS int, from, until time.Time) (faultline.Series, error) {
	series := faultline.Series{Of: of, StepS: stepS}
	for at := from; at.Before(until); at = at.Add(time.Duration(stepS) * time.Second) {
		p := faultline.SeriesPoint{At: at, Reports: 1, Expected: 1.5, ExpectedHigh: 4.2, Probes: 10, Sites: 140}
		if at.Hour() == 4 {
			p.Probes, p.Sites = 0, 0
		}
		if !at.Before(clock("2021-06-08T09:47:00Z")) {
			p.Reports, p.ProbesFailed, p.SitesFailing = 812, 9, 131
		}
		series.Points = append(series.Points, p)
	}
	return series, s.fails
}

// someVerdict blames the provider for viewers of AS2856 and their network for those
// of AS812, and knows nothing of others.
type someVerdict struct{ fails error }

func (s someVerdict) Verdict(record faultline.SiteRecord, asn uint32) (faultline.Verdict, error) {
	inc := fastly(3)
	v := faultline.Verdict{Site: record.Site, Blame: faultline.BlameUnknown, ASN: int(asn)}
	switch asn {
	case 2856:
		v.Blame, v.Incident, v.NetworkSites, v.NetworkReports = faultline.BlameProvider, &inc, 37, 1214
	case 812:
		v.Blame, v.NetworkSites, v.NetworkReports = faultline.BlameISP, 1, 1
	}
	return v, s.fails
}

// Label puts a few addresses into networks.
func (someVerdict) Label(addr netip.Addr) (uint32, string) {
	return map[string]uint32{"192.0.2.1": 2856, "198.51.100.7": 812}[addr.String()], ""
}

func TestChartsOfTheLastDay(t *testing.T) {
	w := newWorld()
	cfg := w.config()
	cfg.Series = someSeries{}
	h := serve(t, cfg)
	for path, says := range map[string][]string{
		"/site/reddit.com": {
			"Reports In each 5 min. Grey: what is usual at quiet times. UTC, 7 June 2021 to 8 June 2021.",
			"most at 09:50 UTC, 812, where up to 5 is usual",
			"Share of probes that failed", "The worst is 9 of 10 probes failed at 09:50 UTC.", "04:00 UTC – –",
			"09:50 UTC 9 10"},
		"/component/cdn/fastly": {"Share of sites failing",
			"The worst is 131 of 140 observed sites failing at 09:50 UTC."},
		"/incident/" + outage:                {"Reports In each 1 min.", "09:47 UTC 812 up to 5"},
		"/embed/site/reddit.com?parts=chart": {"Share of probes that failed"},
	} {
		seen := text(t, get(h, path).Body.String())
		for _, s := range says {
			if !strings.Contains(seen, s) {
				t.Errorf("%s does not say %q\n%s", path, s, seen)
			}
		}
	}
	if seen := text(t, get(h, "/incident/"+outage+"@3").Body.String()); strings.Contains(seen, "Reports In each") {
		t.Error("a frozen page draws what is not kept for ever")
	}
}

// Where there is no series, a page says so and draws nothing.
func TestNoChartIsMadeUp(t *testing.T) {
	w := newWorld()
	for name, series := range map[string]web.Series{"none": nil, "away": someSeries{faultline.ErrUnavailable},
		"unknown": someSeries{faultline.ErrNotFound}, "empty": emptySeries{}} {
		cfg := w.config()
		cfg.Series = series
		body := get(serve(t, cfg), "/site/reddit.com").Body.String()
		if !strings.Contains(body, "There is no chart of the last 24 hours") || strings.Contains(body, "<figure") {
			t.Errorf("%s: the page of a site has a chart or does not say that it has none", name)
		}
	}
}

type emptySeries struct{}

func (emptySeries) Series(context.Context, string, int, time.Time, time.Time) (faultline.Series, error) {
	return faultline.Series{StepS: 300}, nil
}

func TestVerdictForAViewer(t *testing.T) {
	w := newWorld()
	cfg := w.config()
	cfg.Verdicts, cfg.Networks = someVerdict{}, someVerdict{}
	h := serve(t, cfg)
	for addr, want := range map[string]struct{ says, not, cache string }{
		"192.0.2.1": {
			"It is not you. The fault lies with Fastly, which reddit.com depends on. You Nothing points here Your " +
				"network Nothing points here The site Nothing points here What it depends on Most likely here In the " +
				"last 10 minutes, 1,214 reports came from your network (AS2856), of 37 sites.", "",
			"private, max-age=5"},
		"198.51.100.7": {
			"It is where you are: your network (AS812) has trouble with many unrelated sites. You Nothing points " +
				"here Your network Most likely here", "AS2856", "private, max-age=5"},
		"198.51.100.8": {"We can’t tell where a fault would lie. You Not known Your network Not known",
			"Most likely here", "private, max-age=5"},
	} {
		rec := from(h, addr, "/site/reddit.com")
		seen := text(t, rec.Body.String())
		if !strings.Contains(seen, want.says) || want.not != "" && strings.Contains(seen, want.not) {
			t.Errorf("%s: %s", addr, seen)
		}
		if got := rec.Header().Get("Cache-Control"); got != want.cache {
			t.Errorf("%s: Cache-Control %q, want %q", addr, got, want.cache)
		}
		if strings.Contains(rec.Body.String(), addr) {
			t.Errorf("%s: the address stands in the page", addr)
		}
	}
	if rec := get(h, "/embed/site/reddit.com"); strings.Contains(rec.Body.String(), "AS2856") ||
		!strings.HasPrefix(rec.Header().Get("Cache-Control"), "public") {
		t.Error("the widget is different for each viewer")
	}
	cfg.Verdicts = someVerdict{faultline.ErrUnavailable}
	rec := get(serve(t, cfg), "/site/reddit.com")
	if seen := text(t, rec.Body.String()); rec.Code != http.StatusOK || strings.Contains(seen, "Is it just me?") ||
		rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("without a verdict: %d, %s: %s", rec.Code, rec.Header().Get("Cache-Control"), seen)
	}
}

// holed is a day of reports with two hours in its middle that nothing is known of.
type holed struct{}

func (holed) Series(_ context.Context, of string, stepS int, from, until time.Time) (faultline.Series, error) {
	s := faultline.Series{Of: of, StepS: stepS}
	for i, at := 0, from; at.Before(until); i, at = i+1, at.Add(time.Duration(stepS)*time.Second) {
		p := faultline.SeriesPoint{At: at, Reports: 7, ExpectedHigh: 4, Probes: 10}
		if i >= 100 && i < 124 {
			p = faultline.SeriesPoint{At: at, State: faultline.PointNotObserved}
		}
		s.Points = append(s.Points, p)
	}
	s.Points[len(s.Points)-1].State = faultline.PointUnfinished
	s.Points[len(s.Points)-1].Reports = 0
	return s, nil
}

// A line breaks where nothing is known and the gap is hatched; the step that is still
// filling is not drawn.
func TestLinesBreakAtGaps(t *testing.T) {
	cfg := newWorld().config()
	cfg.Series = holed{}
	body := get(serve(t, cfg), "/site/reddit.com").Body.String()
	line := regexp.MustCompile(`<path class="reports" d="([^"]*)"`).FindStringSubmatch(body)
	if line == nil || strings.Count(line[1], "M") != 2 || !strings.Contains(body, `<rect class="gap"`) {
		t.Errorf("the line is %.200v", line)
	}
	seen := text(t, body)
	for _, want := range []string{"Hatched: not observed. Dotted: still being counted.",
		"where up to 4 is usual. Hatched: not observed."} {
		if !strings.Contains(seen, want) {
			t.Errorf("it does not say %q: %s", want, seen)
		}
	}
}
