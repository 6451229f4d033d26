package dump

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"faultline"
	"faultline/board/page"
	"faultline/record"
)

// Bounds of one step of reading.
const (
	// Each step is one command or a few, after which others have their turn.
	incidentsAtOnce = 64
	revisionsAtOnce = 64
	seriesAtOnce    = 64
)

// endOfTime lies behind every onset.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// codfName is the file with outages in the Common Outage Data Format.
const codfName = "codf.json"

// Source is the store as a dump needs it.
type Source interface {
	// Older are incidents behind the place of one of that onset and id, the newest onset first.
	Older(ctx context.Context, onset time.Time, id string, limit int) ([]faultline.Incident, error)
	Revisions(ctx context.Context, id string, first, last int) ([]faultline.Incident, error)
	Series(ctx context.Context, of string, stepS int, from, until time.Time) (faultline.Series, error)
}

// Day is what a dump is made of.
type Day struct {
	Day   time.Time // any moment of the day (UTC)
	From  Source
	Sites []Site
	// Record proves the revisions; nil: nothing does.
	Record *record.Keeper
	// Rest is called after each step of reading, so that a node that serves can leave the
	// store to others for a moment; nil: nothing is.
	Rest func(context.Context)
}

// Write writes the dump of a day into a directory that is there. The same day of the
// same store gives the same bytes. The manifest comes last: a directory without one is
// no whole dump. A manifest of before is removed first, so that a write that breaks off
// leaves no whole dump behind.
func Write(ctx context.Context, dir string, d Day) (Manifest, error) {
	d.Day = d.Day.UTC().Truncate(24 * time.Hour)
	if d.Rest == nil {
		d.Rest = func(context.Context) {}
	}
	m := Manifest{Day: d.Day.Format(time.DateOnly), SchemaVersion: SchemaVersion, Licence: "CC-BY-4.0",
		LicenceURL: "https://creativecommons.org/licenses/by/4.0/", MinPeople: MinPeople, MinReports: MinReports}
	if err := os.Remove(filepath.Join(dir, manifestName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("remove the manifest of before: %w", err)
	}
	// Both are gathered while the table of incidents is written, so that incidents are
	// read once.
	outages, published := []Event{}, []published{}
	for _, t := range []func() ([]File, error){
		func() ([]File, error) {
			return table(dir, "incidents", columnsOf, func(each func(Revision) error) error {
				return d.incidents(ctx, &outages, func(r Revision) error {
					published = append(published, publishedOf(r))
					return each(r)
				})
			})
		},
		func() ([]File, error) {
			return table(dir, "series", same, func(each func(Hour) error) error { return d.hours(ctx, each) })
		},
	} {
		files, err := t()
		if err != nil {
			return m, fmt.Errorf("write a table of %s: %w", m.Day, err)
		}
		// The first file of a table has its rows; the others have the same in other
		// forms.
		m.Observed = m.Observed || files[0].Rows > 0
		m.Files = append(m.Files, files...)
	}
	files, err := table(dir, "sites", same, func(each func(Site) error) error { return every(d.Sites, each) })
	if err != nil {
		return m, fmt.Errorf("write the sites of %s: %w", m.Day, err)
	}
	m.Files = append(m.Files, files...)
	if err := d.prove(ctx, dir, &m, published); err != nil {
		return m, fmt.Errorf("write the proofs of %s: %w", m.Day, err)
	}
	text, err := page.Render(outages)
	if err != nil {
		return m, err
	}
	if err := m.add(dir, codfName, append(text, '\n'), len(outages)); err != nil {
		return m, err
	}
	if err := m.addTexts(dir); err != nil {
		return m, err
	}
	return m, m.finish(dir)
}

// until is the end of the day. It is exclusive, as all ends of time here.
func (d Day) until() time.Time { return d.Day.AddDate(0, 0, 1) }

// every hands on each of some sites.
func every(sites []Site, each func(Site) error) error {
	for _, s := range sites {
		if err := each(s); err != nil {
			return err
		}
	}
	return nil
}

// incidents hands on, of every incident that had a revision on the day, each revision up to
// the end of the day, the newest onset first. It notes which are outages that ended.
func (d Day) incidents(ctx context.Context, outages *[]Event, each func(Revision) error) error {
	some, err := d.From.Older(ctx, endOfTime, "", incidentsAtOnce)
	for ; err == nil && len(some) > 0; some, err = d.older(ctx, some) {
		for _, inc := range some {
			if inc.UpdatedAt.Before(d.Day) || !inc.DetectedAt.Before(d.until()) {
				continue // it had no revision on the day
			}
			if err := d.revisions(ctx, inc, outages, each); err != nil {
				return err
			}
		}
		d.Rest(ctx)
	}
	return err
}

// older is the next page of incidents.
func (d Day) older(ctx context.Context, than []faultline.Incident) ([]faultline.Incident, error) {
	last := than[len(than)-1]
	return d.From.Older(ctx, last.Onset.At, last.ID, incidentsAtOnce)
}

// revisions hands on those of an incident up to the end of the day. Nothing is handed
// on before it is known that one of them is of the day, since most incidents of a long
// history are not.
func (d Day) revisions(ctx context.Context, inc faultline.Incident, outages *[]Event, each func(Revision) error) error {
	of, err := d.ofDay(ctx, inc)
	if err != nil || of.last == 0 {
		return err
	}
	for first := 1; first <= of.last; first += revisionsAtOnce {
		some, err := d.From.Revisions(ctx, inc.ID, first, min(of.last, first+revisionsAtOnce-1))
		if err != nil {
			return err
		}
		for _, r := range some {
			if err := each(revisionOf(r)); err != nil {
				return err
			}
		}
		d.Rest(ctx)
	}
	if event, ok := codf(of.newest, d.Day, d.until()); ok {
		*outages = append(*outages, event)
	}
	return nil
}

// span is up to which revision an incident had come at the end of a day; 0: it had none on
// that day.
type span struct {
	last   int
	newest faultline.Incident
}

// ofDay finds out how far an incident had come by the end of the day. An incident that
// has not changed since the day ended is answered from what is at hand, without reading
// its revisions.
func (d Day) ofDay(ctx context.Context, inc faultline.Incident) (of span, err error) {
	if inc.UpdatedAt.Before(d.until()) {
		return span{inc.Revision, inc}.ifOn(d.Day), nil
	}
	for first := 1; first <= inc.Revision; first += revisionsAtOnce {
		some, err := d.From.Revisions(ctx, inc.ID, first, min(inc.Revision, first+revisionsAtOnce-1))
		if err != nil {
			return of, err
		}
		for _, r := range some {
			if !r.UpdatedAt.Before(d.until()) { // later ones were published later
				return of.ifOn(d.Day), nil
			}
			of = span{r.Revision, r}
		}
	}
	return of.ifOn(d.Day), nil
}

// ifOn is the span if the incident had a revision on the day, and else nothing.
func (s span) ifOn(day time.Time) span {
	if s.newest.UpdatedAt.Before(day) {
		return span{}
	}
	return s
}

// hours hands on the hours of each site that have counts. Hours of which nothing is
// stored are left out, and are not told as zeros.
func (d Day) hours(ctx context.Context, each func(Hour) error) error {
	for i, s := range d.Sites {
		series, err := d.From.Series(ctx, s.Site, faultline.StepHour, d.Day, d.until())
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
		if i%seriesAtOnce == seriesAtOnce-1 {
			d.Rest(ctx)
		}
	}
	return nil
}
