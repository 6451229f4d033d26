package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"faultline"
	"faultline/correlate"
	"faultline/ingest/replay"
	"faultline/scenario"
	"faultline/scenario/accuracy"
)

// calmOptions are the options of the weeks in which nothing fails (--quiet).
type calmOptions struct {
	Days   int `default:"28" help:"How long."`
	Sites  int `default:"20000" help:"Of how many sites."`
	Probed int `default:"2000" help:"How many of them are probed, from three vantages."`
	// A node checks about once a minute; that would be five times as many probes to
	// fold.
	Cadence int    `default:"300" help:"Seconds between two probes of one site at one vantage."`
	Seed    uint64 `default:"1" help:"Of what is drawn by chance."`
}

// perWeek is how many false incidents a week of calm may have: a service that is wrong more
// often than that is ignored by the time it is right.
const perWeek = 1.0

// errAlarmed is what weeks end with that were told of more than perWeek.
var errAlarmed = errors.New("too many false incidents")

// calm is what was made of weeks in which nothing failed. Every confirmed incident in it is
// false.
// What is kept grows with incidents and not with events, so that weeks of them fit.
type calm struct {
	opt             calmOptions
	reports, probes int64
	failed          int64 // of the probes
	candidates      map[string]bool
	alarms          map[string]faultline.Incident // the last revision of what was confirmed
	order           []string
	hours           float64 // so far
}

// playCalm plays the weeks to an engine, an event at a time. The events are drawn while they
// are played, because weeks of them would not fit into memory.
func playCalm(ctx context.Context, opt calmOptions, log io.Writer) (*calm, error) {
	spec, err := accuracy.DrawCalm(accuracy.Calm{Seed: opt.Seed, Sites: opt.Sites, Probed: opt.Probed,
		CadenceS: opt.Cadence, Days: opt.Days})
	if err != nil {
		return nil, err
	}
	c := newCalm(opt)
	return c, c.play(ctx, spec, log)
}

// newCalm makes an empty result.
func newCalm(opt calmOptions) *calm {
	return &calm{opt: opt, candidates: map[string]bool{}, alarms: map[string]faultline.Incident{}}
}

// play folds all events with the clock of a replay, and prints a line for each day.
func (c *calm) play(ctx context.Context, spec scenario.Spec, log io.Writer) error {
	began, engine := time.Now(), correlate.New(config())
	day := spec.Start
	clock := replay.NewClock(func(ev faultline.Event) error {
		c.count(ev)
		for _, in := range engine.Fold(ev) {
			c.note(in)
		}
		tick, ok := ev.(faultline.Tick)
		if ok {
			c.hours = tick.At.Sub(spec.Start).Hours()
		}
		// The end of the run is looked for once a day of the log: often enough for a
		// person who waits.
		if ok && !tick.At.Before(day) {
			fmt.Fprintf(log, "%s: %d reports, %d probes, %d candidates, %d confirmed, %s\n", day.Format(time.DateOnly),
				c.reports, c.probes, len(c.candidates), len(c.alarms), time.Since(began).Round(time.Second))
			day = day.AddDate(0, 0, 1)
			return ctx.Err()
		}
		return nil
	})
	for ev := range spec.Events() {
		if err := clock.Event(ev); err != nil {
			return fmt.Errorf("play the calm: %w", err)
		}
	}
	if err := clock.End(); err != nil {
		return fmt.Errorf("play the calm: %w", err)
	}
	return nil
}

// count counts what went in.
func (c *calm) count(ev faultline.Event) {
	switch v := ev.(type) {
	case faultline.Report:
		c.reports++
	case faultline.Probe:
		c.probes++
		if v.Symptom != faultline.SymptomOK {
			c.failed++
		}
	}
}

// note counts a revision: the first of an incident as a candidate, one that is confirmed as
// an alarm.
func (c *calm) note(in faultline.Incident) {
	if in.Revision == 1 {
		c.candidates[in.ID] = true
	}
	// A candidate accuses nobody in public, so that it is counted and is no alarm.
	if in.ConfirmedAt == nil {
		return
	}
	if _, known := c.alarms[in.ID]; !known {
		c.order = append(c.order, in.ID)
	}
	c.alarms[in.ID] = in
}

