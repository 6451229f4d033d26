package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"faultline"
	"faultline/api/client"
	"faultline/ingest/probe"
	"faultline/task"
)

// workPatience is how long the server may wait for news before it answers a request
// for work.
const workPatience = 20 * time.Second

// Config says for which server an agent works, and how it sees.
type Config struct {
	Server *client.Client
	// Eyes makes what sends the checks. vantage is the agent's name by its token, page
	// is where the server explains the checks, empty if it does not say.
	Eyes     func(vantage, page string) (probe.Eyes, error)
	Canaries probe.Canaries
	Log      *slog.Logger
	Now      func() time.Time // nil: the world's clock
}

// Run checks what the server asks for, and hands in what it sees, until ctx ends or
// the server refuses this agent for good.
func Run(ctx context.Context, cfg Config) error {
	s := server{cfg.Server}
	first, err := s.first(ctx, cfg.Log)
	if err != nil || ctx.Err() != nil {
		return err
	}
	eyes, err := cfg.Eyes(first.Vantage, first.Page)
	if err != nil {
		return err
	}
	period := time.Duration(first.PeriodS) * time.Second
	cfg.Log.Info("probing", "vantage", first.Vantage, "sites", len(first.Sites), "period", period.String())
	p := probe.New(probe.Config{Vantage: first.Vantage, Eyes: eyes, Sink: s, Canaries: cfg.Canaries, Period: period,
		Log: cfg.Log, Now: cfg.Now})
	return run(ctx, p, s.work, cfg.Log)
}

// run has a prober work, and feeds it, until ctx ends.
func run(ctx context.Context, p *probe.Prober, ask Ask, log *slog.Logger) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.Run(ctx) })
	g.Go(func() error { return feed(ctx, p, ask, log) })
	return g.Wait()
}

// server is the Faultline that an agent works for.
type server struct{ client *client.Client }

// first asks for the first work until there is an answer, or never will be one.
func (s server) first(ctx context.Context, log *slog.Logger) (faultline.WorkAnswer, error) {
	wait, logged := feedRetry, false
	for {
		answer, err := s.work(ctx, probe.Health{State: faultline.VantageUnknown}, "")
		if err == nil && (answer.Vantage == "" || answer.PeriodS <= 0) {
			err = fmt.Errorf("%w: its answer holds no work", ErrRefused)
		}
		if err == nil || errors.Is(err, ErrRefused) {
			return answer, err
		}
		if !logged && ctx.Err() == nil {
			logged = true
			log.Warn("the server does not answer; trying again", "error", err)
		}
		if !task.Pause(ctx, wait) {
			return answer, nil
		}
		wait = min(2*wait, feedRetryMax)
	}
}

// work asks for work, and waits for news when there is none.
func (s server) work(ctx context.Context, h probe.Health, known string) (faultline.WorkAnswer, error) {
	answer, err := s.client.Work(ctx, client.WorkQuery{State: h.State, Why: h.Why, Known: known, Wait: workPatience})
	if status := statusOf(err); status == http.StatusUnauthorized || status == http.StatusForbidden {
		err = fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return answer, err
}

// Probes implements [probe.Sink]. A batch that the server refuses for good is given
// up: sent again it would be refused again.
func (s server) Probes(ctx context.Context, probes []faultline.Probe) error {
	err := s.client.SendProbes(ctx, probes)
	if statusOf(err) == http.StatusBadRequest {
		return nil
	}
	return err
}

// statusOf is the status of an answer that is no success, else 0.
func statusOf(err error) int {
	if p := (*client.Problem)(nil); errors.As(err, &p) {
		return p.Status
	}
	return 0
}
