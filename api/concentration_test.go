package api

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

// concentratedNode is a node whose list has two British sites and an American one.
func concentratedNode(t *testing.T) *node {
	n := newNode(t, func(c *Config, b *board.Config, _ *stream.Config) {
		c.Index, b.Providers = board.NewIndex(), testProviders
		for i, on := range [][]faultline.Component{{"cdn:fastly"}, {"cdn:fastly", "cdn:other"}, {"cdn:other"}} {
			site := string(rune('a'+i)) + ".example"
			c.Index.Put(faultline.SiteRecord{Site: site, Rank: i + 1, Components: on})
			c.Index.Describe(site, board.About{Country: []string{"GB", "GB", "US"}[i], Service: "news"})
		}
	})
	n.run()
	return n
}

func TestConcentrationOfPartsAndGroups(t *testing.T) {
	n := concentratedNode(t)
	part := decode[ConcentrationAnswer](t, n.get("/v1/concentration?kind=cdn&country=gb").Body)
	if len(part.Kinds) != 1 || part.Kinds[0].Known != 2 || part.Country != "GB" || len(part.Groups) != 0 {
		t.Errorf("of Britain: %+v", part)
	}
	if first := part.Kinds[0].Providers[0]; first.Slug != "fastly" || first.Share != 0.75 {
		t.Errorf("the largest there: %+v", first)
	}
	groups := decode[ConcentrationAnswer](t, n.get("/v1/concentration?kind=cdn&by=country").Body)
	if len(groups.Groups) != 2 || groups.Groups[0].Group != "GB" || len(groups.Groups[0].Kinds) != 1 ||
		groups.Kinds[0].Sites != 3 {
		t.Errorf("by country: %+v", groups)
	}
	columns, rows, _ := tableOf(t, n, "/v1/concentration.csv?kind=cdn&by=country")
	if len(columns) != 15 || len(rows) != 3 || rows[2]["group"] != "US" || rows[2]["hhi"] != "10000" {
		t.Errorf("as CSV: %v", rows)
	}
	if _, rows, _ := tableOf(t, n, "/v1/concentration.csv?kind=dns"); len(rows) != 1 || rows[0]["hhi"] != "" ||
		rows[0]["coverage"] != "0" {
		t.Errorf("of what is not known: %v", rows)
	}
}

func TestConcentrationRefusesWhatItCannotRead(t *testing.T) {
	n := concentratedNode(t)
	for query, parameter := range map[string]string{"country=FR": "country", "service=banks": "service",
		"by=rank": "by", "kind=tld": "kind", "limit=0": "limit"} {
		p := wantProblem(t, n.get("/v1/concentration?"+query), http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Parameter != parameter {
			t.Errorf("%s: %+v", query, p)
		}
	}
}

func TestFirebreaksAndTheBlastRadiusOfAProvider(t *testing.T) {
	n := concentratedNode(t)
	sites := decode[FirebreaksAnswer](t, n.get("/v1/concentration/firebreaks?limit=2").Body).Sites
	if len(sites) != 2 || sites[0].Kinds[0].Second || !sites[1].Kinds[0].Second {
		t.Errorf("firebreaks: %+v", sites)
	}
	if _, rows, _ := tableOf(t, n, "/v1/concentration/firebreaks.csv"); len(rows) != 3 ||
		rows[1]["providers"] != "Fastly; Other" || rows[1]["second"] != "true" {
		t.Errorf("as CSV: %v", rows)
	}
	r := decode[ProviderRadiusAnswer](t, n.get("/v1/providers/fastly/blast-radius?country=GB").Body)
	if len(r.Kinds) != 1 || r.Kinds[0].Kind != "cdn" || r.Kinds[0].Sites != 2 || r.Kinds[0].Alone != 1 {
		t.Errorf("the blast radius: %+v", r)
	}
	wantProblem(t, n.get("/v1/providers/nobody/blast-radius"), http.StatusNotFound)
}

// someDays is the history of a store, or none that can be read.
type someDays struct{ days []faultline.ConcentrationDay }

func (d someDays) ConcentrationDays(context.Context, time.Time, time.Time) ([]faultline.ConcentrationDay, error) {
	if d.days == nil {
		return nil, errors.New("away")
	}
	return d.days, nil
}

func TestConcentrationHistoryLeavesMissingDaysOut(t *testing.T) {
	days := []faultline.ConcentrationDay{
		{Day: "2021-06-01", At: t0,
			Kinds: []faultline.ConcentrationPoint{{Kind: "cdn", Known: 9, Sites: 10, HHI: new(700)}}},
		{Day: "2021-06-04", At: t0, Kinds: []faultline.ConcentrationPoint{{Kind: "cdn"}, {Kind: "dns"}}}}
	n := newNode(t, func(_ *Config, b *board.Config, _ *stream.Config) { b.Days = someDays{days} })
	n.run()
	got := decode[ConcentrationHistory](t, n.get("/v1/concentration/history").Body)
	if len(got.Days) != 2 || got.LeftOut || *got.Days[0].Kinds[0].HHI != 700 || got.Days[1].Kinds[0].HHI != nil {
		t.Errorf("the history is %+v", got)
	}
	if _, rows, _ := tableOf(t, n, "/v1/concentration/history.csv?kind=cdn"); len(rows) != 2 ||
		rows[0]["hhi"] != "700" || rows[1]["hhi"] != "" {
		t.Errorf("as CSV: %v", rows)
	}
	wantProblem(t, n.get("/v1/concentration/history?since=2001-01-01"), http.StatusBadRequest)
	wantProblem(t, n.get("/v1/concentration/history?since=2021-06-02&until=2021-06-01"), http.StatusBadRequest)
}

func TestConcentrationHistorySaysThatItCannotBeRead(t *testing.T) {
	n := newNode(t, func(_ *Config, b *board.Config, _ *stream.Config) { b.Days = someDays{} })
	n.run()
	got := decode[ConcentrationHistory](t, n.get("/v1/concentration/history").Body)
	if !got.LeftOut || got.Days == nil {
		t.Errorf("the history is %+v", got)
	}
	wantProblem(t, n.get("/v1/concentration/history.csv"), http.StatusServiceUnavailable)
}