// alarmed is the false incidents a week.
func (c *calm) alarmed() float64 { return float64(len(c.alarms)) / c.hours * 24 * 7 }

// calmHeading begins the part of the report that the weeks of calm are.
const calmHeading = "## Weeks of calm\n"

// text is the result in Markdown. The evidence of every false incident is listed, because
// that says which rule to mend.
func (c *calm) text(commit string) string {
	s := calmHeading + fmt.Sprintf(`
Commit %s; made by `+"`go run ./bench/accuracy --quiet`"+`. These are days in which nothing fails.
There are %d sites, %d of them probed from three vantages every %d s. By chance 1 %% of the
probes fail. Of the probed sites 0.5 %% are dead and 2 %% always flaky. People grumble by rank,
by the hour and in log-normal bursts. Seed %d.

| days | reports | probes | failed | candidates | false | false/week |
|---:|---:|---:|---:|---:|---:|---:|
| %.0f | %d | %d | %d | %d | %d | %.2f |
`, commit, c.opt.Sites, c.opt.Probed, c.opt.Cadence, c.opt.Seed,
		math.Round(c.hours/24), c.reports, c.probes, c.failed, len(c.candidates), len(c.alarms), c.alarmed())
	for _, id := range c.order {
		s += alarm(c.alarms[id])
	}
	return s
}

// alarm says what a false incident rested on.
func alarm(in faultline.Incident) string {
	s := fmt.Sprintf(
		"\n- %s (%s): %s, confirmed %s. %d reports by %d people of %d networks; %d of %d probes failed at %d "+
			"vantages; %d of %d observed failing at the peak.\n",
		in.Title, in.Basis, in.State, in.ConfirmedAt.Format(time.DateTime), in.Evidence.Reports, in.Evidence.Reporters,
		in.Evidence.Networks,
		in.Evidence.ProbesFailed, in.Evidence.Probes, in.Evidence.Vantages, in.Impact.PeakFailing, in.Impact.Observed)
	for _, x := range in.Sites[:min(len(in.Sites), 5)] {
		s += fmt.Sprintf("  - %s: %d of %d probes failed, %d reports, %s\n", x.Site, x.ProbesFailed, x.Probes,
			x.Reports, x.Symptom)
	}
	return s
}

// runCalm plays the weeks and prints what was made of them. It fails when there was
// more than one false incident a week.
func runCalm(ctx context.Context, opt options, out, log io.Writer) error {
	c, err := playCalm(ctx, opt.Calm, log)
	if errors.Is(err, context.Canceled) {
		_, err = io.WriteString(out, c.text(opt.Commit)) // what there is when it is interrupted
		return err
	}
	if err != nil {
		return err
	}
	text := c.text(opt.Commit)
	if _, err := io.WriteString(out, text); err != nil {
		return fmt.Errorf("print the calm: %w", err)
	}
	if opt.Save != "" {
		tables, _, err := readReport(opt.Save)
		if err != nil {
			return err
		}
		if err := writeReport(opt.Save, tables, text); err != nil {
			return err
		}
	}
	// After the report was saved: whoever is to mend it needs the evidence.
	if c.alarmed() > perWeek {
		return fmt.Errorf("%w: %.2f a week, at most %.0f", errAlarmed, c.alarmed(), perWeek)
	}
	return nil
}

// readReport reads what was saved: the tables, and the weeks of calm behind them. The two are
// measured apart, the second for hours, so each is written without losing the other.
func readReport(path string) (tables, calm string, err error) {
	body, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("read the report: %w", err)
	}
	tables = string(body)
	if at := strings.Index(tables, calmHeading); at >= 0 {
		tables, calm = tables[:at], tables[at:]
	}
	return tables, calm, nil
}

// writeReport writes both parts to a file.
func writeReport(path, tables, calm string) error {
	if tables = strings.TrimRight(tables, "\n") + "\n"; calm != "" {
		tables += "\n" + calm
	}
	//nolint:gosec // a document that everyone may read
	if err := os.WriteFile(path, []byte(tables), 0o644); err != nil {
		return fmt.Errorf("save the report: %w", err)
	}
	return nil
}
