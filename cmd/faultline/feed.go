package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"faultline"
	"faultline/ingest/probe"
)

const (
	feedSpacing = 500 * time.Millisecond // between two requests for work
	feedRetry   = time.Second
	feedRetryX  = 15 * time.Second
	healthLook  = 250 * time.Millisecond
)

// errUnwelcome: the server will never give us work.
var errUnwelcome = errors.New("the server refuses this agent")

// askWork asks for work: of this node's board, or of a server.
type askWork func(ctx context.Context, health probe.Health, known string) (faultline.WorkAnswer, error)

// feed tells a prober what to check until ctx ends, and the server how the
// prober does, at once when that changes. It fails when the server never will.
func feed(ctx context.Context, p *probe.Prober, ask askWork, log *slog.Logger) error {
	known, wait, told := "", feedRetry, false
	for ctx.Err() == nil {
		health := p.Health()
		asking, cancel := context.WithCancel(ctx)
		go func() { // a change of health can't wait
			for pause(asking, healthLook) && p.Health().State == health.State {
			}
			cancel()
		}()
		answer, err := ask(asking, health, known)
		changed := asking.Err() != nil
		cancel()
		switch {
		case err == nil:
			if told {
				log.Info("work is coming in again")
			}
			known, wait, told = answer.Revision, feedRetry, false
			if err := p.Do(ctx, workOf(answer)); err != nil {
				return nil // ctx has ended
			}
			pause(ctx, feedSpacing)
		case errors.Is(err, errUnwelcome):
			return err
		case !changed:
			if !told {
				told = true
				log.Warn("no work can be had; going on with what is known", "error", err)
			}
			pause(ctx, wait)
			wait = min(2*wait, feedRetryX)
		}
	}
	return nil
}

func workOf(a faultline.WorkAnswer) probe.Work {
	w := probe.Work{Wishes: a.Wishes}
	if !a.SameSites {
		w.Sites = make([]probe.Site, len(a.Sites))
		for i, s := range a.Sites {
			w.Sites[i] = probe.Site{Site: s.Site, Components: s.Components}
		}
	}
	return w
}

// localWork asks this node's own board.
func localWork(b *workBoard, vantage faultline.Vantage, now func() time.Time) askWork {
	return func(ctx context.Context, h probe.Health, known string) (faultline.WorkAnswer, error) {
		return b.Work(ctx, statusOf(vantage, h, now()), known, 5*time.Second)
	}
}

func statusOf(v faultline.Vantage, h probe.Health, now time.Time) faultline.VantageStatus {
	return faultline.VantageStatus{Vantage: v.Vantage, ASN: v.ASN, Country: v.Country, State: h.State, Why: h.Why, SeenAt: faultline.Millis(now)}
}
