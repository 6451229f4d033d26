package agent

import (
	"cmp"
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

// workPatience is how long the server may wait for news before it answers a request for
// work. It must be shorter than the idle limits of proxies, of which 30 s is common.
const workPatience = 20 * time.Second

// Config says for which server an agent works, and how it sees.
type Config struct {
	Server *client.Client
	Name   string // that it is to have; empty: whatever its token says
	// Spool keeps results while the server takes none.
	Spool *Spool
	// RunsFrom is from how many sites on healthy results go in as runs; 0: [DefaultRunsFrom].
	RunsFrom int
	// Link is what the client of Server sends its requests by; nil: the clock of the
	// server is not compared.
	Link *Link
	// Eyes makes what sends the checks. vantage is the agent's name by its token, page
	// is where the server explains the checks, empty if it does not say.
	Eyes     func(vantage, page string) (probe.Eyes, error)
	Canaries probe.Canaries
	Version  string // of this program, as it is reported to the server
	Log      *slog.Logger
	Now      func() time.Time // nil: the world's clock
}

// Run checks what the server asks for, and hands in what it sees, until ctx ends or the
// server refuses this agent for good. A server that is away, or one node of it that
// refuses, ends nothing: results wait on disk, and the checks go on. It is all of an
// agent but its flags; cmd calls it, and tests run it against a server of their own.
func Run(ctx context.Context, cfg Config) error {
	s := &server{cfg: cfg}
	first, err := s.first(ctx)
	if err != nil || ctx.Err() != nil {
		return err
	}
	if cfg.Name != "" && cfg.Name != first.Vantage {
		return fmt.Errorf("the token is for the vantage %q and not for %q", first.Vantage, cfg.Name)
	}
	if s.eyes, err = cfg.Eyes(first.Vantage, first.Page); err != nil {
		return err
	}
	cfg.Spool.next = handIn{cfg.Server}
	s.runs = NewRuns(cfg.Spool, cmp.Or(cfg.RunsFrom, DefaultRunsFrom), cfg.Spool.now)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return cfg.Spool.Run(ctx) })
	g.Go(func() error { return s.probe(ctx, first) })
	return g.Wait()
}

// probe runs a prober with the server's period, and a new one when that changes: a
// schedule spreads its sites over one period and cannot change it while it runs.
func (s *server) probe(ctx context.Context, first faultline.WorkAnswer) error {
	for ctx.Err() == nil {
		s.period = time.Duration(first.PeriodS) * time.Second
		s.cfg.Log.Info("probing", "vantage", first.Vantage, "sites", len(first.Sites), "period", s.period.String())
		p := probe.New(probe.Config{Vantage: first.Vantage, Eyes: s.eyes, Sink: s.runs, Canaries: s.cfg.Canaries,
			Period: s.period, Log: s.cfg.Log, Now: s.cfg.Now})
		err := run(ctx, p, s.ask, s.cfg.Log)
		s.flush(ctx)
		var changed periodError
		if !errors.As(err, &changed) {
			return err
		}
		first = changed.work
	}
	return nil
}

// flush hands in what is held back, when the prober has ended: to the server, or to the disk.
func (s *server) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushWithin)
	defer cancel()
	if err := s.runs.Flush(ctx); err != nil {
		s.cfg.Log.Warn("results that were held back are lost", "error", err)
	}
}

// flushWithin bounds the end of an agent: a million lines take some seconds to write to a disk.
const flushWithin = 15 * time.Second

// periodError says that the server wants sites checked at another pace than before.
type periodError struct{ work faultline.WorkAnswer }

// Error implements error.
func (periodError) Error() string { return "the time between two checks of a site has changed" }

// run has a prober work, and feeds it, until ctx ends or one of the two fails. Then the
// other is stopped too.
func run(ctx context.Context, p *probe.Prober, ask Ask, log *slog.Logger) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.Run(ctx) })
	g.Go(func() error { return feed(ctx, p, ask, log) })
	return g.Wait()
}

// server is the Faultline that an agent works for.
type server struct {
	cfg    Config
	eyes   probe.Eyes
	runs   *Runs
	period time.Duration
}

// refusalsAtStart is how often a server may refuse an agent that begins. One node of
// several may not have read the newest keys yet, and each request may go to another.
const refusalsAtStart = 3

// first asks for the first work until there is an answer, or never will be one. A
// refusal ends the agent at once only here: an operator who has just started it should
// see a wrong token.
func (s *server) first(ctx context.Context) (faultline.WorkAnswer, error) {
	wait, refusals := feedRetry, 0
	var last string
	for {
		answer, err := s.work(ctx, probe.Health{State: faultline.VantageUnknown}, "")
		if err == nil && (answer.Vantage == "" || answer.PeriodS <= 0) {
			err = fmt.Errorf("%w: its answer holds no work", ErrRefused)
		}
		if errors.Is(err, ErrRefused) {
			refusals++
		}
		if err == nil || refusals >= refusalsAtStart {
			return answer, err
		}
		if text := err.Error(); text != last && ctx.Err() == nil {
			last = text
			s.cfg.Log.Warn("the server gives no work; trying again", "error", err)
		}
		if !task.Pause(ctx, wait) {
			return answer, nil
		}
		wait = min(2*wait, feedRetryMax)
	}
}

// ask asks for work, and takes in how much of it there is.
func (s *server) ask(ctx context.Context, h probe.Health, known string) (faultline.WorkAnswer, error) {
	answer, err := s.work(ctx, h, known)
	if err != nil {
		return answer, err
	}
	if period := time.Duration(answer.PeriodS) * time.Second; period > 0 && period != s.period {
		return answer, periodError{answer}
	}
	if !answer.SameSites {
		s.cfg.Spool.ledger.Assign(len(answer.Sites), s.period, s.cfg.Spool.now())
		s.runs.Assign(len(answer.Sites), s.period)
	}
	return answer, nil
}

// work asks for work, and waits for news when there is none. After a refusal the next
// request goes over a new connection, which may lead to another node.
func (s *server) work(ctx context.Context, h probe.Health, known string) (faultline.WorkAnswer, error) {
	health := s.health()
	answer, err := s.cfg.Server.Work(ctx, client.WorkQuery{State: h.State, Why: h.Why, Known: known, Wait: workPatience,
		Health: &health})
	if status := statusOf(err); status == http.StatusUnauthorized || status == http.StatusForbidden {
		err = fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if err != nil && s.cfg.Link != nil {
		s.cfg.Link.Reset()
	}
	return answer, err
}

// health is what this agent reports of its own work.
func (s *server) health() faultline.VantageHealth {
	h := s.cfg.Spool.Health()
	if s.runs != nil { // none before the first answer
		h.Held = s.runs.Held()
	}
	h.Version = s.cfg.Version
	if s.cfg.Link != nil {
		h.ClockOffsetMS = s.cfg.Link.Offset().Milliseconds()
	}
	if r, ok := s.eyes.(interface{ ResolverFaults() int64 }); ok {
		h.ResolverFaults = r.ResolverFaults()
	}
	return h
}

// handIn is where results go: the server.
type handIn struct{ client *client.Client }

// Probes implements [probe.Sink]. A batch that the server refuses for good (400) is
// given up: sent again it would be refused again, and everything behind it would wait.
func (h handIn) Probes(ctx context.Context, probes []faultline.Probe) error {
	err := h.client.SendProbes(ctx, probes)
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
