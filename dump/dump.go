package dump

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"faultline"
	"faultline/board/page"
)

// MinPeople is how few people no count of a dump may be of.
const MinPeople = 5

// MinReports is how many reports an hour of one site must have for a dump to give their
// number. One person counts once in ten minutes for a site, so six times an hour, and a
// seventh time where a line comes late: with one report more than four people can make,
// and one again for caution, there are at least [MinPeople] people.
const MinReports = 7*(MinPeople-1) + 2

// Bounds of one step of reading.
const (
	incidentsAtOnce = 64
	revisionsAtOnce = 64
)

// manifestName is written last, so that a dump without it is known to be unfinished.
const manifestName = "manifest.json"

// Source is the store as a dump needs it.
type Source interface {
	Incidents(ctx context.Context, limit int) ([]faultline.Incident, error)
	Older(ctx context.Context, onset time.Time, id string, limit int) ([]faultline.Incident, error)
	Revisions(ctx context.Context, id string, first, last int) ([]faultline.Incident, error)
	Series(ctx context.Context, of string, stepS int, from, until time.Time) (faultline.Series, error)
}

// Site is a line of sites.ndjson.gz.
type Site struct {
	Site      string       `json:"site"`
	Name      string       `json:"name"`
	Rank      int          `json:"rank"`
	Country   string       `json:"country"` // empty: not known
	DependsOn []Dependency `json:"depends_on"`
}

// Dependency is a component of a site, and how that is known.
type Dependency struct {
	Component  faultline.Component `json:"component"`
	Source     string              `json:"source"` // in words; empty: not said
	Date       string              `json:"date"`   // of which day the source is; empty: not said
	Confidence float64             `json:"confidence"`
}

// Hour is a line of series.ndjson.gz: one hour of one site that was observed.
type Hour struct {
	Site string    `json:"site"`
	At   time.Time `json:"at"` // its beginning
	// Reports of people who said that the site fails; null: there were some, and too few
	// for their number to be given, see [MinReports].
	Reports      *int `json:"reports"`
	Probes       int  `json:"probes"`
	ProbesFailed int  `json:"probes_failed"`
}

// Manifest says what a dump has.
type Manifest struct {
	Day       string `json:"day"` // UTC; series are of this day, incidents up to its end
	Licence   string `json:"licence"`
	MinPeople int    `json:"min_people"`
	Files     []File `json:"files"`
}

// File is one file of a dump.
type File struct {
	Name   string `json:"name"`
	Rows   int    `json:"rows"` // 0 for what is no table
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // in lower-case hexadecimal
}

// texts are the files that each dump has unchanged: what the rows are, and the licence.
//
//go:embed text
var texts embed.FS

// Write writes the dump of a day into a directory. The same day of the same store gives
// the same bytes. The manifest comes last: a directory without one is no whole dump.
func Write(ctx context.Context, dir string, day time.Time, from Source, sites []Site) (Manifest, error) {
	day = day.UTC().Truncate(24 * time.Hour)
	m := Manifest{Day: day.Format(time.DateOnly), Licence: "CC-BY-4.0", MinPeople: MinPeople}
	until := day.AddDate(0, 0, 1)
	if err := os.Remove(filepath.Join(dir, manifestName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return m, fmt.Errorf("remove the manifest of before: %w", err)
	}
	for _, t := range []struct {
		name string
		rows func(each func(any) error) error
	}{
		{"incidents.ndjson.gz", func(each func(any) error) error { return incidents(ctx, from, until, each) }},
		{"series.ndjson.gz", func(each func(any) error) error { return hours(ctx, from, sites, day, until, each) }},
		{"sites.ndjson.gz", func(each func(any) error) error { return every(sites, each) }},
	} {
		file, err := table(dir, t.name, t.rows)
		if err != nil {
			return m, fmt.Errorf("write %s: %w", t.name, err)
		}
		m.Files = append(m.Files, file)
	}
	if err := m.addTexts(dir); err != nil {
		return m, err
	}
	return m, m.finish(dir)
}

// addTexts writes the files that each dump has unchanged.
func (m *Manifest) addTexts(dir string) error {
	entries, err := texts.ReadDir("text")
	if err != nil {
		return fmt.Errorf("read the texts of a dump: %w", err)
	}
	for _, e := range entries {
		body, err := texts.ReadFile("text/" + e.Name())
		if err != nil {
			return fmt.Errorf("read the texts of a dump: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), body, fileMode); err != nil {
			return fmt.Errorf("write %s: %w", e.Name(), err)
		}
		sum := sha256.Sum256(body)
		m.Files = append(m.Files, File{Name: e.Name(), Bytes: int64(len(body)), SHA256: hex.EncodeToString(sum[:])})
	}
	return nil
}

// finish writes the checksums, as sha256sum -c reads them, and the manifest.
func (m *Manifest) finish(dir string) error {
	var sums strings.Builder
	for _, f := range m.Files {
		fmt.Fprintf(&sums, "%s  %s\n", f.SHA256, f.Name)
	}
	body, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), fileMode); err != nil {
		return fmt.Errorf("write the checksums: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, manifestName), append(body, '\n'), fileMode); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return nil
}

func every(sites []Site, each func(any) error) error {
	for _, s := range sites {
		if err := each(s); err != nil {
			return err
		}
	}
	return nil
}

// incidents hands on every revision that was published before a time, the newest onset
// first, as the API publishes it.
func incidents(ctx context.Context, from Source, until time.Time, each func(any) error) error {
	some, err := from.Incidents(ctx, incidentsAtOnce)
	for ; err == nil && len(some) > 0; some, err = older(ctx, from, some) {
		for _, inc := range some {
			if err := revisions(ctx, from, inc, until, each); err != nil {
				return err
			}
		}
	}
	return err
}

func older(ctx context.Context, from Source, than []faultline.Incident) ([]faultline.Incident, error) {
	last := than[len(than)-1]
	return from.Older(ctx, last.Onset.At, last.ID, incidentsAtOnce)
}

func revisions(ctx context.Context, from Source, inc faultline.Incident, until time.Time, each func(any) error) error {
	for first := 1; first <= inc.Revision; first += revisionsAtOnce {
		some, err := from.Revisions(ctx, inc.ID, first, min(inc.Revision, first+revisionsAtOnce-1))
		if err != nil {
			return err
		}
		for _, r := range some {
			if !r.UpdatedAt.Before(until) {
				return nil // later ones were said later
			}
			if err := each(r.WithoutTimeline()); err != nil {
				return err
			}
		}
	}
	return nil
}

// hours hands on the hours of each site that have counts.
func hours(ctx context.Context, from Source, sites []Site, day, until time.Time, each func(any) error) error {
	for _, s := range sites {
		series, err := from.Series(ctx, s.Site, faultline.StepHour, day, until)
		if err != nil {
			return err
		}
		for _, p := range series.Points {
			if p.State != faultline.PointObserved {
				continue
			}
			if err := each(hourOf(s.Site, p)); err != nil {
				return err
			}
		}
	}
	return nil
}

func hourOf(site string, p faultline.SeriesPoint) Hour {
	h := Hour{Site: site, At: p.At, Probes: p.Probes, ProbesFailed: p.ProbesFailed}
	if p.Reports == 0 || p.Reports >= MinReports {
		h.Reports = &p.Reports
	}
	return h
}

// line is a row as the API renders it.
func line(row any) ([]byte, error) {
	text, err := page.Render(row)
	return append(text, '\n'), err
}
