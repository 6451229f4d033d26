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
	healthEvery  = 250 * time.Millisecond
)

// refusedLong is for how long a server may refuse this agent before it takes that for its
// last word: a node that comes up, or has not read the newest keys yet, refuses for less.
const refusedLong = 10 * time.Minute

// ErrRefused says that the server does not take this agent's token.
var ErrRefused = errors.New("the server refuses this agent")

// Ask asks for work: of this node's own schedule, or of a server. known is the revision
// of what the prober has already. So a node's own prober and an agent elsewhere are fed
// by the same code.
type Ask func(ctx context.Context, health probe.Health, known string) (faultline.WorkAnswer, error)

// feed gives a prober its work until ctx ends, and reports to the server how the prober
// does, at once when that changes. It fails with [ErrRefused] when the server has given
// none for that reason for long. A change of health ends a request that is waiting,
// because the server must know within a second that a vantage is blind.
func feed(ctx context.Context, p *probe.Prober, ask Ask, log *slog.Logger) error {
	known, trouble := "", troubles{wait: feedRetry, log: log}
	for ctx.Err() == nil {
		health := p.Health()
		asking, cancel := context.WithCancel(ctx)
		go func() { // a change of health can't wait
			for task.Pause(asking, healthEvery) && p.Health().State == health.State {
			}
			cancel()
		}()
		answer, err := ask(asking, health, known)
		changed := asking.Err() != nil
		cancel()
		if errors.As(err, &periodError{}) {
			return err
		}
		if err == nil {
			trouble.over()
			known = answer.Revision
			if err := p.Do(ctx, workOf(answer)); err != nil {
				return nil //nolint:nilerr // ctx has ended
			}
			task.Pause(ctx, feedSpacing)
			continue
		}
		if changed {
			continue
		}
		if trouble.add(err) {
			return err
		}
		trouble.pause(ctx)
	}
	return nil
}

// troubles are requests for work that failed, one after another: how long to wait, and
// whether to give up.
type troubles struct {
	log     *slog.Logger
	wait    time.Duration // before the next request
	refused time.Duration // waited since the server began to refuse this agent
	last    string        // what is wrong, as it was logged
}

// add takes in one more, and reports whether it is the last. What is wrong is logged
// when it changes: that the server is away is another thing than that it refuses us.
func (t *troubles) add(err error) (last bool) {
	if text := err.Error(); text != t.last {
		t.last = text
		t.log.Warn("no work can be had; going on with what is known", "error", err)
	}
	if !errors.Is(err, ErrRefused) {
		t.refused = 0
		return false
	}
	t.refused += t.wait
	return t.refused > refusedLong
}

// pause waits before the next attempt, longer each time, so that a server that comes back
// is not overrun by all its agents at once.
func (t *troubles) pause(ctx context.Context) {
	task.Pause(ctx, t.wait)
	t.wait = min(2*t.wait, feedRetryMax)
}

// over ends them.
func (t *troubles) over() {
	if t.last != "" {
		t.log.Info("work is coming in again")
	}
	t.wait, t.refused, t.last = feedRetry, 0, ""
}

// workOf is an answer of the server as work for the prober. Without sites the list of
// before stays, which saves sending it each time.
func workOf(a faultline.WorkAnswer) probe.Work {
	w := probe.Work{CheckRequests: a.CheckRequests}
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

// Local is this node's own vantage. It asks the node's schedule for work and hands in
// at the node's own door, without HTTP, and is otherwise a vantage like any other.
type Local struct {
	Prober   *probe.Prober
	Schedule *Schedule
	Vantage  faultline.Vantage
	Ledger   *Ledger // of its sink
	Version  string
	// ResolverFaults counts faults of single resolvers; nil: nobody does.
	ResolverFaults func() int64
	Log            *slog.Logger
}

// Run has the prober work, on its share of the node's schedule, until ctx ends.
func (l Local) Run(ctx context.Context) error {
	s, v := l.Schedule, l.Vantage
	ask := func(ctx context.Context, h probe.Health, known string) (faultline.WorkAnswer, error) {
		who := faultline.VantageStatus{Vantage: v.Vantage, ASN: v.ASN, Country: v.Country,
			State: h.State, Why: h.Why, SeenAt: faultline.Millis(s.now()), Health: l.health()}
		answer, err := s.Work(ctx, who, known, localPatience)
		if err == nil && !answer.SameSites {
			l.Ledger.Assign(len(answer.Sites), s.period, s.now())
		}
		return answer, err
	}
	return run(ctx, l.Prober, ask, l.Log)
}

// health is what this vantage reports of itself, as an agent elsewhere does.
func (l Local) health() *faultline.VantageHealth {
	h := l.Ledger.Health(l.Schedule.now())
	h.Version = l.Version
	if l.ResolverFaults != nil {
		h.ResolverFaults = l.ResolverFaults()
	}
	return &h
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
	Ledger  *Ledger // counts what was taken
	Now     func() time.Time
	Log     *slog.Logger
}

// Probes implements [probe.Sink].
func (s LocalSink) Probes(ctx context.Context, probes []faultline.Probe) error {
	_, rejected, err := s.Door.Probes(ctx, s.Vantage, probes)
	for _, r := range rejected {
		s.Log.Warn("the API refuses a probe", "error", r)
	}
	if err == nil {
		s.Ledger.Delivered(probes, s.Now())
	}
	return err
}
