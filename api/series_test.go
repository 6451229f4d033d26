package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

// memSeries has a point a step, counts what it is asked and fails or hangs at will.
type memSeries struct {
	asked []string
	hang  bool
}

func (m *memSeries) Series(ctx context.Context, of string, stepS int, from, until time.Time) (faultline.Series, error) {
	m.asked = append(m.asked, fmt.Sprint(of, " ", stepS, " ", from.Format(time.RFC3339), " ",
		until.Format(time.RFC3339)))
	if m.hang {
		<-ctx.Done()
		return faultline.Series{}, ctx.Err()
	}
	return faultline.Series{Of: of, StepS: stepS,
		Points: []faultline.SeriesPoint{{At: from, Reports: 3, Expected: 0.5, ExpectedHigh: 2}}}, nil
}

func newSeriesNode(t *testing.T) (*node, *memSeries) {
	t.Helper()
	kept := &memSeries{}
	n := newNode(t, func(c *Config, b *board.Config, _ *stream.Config) {
		b.Series, c.Index = kept, board.NewIndex()
		c.Index.Put(faultline.SiteRecord{Site: "bbc.co.uk", Components: []faultline.Component{"cloud:aws/us-east-1"}})
	})
	n.run()
	n.show(faultline.View{AsOf: t0})
	return n, kept
}

func TestSeries(t *testing.T) {
	n, kept := newSeriesNode(t)
	w := n.get("/v1/sites/BBC.co.uk/series?step=300&since=2021-06-08T09:00:00Z&until=1623146400")
	got := decode[SeriesAnswer](t, w.Body)
	if w.Code != http.StatusOK || got.Of != "bbc.co.uk" || got.StepS != 300 || len(got.Points) != 1 ||
		*got.Points[0].Reports != 3 || got.LeftOut || got.Meta.AsOf == nil {
		t.Fatalf("%d %+v", w.Code, got)
	}
	n.get("/v1/sites/bbc.co.uk/series?until=1623146400&since=2021-06-08T09:00:00Z&step=300") // the same
	if len(kept.asked) != 1 || kept.asked[0] != "bbc.co.uk 300 2021-06-08T09:00:00Z 2021-06-08T10:00:00Z" {
		t.Errorf("asked %q", kept.asked)
	}
	if got := decode[SeriesAnswer](t,
		n.get("/v1/components/cloud/aws~us-east-1/series").Body); got.Of != "cloud:aws/us-east-1" || got.StepS != 60 {
		t.Errorf("component: %+v", got)
	}
	if want := "cloud:aws/us-east-1 60 2021-06-08T06:47:05Z 2021-06-08T09:47:05Z"; kept.asked[1] != want {
		t.Errorf("asked %q, want %q", kept.asked[1], want)
	}
	for query, name := range map[string]string{
		"step=61": "step", "step=": "step", "since=yesterday": "since", "until=-1": "until",
		"since=2021-06-07T09:00:00Z":                            "since",
		"since=2021-06-08T09:00:00Z&until=2021-06-08T08:00:00Z": "since", "colour=blue": "colour",
	} {
		p := wantProblem(t, n.get("/v1/sites/bbc.co.uk/series?"+query), http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Parameter != name {
			t.Errorf("%s: %+v", query, p.Errors)
		}
	}
	wantProblem(t, n.get("/v1/sites/nobody.test/series"), http.StatusNotFound)
	wantProblem(t, n.get("/v1/components/cdn/nobody/series"), http.StatusNotFound)
	wantProblem(t, n.get("/v1/components/sort/fastly/series"), http.StatusBadRequest)
}

// Where the store does not answer in time, minutes are left out, and the answer
// says so and is not kept.
func TestSeriesAreLeftOutWhereTheStoreHangs(t *testing.T) {
	n, kept := newSeriesNode(t)
	kept.hang = true
	w := n.get("/v1/sites/bbc.co.uk/series")
	if got := decode[SeriesAnswer](t, w.Body); w.Code != http.StatusOK || !got.LeftOut || got.Points == nil ||
		len(got.Points) != 0 || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %+v", w.Code, w.Header(), got)
	}
	kept.hang = false
	if got := decode[SeriesAnswer](t, n.get("/v1/sites/bbc.co.uk/series").Body); got.LeftOut || len(got.Points) != 1 {
		t.Errorf("afterwards: %+v", got)
	}
}

// What nobody looked at, and what is not stored yet, is null and no zero, in JSON and in
// CSV alike.
func TestMissingIsNoZero(t *testing.T) {
	p := newSeriesPoint(faultline.SeriesPoint{At: t0, State: faultline.PointNotStored, Expected: 2})
	if p.Reports != nil || p.Probes != nil || p.ProbesFailed != nil || p.Sites != nil || p.State != "not_stored" {
		t.Errorf("%+v", p)
	}
	if p := newSeriesPoint(faultline.SeriesPoint{At: t0}); *p.Reports != 0 || *p.Probes != 0 || p.ProbesFailed != nil ||
		p.State != "observed" {
		t.Errorf("a step in which people reported nothing and nobody probed: %+v", p)
	}
	text := string(
		csvOf(faultline.Series{Points: []faultline.SeriesPoint{{At: t0, State: faultline.PointNotObserved}}}))
	if !strings.HasSuffix(text, "2021-06-08T09:47:05Z,,0,0,,,,,not_observed\r\n") {
		t.Errorf("%q", text)
	}
}
