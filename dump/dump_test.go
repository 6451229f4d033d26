package dump

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"faultline"
	"faultline/record"
)

var day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// kept is a store of some incidents with two revisions each, the second of which is of the
// next day for one of them, and of one site with an hour for each number of reports.
type kept struct{ incidents int }

func (k kept) incident(n, revision int) faultline.Incident {
	at := day.Add(time.Duration(n) * time.Minute)
	inc := faultline.Incident{ID: fmt.Sprintf("inc_%04d", n), Revision: revision, State: faultline.StateCandidate,
		Onset: faultline.Onset{Earliest: at, At: at, Latest: at}, DetectedAt: at, UpdatedAt: at,
		Timeline: faultline.Timeline{{At: at}},
		Sites: []faultline.IncidentSite{{Site: "a.net", State: faultline.SiteDown, Onset: at, RecoveredAt: &at,
			Reports: 3}}}
	if n == 1 {
		inc.State, inc.ConfirmedAt, inc.ResolvedAt = faultline.StateResolved, &at, &at
		inc.Cause = &faultline.Cause{Component: "cdn:fastly", Kind: "cdn", Name: "Fastly", Confidence: 0.97}
	}
	if n == 0 && revision == 2 {
		inc.UpdatedAt = day.AddDate(0, 0, 1)
	}
	if n == 2 { // nobody reported: nothing of it is withheld
		inc.Sites[0].Reports, inc.Title = 0, "One site <503>"
	}
	inc.Hash, _ = record.Hash(inc)
	return inc
}

func (k kept) Older(_ context.Context, onset time.Time, _ string, limit int) ([]faultline.Incident, error) {
	return k.below(min(k.incidents, int(onset.Sub(day)/time.Minute)), limit), nil
}

func (k kept) below(n, limit int) (some []faultline.Incident) {
	for n--; n >= 0 && len(some) < limit; n-- {
		some = append(some, k.incident(n, 2))
	}
	return some
}

func (k kept) Revisions(_ context.Context, id string, first, last int) (some []faultline.Incident, err error) {
	var n int
	if _, err := fmt.Sscanf(id, "inc_%d", &n); err != nil {
		return nil, err
	}
	for r := first; r <= last; r++ {
		some = append(some, k.incident(n, r))
	}
	return some, nil
}

var reports = []int{0, 1, 4, 5, 28, MinReports - 1, MinReports, 400}

func (k kept) Series(_ context.Context, of string, stepS int, from, until time.Time) (faultline.Series, error) {
	s := faultline.Series{Of: of, StepS: stepS}
	for i := range int(until.Sub(from) / time.Hour) {
		p := faultline.SeriesPoint{At: from.Add(time.Duration(i) * time.Hour), State: faultline.PointNotObserved}
		if i < len(reports) {
			p.State, p.Reports, p.Probes, p.ProbesFailed = faultline.PointObserved, reports[i], 60, i
		}
		s.Points = append(s.Points, p)
	}
	return s, nil
}

func written(t *testing.T, k kept) (string, Manifest) {
	t.Helper()
	dir := t.TempDir()
	m, err := Write(t.Context(), dir, Day{Day: day.Add(5 * time.Hour), From: k, Record: k.record(t),
		Sites: []Site{{Site: "a.net", DependsOn: []Dependency{{Component: "cdn:fastly", Source: "headers",
			Date: "2026-02-01", Confidence: 0.9}}}}})
	if err != nil {
		t.Fatal(err)
	}
	return dir, m
}

func rowsOf[T any](t *testing.T, dir, name string) (rows []T) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for in := bufio.NewScanner(z); in.Scan(); {
		var row T
		if err := json.Unmarshal(in.Bytes(), &row); err != nil {
			t.Fatalf("%s: %v", in.Bytes(), err)
		}
		rows = append(rows, row)
	}
	return rows
}

// Every revision that was published up to the end of the day is written once, in pages of
// any number, and none that came later.
func TestEveryRevisionUpToTheEndOfTheDayIsWritten(t *testing.T) {
	for _, n := range []int{0, 1, incidentsAtOnce, 2*incidentsAtOnce + 1} {
		dir, _ := written(t, kept{n})
		seen := map[string]bool{}
		for _, inc := range rowsOf[faultline.Incident](t, dir, "incidents.ndjson.gz") {
			name := fmt.Sprint(inc.ID, " ", inc.Revision)
			if seen[name] || !inc.UpdatedAt.Before(day.AddDate(0, 0, 1)) || inc.Timeline != nil {
				t.Errorf("of %d incidents: %s is there twice, or too late, or with its timeline", n, name)
			}
			seen[name] = true
		}
		if want := max(0, 2*n-1); len(seen) != want {
			t.Errorf("of %d incidents: %d revisions, want %d", n, len(seen), want)
		}
	}
}

// The counts of an hour are those of the store. Only the number of reports is withheld, and
// only where there were some and four people could have made them all.
func TestNoCountOfTooFewPeopleIsWritten(t *testing.T) {
	dir, _ := written(t, kept{1})
	hours := rowsOf[Hour](t, dir, "series.ndjson.gz")
	if len(hours) != len(reports) {
		t.Fatalf("%d hours, want the %d that were observed", len(hours), len(reports))
	}
	const byFour = 4 * 7 // every ten minutes, and once late
	for i, h := range hours {
		few := reports[i] > 0 && reports[i] < MinReports
		switch {
		case h.Site != "a.net" || !h.At.Equal(day.Add(time.Duration(i)*time.Hour)),
			h.Probes != 60 || h.ProbesFailed != i:
			t.Errorf("hour %d: %+v", i, h)
		case few != (h.Reports == nil):
			t.Errorf("hour %d: %d reports, withheld: %v", i, reports[i], h.Reports == nil)
		case h.Reports != nil && (*h.Reports != reports[i] || *h.Reports > 0 && *h.Reports <= byFour):
			t.Errorf("hour %d: %d reports are said to be %d", i, reports[i], *h.Reports)
		}
	}
}

// The manifest has every file with its checksum, and the same store gives the same bytes.
func TestTheManifestHasEveryFile(t *testing.T) {
	dir, m := written(t, kept{3})
	_, again := written(t, kept{3})
	if fmt.Sprint(m) != fmt.Sprint(again) {
		t.Errorf("two dumps of one store differ: %v, %v", m, again)
	}
	listed := map[string]bool{manifestName: true, "SHA256SUMS": true}
	for _, f := range m.Files {
		body, err := os.ReadFile(filepath.Join(dir, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(body)
		if f.SHA256 != hex.EncodeToString(sum[:]) || f.Bytes != int64(len(body)) {
			t.Errorf("%s is %d bytes with the sum %x, and the manifest says %+v", f.Name, len(body), sum, f)
		}
		listed[f.Name] = true
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !listed[e.Name()] {
			t.Errorf("%s is in no manifest", e.Name())
		}
	}
	var read Manifest
	body, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &read); err != nil || fmt.Sprint(read) != fmt.Sprint(m) {
		t.Errorf("manifest: %v, %s", err, body)
	}
	if sites := rowsOf[Site](t, dir, "sites.ndjson.gz"); len(sites) != 1 || sites[0].DependsOn[0].Confidence != 0.9 {
		t.Errorf("sites: %+v", sites)
	}
}
