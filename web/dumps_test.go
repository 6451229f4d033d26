package web_test

import (
	"strings"
	"testing"

	"faultline/dump"
	"faultline/web"
)

type shelf struct {
	keep int
	days []dump.Manifest
}

func (s shelf) Days() []dump.Manifest { return s.days }
func (s shelf) Keep() int             { return s.keep }

// The page of open data lists each day with its files, says of which days nobody looked, and
// says why there are none.
func TestThePageOfOpenDataListsTheDays(t *testing.T) {
	files := []dump.File{{Name: "incidents.ndjson.gz", Rows: 1234, Bytes: 1_500_000},
		{Name: "incidents.parquet", Bytes: 1}, {Name: "series.ndjson.gz", Rows: 5678}, {Name: "LICENCE.txt"}}
	for name, tt := range map[string]struct {
		shelf      web.Dumps
		has, lacks []string
	}{
		"two days": {shelf{30, []dump.Manifest{{Day: "2021-06-07", Observed: true, Files: files},
			{Day: "2021-06-06", Files: files}}},
			[]string{"7 June 2021", "1,234", "5,678", "1,501 kB", `href="/dumps/2021-06-07/incidents.ndjson.gz"`,
				`href="/dumps/2021-06-06/manifest.json"`, "Nobody looked on this day.", "The newest 30 are kept.",
				"/dumps/index.json"},
			[]string{"LICENCE.txt", "No day is written yet"}},
		"none yet":     {shelf{30, nil}, []string{"No day is written yet."}, []string{"<table"}},
		"it is off":    {shelf{}, []string{"This server writes no files."}, []string{"<table", "index.json"}},
		"there is not": {nil, []string{"This server writes no files."}, []string{"<table"}},
	} {
		cfg := newWorld().config()
		cfg.Dumps = tt.shelf
		body := get(serve(t, cfg), "/dumps").Body.String()
		for _, want := range tt.has {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %q is not on the page", name, want)
			}
		}
		for _, not := range tt.lacks {
			if strings.Contains(body, not) {
				t.Errorf("%s: %q is on the page", name, not)
			}
		}
	}
}
