package node

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"faultline"
	"faultline/api"
	"faultline/dump"
	"faultline/ingest/infra"
	"faultline/pace"
	"faultline/store"
	"faultline/store/storetest"
)

// threeDays opens a log three days ago and stores hours of one site, so that a node which
// starts now has days to make up for. It returns their beginnings, the newest first.
func threeDays(t *testing.T, url string, now time.Time) []time.Time {
	t.Helper()
	st, err := store.Open(t.Context(), store.Config{URL: url, Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if _, err := st.Epoch(t.Context(), now.AddDate(0, 0, -3)); err != nil {
		t.Fatal(err)
	}
	lease, _, err := st.Acquire(t.Context(), "seed", time.Second, now)
	if err != nil {
		t.Fatal(err)
	}
	today := now.UTC().Truncate(24 * time.Hour)
	days := []time.Time{today.AddDate(0, 0, -1), today.AddDate(0, 0, -2), today.AddDate(0, 0, -3)}
	for i, day := range days[:2] {
		for h := range 5 {
			row := faultline.SeriesRow{Of: "bbc.co.uk", StepS: faultline.StepHour, Covered: 60,
				Point: faultline.SeriesPoint{At: day.Add(time.Duration(h) * time.Hour), Reports: 20 * h, Probes: 60,
					ProbesFailed: h + i}}
			if err := st.SaveSeries(t.Context(), lease, []faultline.SeriesRow{row}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return days
}

// A node writes the days that it has missed and serves them: with checksums as entity tags,
// in ranges, kept permanently, and with the counts that the API has.
func TestANodeServesTheDaysThatAreOver(t *testing.T) {
	url, now := storetest.Start(t), time.Now()
	days := threeDays(t, url, now)
	r := start(t, url, func(cfg *Config) { cfg.Dumps = Dumps{Dir: t.TempDir(), Keep: 3} })
	var list api.DumpList
	day := func(at time.Time) *api.DumpDay {
		for i, d := range list.Days {
			if d.Day == at.Format(time.DateOnly) {
				return &list.Days[i]
			}
		}
		return nil
	}
	// Just after midnight yesterday is not settled: the other two are there in any case.
	pace.Eventually(t, "the days are written", func() bool {
		return r.get("/dumps/index.json", &list) == http.StatusOK && day(days[1]) != nil && day(days[2]) != nil
	})
	if d := day(days[2]); d.Observed {
		t.Error("a day on which nothing was stored is said to be observed")
	}
	d := day(days[1])
	if !d.Observed || list.Keep != 3 {
		t.Errorf("%+v, %d days are kept", d, list.Keep)
	}
	for _, f := range d.Files {
		resp := r.asks(f.URL, "If-None-Match", `"`+f.SHA256+`"`)
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotModified {
			t.Errorf("%s: with its checksum as entity tag %d", f.Name, resp.StatusCode)
		}
		resp = r.asks(f.URL, "Range", "bytes=1-")
		part, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusPartialContent || int64(len(part)) != f.Bytes-1 ||
			resp.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: a range is answered %d with %d bytes of %d, %v, %v", f.Name, resp.StatusCode, len(part),
				f.Bytes, resp.Header, err)
		}
	}
	r.sameAsTheAPI(days[1])
	below := "/dumps/" + d.Day
	for _, path := range []string{"/dumps/2020-01-01/manifest.json", below + "/nothing", below} {
		if status := r.get(path, nil); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func (r *running) asks(path, field, value string) *http.Response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.url+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set(field, value)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp
}

// sameAsTheAPI compares the hours of a day in the dump with those of the API.
func (r *running) sameAsTheAPI(day time.Time) {
	r.t.Helper()
	var series api.SeriesAnswer
	if status := r.get("/v1/sites/bbc.co.uk/series?step=3600&since="+day.Format(time.RFC3339)+"&until="+
		day.AddDate(0, 0, 1).Format(time.RFC3339), &series); status != http.StatusOK {
		r.t.Fatal(status)
	}
	resp := r.asks("/dumps/"+day.Format(time.DateOnly)+"/series.ndjson.gz", "Accept-Encoding", "identity")
	defer resp.Body.Close()
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	hours := map[time.Time]dump.Hour{}
	for in := bufio.NewScanner(z); in.Scan(); {
		var h dump.Hour
		if err := json.Unmarshal(in.Bytes(), &h); err != nil || h.Site != "bbc.co.uk" {
			r.t.Fatalf("%s: %v", in.Bytes(), err)
		}
		hours[h.At] = h
	}
	counted := 0
	for _, p := range series.Points {
		h, there := hours[p.At]
		if there != (p.Reports != nil) {
			r.t.Errorf("%s: in the dump: %v, the API has %+v", p.At, there, p)
		}
		if !there {
			continue
		}
		counted++
		withheld := *p.Reports > 0 && *p.Reports < dump.MinReports
		if h.Probes != *p.Probes || h.ProbesFailed != *p.ProbesFailed || withheld != (h.Reports == nil) ||
			h.Reports != nil && *h.Reports != *p.Reports {
			r.t.Errorf("%s: the dump has %+v, the API %+v", p.At, h, p)
		}
	}
	if counted != 5 {
		r.t.Errorf("%d hours are compared", counted)
	}
}

// A dump names the source of each dependency: the catalogue's where it says the same, and
// that it was observed where the log alone has it.
func TestDumpedSitesNameTheirSources(t *testing.T) {
	book, err := infra.BuiltinCatalog()
	if err != nil {
		t.Fatal(err)
	}
	catalog := infra.MergeCatalogs(book)
	known := catalog.Known("bbc.co.uk")
	if len(known) == 0 {
		t.Fatal("the catalogue says nothing of the site")
	}
	sites := DumpedSites(catalog, []faultline.SiteRecord{
		{Site: "bbc.co.uk", Rank: 7, Components: []faultline.Component{"cdn:made-up", known[0].Component},
			Source: faultline.SourceObserved, At: time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC)},
		{Site: "new.example", Source: faultline.SourceReported}})
	if len(sites) != len(catalog.Records())+1 {
		t.Errorf("%d sites", len(sites))
	}
	named := map[string]dump.Site{}
	for _, s := range sites {
		named[s.Site] = s
	}
	if s, ok := named["new.example"]; !ok || len(s.DependsOn) != 0 || s.Rank != 0 {
		t.Errorf("%+v", s)
	}
	if got := named["bbc.co.uk"].DependsOn; len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	for _, d := range named["bbc.co.uk"].DependsOn {
		seen := d.Component == "cdn:made-up" && d.Source == "observed by probes" && d.Date == "2026-03-01"
		listed := d.Component == known[0].Component && d.Source == known[0].Text && d.Date == known[0].Date
		if !seen && !listed {
			t.Errorf("%+v", d)
		}
	}
}
