package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"faultline"
	"faultline/scenario/accuracy"
)

// liveOptions are which worlds the closed loop is played in (--live): each combination is a
// row of the table.
type liveOptions struct {
	Vantages []int `default:"3" help:"How many vantages check."`
	Sites    []int `default:"1552" help:"How many sites are checked."`
	Periods  []int `default:"60" help:"Seconds between two checks of a site."`
	Runs     int   `default:"20" help:"Worlds of each kind."`
}

// liveRow is what came of the worlds of one kind and size. Times are in seconds.
type liveRow struct {
	Kind     string                `json:"kind"`
	Vantages int                   `json:"vantages"`
	Sites    int                   `json:"sites"`
	PeriodS  int                   `json:"period_s"`
	Runs     int                   `json:"runs"`
	Found    int                   `json:"found"` // confirmed under an accepted name within ten minutes
	Median   float64               `json:"median_s"`
	P90      float64               `json:"p90_s"`
	Wrong    []faultline.Component `json:"wrong"` // confirmed and not so
	after    []float64
}

// runLive plays the worlds and prints how long it took from onset to confirmed and named. It
// fails when that is beyond the floor. It measures what scenarios with prepared probes
// cannot: whether the checks that the engine asks for make it faster.
func runLive(ctx context.Context, opt options, out io.Writer) error {
	floor, err := readFloor(opt.Floor)
	if err != nil {
		return err
	}
	rows, err := liveRows(ctx, opt)
	if err != nil {
		return err
	}
	if opt.JSON {
		err = json.NewEncoder(out).Encode(rows)
	} else {
		_, err = io.WriteString(out, liveTable(rows))
	}
	if err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	if beyond := floor.beyond(rows); len(beyond) > 0 {
		return fmt.Errorf("beyond the floor: %s", strings.Join(beyond, "; "))
	}
	return nil
}

// liveRows plays every world of every row, some at a time. Rows are sorted inside afterwards,
// so that the result does not depend on which world ended first.
func liveRows(ctx context.Context, opt options) ([]*liveRow, error) {
	var rows []*liveRow
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(opt.Workers)
	for _, kind := range accuracy.LiveKinds() {
		rows = append(rows, emptyRows(kind, opt)...)
	}
	for _, row := range rows {
		for n := range opt.Closed.Runs {
			group.Go(func() error { return row.play(ctx, opt.seed(n), &mu) })
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, r := range rows {
		slices.Sort(r.Wrong)
		slices.Sort(r.after)
		if n := len(r.after); n > 0 {
			r.Median, r.P90 = r.after[n/2], r.after[min(n-1, n*9/10)]
		}
	}
	return rows, nil
}

// emptyRows are those of a kind, one for each number of vantages and sites and each period.
func emptyRows(kind string, opt options) (rows []*liveRow) {
	for _, vantages := range opt.Closed.Vantages {
		for _, sites := range opt.Closed.Sites {
			for _, period := range opt.Closed.Periods {
				rows = append(rows, &liveRow{Kind: kind, Vantages: vantages, Sites: sites, PeriodS: period,
					Runs: opt.Closed.Runs, Wrong: []faultline.Component{}})
			}
		}
	}
	return rows
}

// play plays one world of the row and adds what came of it.
func (r *liveRow) play(ctx context.Context, seed uint64, mu *sync.Mutex) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s, err := accuracy.DrawLive(accuracy.Live{Kind: r.Kind, Seed: seed, Sites: r.Sites, Vantages: r.Vantages})
	if err != nil {
		return err
	}
	o := newLoop(s, time.Duration(r.PeriodS)*time.Second).run()
	mu.Lock()
	defer mu.Unlock()
	r.Wrong = append(r.Wrong, o.wrong...)
	if o.found {
		r.Found++
		r.after = append(r.after, o.after.Seconds())
	}
	return nil
}

// liveTable is the rows in Markdown.
func liveTable(rows []*liveRow) string {
	var b strings.Builder
	b.WriteString(
		"| what fails | vantages | sites | every | runs | found | median | p90 | false " +
			"|\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, r := range rows {
		found, median, p90 := "–", "–", "–"
		if r.demands() {
			found = fmt.Sprintf("%d/%d", r.Found, r.Runs)
		}
		if len(r.after) > 0 {
			median, p90 = fmt.Sprintf("%.0f s", r.Median), fmt.Sprintf("%.0f s", r.P90)
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d s | %d | %s | %s | %s | %d |\n", r.Kind, r.Vantages, r.Sites, r.PeriodS,
			r.Runs, found, median, p90, len(r.Wrong))
	}
	return b.String()
}

// demands reports whether there is anything to be found in such a world. Where only a vantage
// is sick, nothing must be confirmed.
func (r *liveRow) demands() bool { return r.Kind != "sick vantage" }

// liveFloor is what a row of the usual size must reach.
type liveFloor struct {
	Vantages int                   `json:"vantages"`
	Sites    int                   `json:"sites"`
	PeriodS  int                   `json:"period_s"`
	Kinds    map[string]liveLimits `json:"kinds"`
}

// liveLimits are the most seconds and false incidents of a kind; 0 seconds: any.
type liveLimits struct {
	Median float64 `json:"median_s"`
	P90    float64 `json:"p90_s"`
	False  int     `json:"false"`
}

// beyond names what the rows of the floor's size miss of it. Rows of other sizes are measured
// and not judged.
func (f *floor) beyond(rows []*liveRow) []string {
	if f == nil {
		return nil
	}
	var out []string
	for _, r := range rows {
		want, asked := f.Live.Kinds[r.Kind]
		if !asked || r.Vantages != f.Live.Vantages || r.Sites != f.Live.Sites || r.PeriodS != f.Live.PeriodS {
			continue
		}
		say := func(bad bool, what string, args ...any) {
			if bad {
				out = append(out, r.Kind+": "+fmt.Sprintf(what, args...))
			}
		}
		say(want.Median > 0 && (len(r.after) == 0 || r.Median > want.Median), "median %.0f s, at most %.0f s", r.Median,
			want.Median)
		say(want.P90 > 0 && (len(r.after) == 0 || r.P90 > want.P90), "p90 %.0f s, at most %.0f s", r.P90, want.P90)
		say(len(r.Wrong) > want.False, "%d false, at most %d", len(r.Wrong), want.False)
	}
	return out
}
