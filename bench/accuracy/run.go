package main

import (
	"context"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"

	"faultline"
	"faultline/scenario/accuracy"
)

// playAll plays the scenarios, some at a time, and adds up the scores in the order of the
// scenarios. The order in which they end does not matter to the result.
func playAll(ctx context.Context, opt options, log io.Writer) (*table, error) {
	kinds := opt.Kinds
	if len(kinds) == 0 {
		kinds = accuracy.Kinds()
	}
	results := make([]map[string]accuracy.Score, opt.Scenarios)
	kindOf := func(n int) string { return kinds[(opt.First+n)%len(kinds)] }
	var logging sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(opt.Workers)
	for n := range opt.Scenarios {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			s, err := accuracy.Draw(kindOf(n), opt.seed(n))
			if err != nil {
				return err
			}
			incidents, err := play(s, opt.Alone)
			if err != nil {
				return err
			}
			results[n] = scores(s, incidents)
			if opt.Verbose {
				logging.Lock()
				defer logging.Unlock()
				complain(log, s, results[n][ours], incidents[ours])
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	t := newTable(kinds, opt.Alone)
	for n, scores := range results {
		t.add(kindOf(n), scores)
	}
	return t, nil
}

// seed is that of the n-th scenario. Even seeds are for tuning and odd ones are held out, so
// that nobody tunes on what the figures are measured by.
func (o options) seed(n int) uint64 {
	seed := uint64(2 * (o.First + n))
	if o.Seeds == "held-out" {
		seed++
	}
	return seed
}

// scores scores every method.
func scores(s accuracy.Scenario, incidents map[string][]faultline.Incident) map[string]accuracy.Score {
	out := make(map[string]accuracy.Score, len(incidents))
	for name, list := range incidents {
		out[name] = accuracy.Of(s, list)
	}
	return out
}

// complain says in a few lines what went wrong in a scenario, if anything did, for whoever
// looks for the reason (--verbose).
func complain(log io.Writer, s accuracy.Scenario, r accuracy.Score, incidents []faultline.Incident) {
	sum := r.Summary()
	poor := sum.SitesF1 != nil && *sum.SitesF1 < 0.9
	if r.Found == r.Demanded && r.False == 0 && r.Split == 0 && r.Covered == r.Timed && r.Named == r.Found && !poor {
		return
	}
	fmt.Fprintf(log, "%s: found %d/%d named %d missed %v false %v split %d cover %d/%d ttd %.0f "+
		"onset_err %.0f end_err %.0f f1 %.2f\n", s.Spec.Name, r.Found, r.Demanded, r.Named, r.Missed,
		r.FalseNames, r.Split, r.Covered, r.Timed, r.TTD, r.OnsetErr, r.EndErr, r.SitesF1)
	for _, f := range s.Truth {
		if f.Demanded {
			fmt.Fprintf(log, "  truth %v %s..%s sites %d maybe %d\n", f.Accept, f.Onset.Format("15:04:05"),
				f.End.Format("15:04:05"), len(f.Sites), len(f.Maybe))
		}
	}
	for _, in := range incidents {
		if in.Cause == nil || in.ConfirmedAt == nil && in.SitesTotal < 2 {
			continue
		}
		confirmed, resolved := "-", "-"
		if in.ConfirmedAt != nil {
			confirmed = in.ConfirmedAt.Format("15:04:05")
		}
		if in.ResolvedAt != nil {
			resolved = in.ResolvedAt.Format("15:04:05")
		}
		fmt.Fprintf(log,
			"  said %s (%.2f, %s, %s) onset %s..%s detected %s confirmed %s resolved %s sites %d fraction %.2f\n",
			in.Cause.Component, in.Cause.Confidence, in.State, in.Basis,
			in.Onset.Earliest.Format("15:04:05"), in.Onset.Latest.Format("15:04:05"), in.DetectedAt.Format("15:04:05"),
			confirmed, resolved, in.SitesTotal, in.Scope.Fraction)
	}
}
