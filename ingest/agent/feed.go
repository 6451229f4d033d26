package agent

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"faultline"
	"faultline/ingest/probe"
	"faultline/task"
)

const (
	feedSpacing  = 500 * time.Millisecond // between two requests for work
	feedRetry    = time.Second
	feedRetryMax = 15 * time.Second
	healthLook   = 250 * time.Millisecond
)

// ErrRefused says that the server will never give this agent work.
var ErrRefused = errors.New("the server refuses this agent")

// Ask asks for work: of this node's own schedule, or of a server. known is the
// revision of what the prober has already.
type Ask func(ctx context.Context, health probe.Health, known string) (faultline.WorkAnswer, error)

// feed gives a prober its work until ctx ends, and reports to the server how the
// prober does, at once when that changes. It fails with [ErrRefused] when the server
// will never give work.
func feed(ctx context.Context, p *probe.Prober, ask Ask, log *slog.Logger) error {
	known, wait, logged := "", feedRetry, false
	for ctx.Err() == nil {
		health := p.Health()
		asking, cancel := context.WithCancel(ctx)
		go func() { // a change of health can't wait
			for task.Pause(asking, healthLook) && p.Health().State == health.State {
			}
			cancel()
		}()
		answer, err := ask(asking, health, known)
		changed := asking.Err() != nil
		cancel()
		switch {
		case err == nil:
			if logged {
				log.Info("work is coming in again")
			}
			known, wait, logged = answer.Revision, feedRetry, false
			if err := p.Do(ctx, workOf(answer)); err != nil {
				return nil //nolint:nilerr // ctx has ended
			}
			task.Pause(ctx, feedSpacing)
		case errors.Is(err, ErrRefused):
			return err
		case !changed:
			if !logged {
				logged = true
				log.Warn("no work can be had; going on with what is known", "error", err)
			}
			task.Pause(ctx, wait)
			wait = min(2*wait, feedRetryMax)
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

// localPatience is how long this node's own prober waits for news.
const localPatience = 5 * time.Second

// RunLocal has a prober of this node work, on its share of the node's own schedule,
// until ctx ends.
func RunLocal(ctx context.Context, p *probe.Prober, s *Schedule, v faultline.Vantage, log *slog.Logger) error {
	ask := func(ctx context.Context, h probe.Health, known string) (faultline.WorkAnswer, error) {
		who := faultline.VantageStatus{Vantage: v.Vantage, ASN: v.ASN, Country: v.Country,
			State: h.State, Why: h.Why, SeenAt: faultline.Millis(s.now())}
		return s.Work(ctx, who, known, localPatience)
	}
	return run(ctx, p, ask, log)
}

// Door takes the probes of every vantage; package ingest has it.
type Door interface {
	Probes(ctx context.Context, v faultline.Vantage, probes []faultline.Probe) (accepted int,
		rejected []faultline.Invalid, err error)
}

// LocalSink hands the probes of this node's own prober to the door, like everybody's.
type LocalSink struct {
	Door    Door
	Vantage faultline.Vantage
	Log     *slog.Logger
}

// Probes implements [probe.Sink].
func (s LocalSink) Probes(ctx context.Context, probes []faultline.Probe) error {
	_, rejected, err := s.Door.Probes(ctx, s.Vantage, probes)
	for _, r := range rejected {
		s.Log.Warn("the door refuses a probe", "error", r)
	}
	return err
}
