package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"faultline"
	"faultline/dump"
)

// dumpedDay is the day before the drill's, which its node has written down.
const dumpedDay = "2021-06-07"

// quiet is a store of which nothing of the day is known but what hours one site had.
// A file of open data has fixed bytes only where what is in it is fixed.
type quiet struct{}

func (quiet) Older(context.Context, time.Time, string, int) ([]faultline.Incident, error) {
	return nil, nil
}

func (quiet) Revisions(context.Context, string, int, int) ([]faultline.Incident, error) {
	return nil, nil
}

func (quiet) Series(_ context.Context, of string, stepS int, from, until time.Time) (faultline.Series, error) {
	s := faultline.Series{Of: of, StepS: stepS}
	for at := from; at.Before(until); at = at.Add(time.Hour) {
		s.Points = append(s.Points, faultline.SeriesPoint{At: at, Probes: 60})
	}
	return s, nil
}

// days are what a node of the drill has written down below a directory: one day, with
// one site.
func days(ctx context.Context, dir string) (*dump.Daily, error) {
	day, err := time.Parse(time.DateOnly, dumpedDay)
	if err != nil {
		return nil, err
	}
	place := filepath.Join(dir, dumpedDay)
	if err := os.MkdirAll(place, 0o700); err != nil {
		return nil, err
	}
	if _, err := dump.Write(ctx, place, dump.Day{Day: day, From: quiet{}, Sites: []dump.Site{{Site: "bbc.co.uk",
		Name: "BBC", Rank: 120, Country: "GB", DependsOn: []dump.Dependency{}}}}); err != nil {
		return nil, err
	}
	return dump.OpenDaily(dump.DailyConfig{Dir: dir, Keep: 30, Log: slog.New(slog.DiscardHandler)})
}
