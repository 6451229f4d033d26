package probe

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline"
)

// Config is what a prober is made of. Vantage, Eyes, Sink and Period are
// required.
type Config struct {
	Vantage  string
	Eyes     Eyes // a [Checker]
	Sink     Sink
	Canaries Canaries
	Period   time.Duration         // between two checks of a site
	Log      *slog.Logger          // nil: says nothing
	Registry prometheus.Registerer // nil: no metrics
	Now      func() time.Time      // nil: the world's clock
	// Workers bounds the checks under way at once; 0: by the number of sites.
	Workers int
}

// Bounds of the number of workers, each of which makes one check at a time.
const (
	leastWorkers = 64
	mostWorkers  = 2_048
	// workerTime is how long a check takes on average, for the number of workers.
	workerTime = 2 * time.Second
)

// Work is what a prober should check. It comes from the server every few seconds, for a
// node's own prober as for an agent.
type Work struct {
	Sites         []Site // its share of the schedule; nil: as before
	CheckRequests []faultline.CheckRequest
}

// Prober checks its sites in turn, as long as it sees the internet, and hands in what
// it found. One goroutine, dispatch, owns the schedule; workers make the checks, and
// others send and watch the canaries. Others may call Do and Health while Run runs.
type Prober struct {
	cfg      Config
	schedule *Schedule
	sight    *sight
	sender   *sender
	metrics  *metrics
	log      *slog.Logger
	now      func() time.Time
	work     chan Work
	tasks    chan Task
	results  chan finished
	workers  int

	// Of the goroutine of Run.
	doubt    doubt
	deferred int

	mu     sync.Mutex
	health Health
}

// finished is a check that is over, on its way from a worker to dispatch. repeat is
// true for checks that the schedule did not plan.
type finished struct {
	Result
	repeat  bool
	outcome outcome
}

// New returns a prober that checks nothing until Do gives it work.
func New(cfg Config) *Prober {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	m := newMetrics(cfg.Registry)
	return &Prober{
		cfg: cfg, schedule: NewSchedule(cfg.Period, cfg.Vantage), sight: newSight(cfg.Eyes, cfg.Canaries, cfg.Now),
		sender: newSender(cfg.Sink, cfg.Log, m), metrics: m, log: cfg.Log, now: cfg.Now,
		work: make(
			chan Work,
		), tasks: make(chan Task), results: make(chan finished), health: Health{State: faultline.VantageUnknown},
	}
}

// Do gives the prober work. It returns when dispatch has taken it, or ctx ends; it must
// not be called before Run.
func (p *Prober) Do(ctx context.Context, w Work) error {
	select {
	case p.work <- w:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Health says how far this vantage may be believed just now. While it is anything but
// well, nothing is handed in.
func (p *Prober) Health() Health {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.health
}

// Run probes until ctx ends. What was found until then is handed in: the sender ends
// last, with a context of its own, because a failure in the last second is as good as
// any other.
func (p *Prober) Run(ctx context.Context) error {
	sending, stopSending := context.WithCancel(context.WithoutCancel(ctx))
	var checking, sent sync.WaitGroup
	sent.Go(func() { p.sender.Run(sending) })
	checking.Go(func() { p.sight.Run(ctx) })
	p.dispatch(ctx, &checking)
	checking.Wait()
	stopSending()
	sent.Wait()
	return nil
}

// dispatch owns the schedule until ctx ends. It gives tasks to workers and takes their
// results; a task that no worker has room for is held, so that the schedule is not
// emptied into a queue where it would grow old. One goroutine needs no lock for the
// schedule, and the order of what happens is the same in a test.
func (p *Prober) dispatch(ctx context.Context, checking *sync.WaitGroup) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var held *Task // taken, and no worker is free yet
	for ctx.Err() == nil {
		p.updateHealth()
		wait := healthEvery
		if held == nil && p.Health().State != faultline.VantageBlind &&
			p.Health().State != faultline.VantageUnknown {
			if t, pause, ok := p.schedule.Next(p.now()); ok {
				held = &t
			} else {
				wait = min(wait, pause)
			}
		}
		timer.Reset(wait)
		var tasks chan Task
		var task Task
		if held != nil {
			tasks, task = p.tasks, *held
		}
		select {
		case tasks <- task:
			held = nil
		case f := <-p.results:
			p.finish(f)
		case w := <-p.work:
			p.take(ctx, w, checking)
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// healthEvery is how often the prober looks at itself. It is also the longest that a
// prober that has nothing to do sleeps.
const healthEvery = 200 * time.Millisecond

// updateHealth brings the health up to date, from the canaries and from the doubt, and
// logs and counts when it changes. The canaries come before the doubt: a vantage that
// sees nothing has no opinion on sites.
func (p *Prober) updateHealth() {
	p.schedule.UseIPv6(p.sight.IPv6())
	p.metrics.deferred.Add(float64(p.schedule.Deferred - p.deferred))
	p.deferred = p.schedule.Deferred
	now := p.sight.Health()
	if now.State == faultline.VantageOK && p.doubt.sick {
		now = p.doubt.Health()
	}
	p.mu.Lock()
	before := p.health
	p.health = now
	p.mu.Unlock()
	if before.State == now.State {
		return
	}
	switch now.State {
	case faultline.VantageOK:
		p.metrics.sees.Set(1)
		p.log.Info("this vantage sees the internet", "vantage", p.cfg.Vantage)
		p.schedule.Resume(p.now())
	case faultline.VantageBlind, faultline.VantageSick:
		p.metrics.sees.Set(0)
		p.log.Warn("this vantage is not trusted: its results are not handed in", "vantage", p.cfg.Vantage,
			"state", string(now.State), "why", now.Why)
	}
}

// take takes in new work and starts workers for it. Workers are never stopped: idle
// ones cost a few kilobytes each. A prober with few sites has at least leastWorkers,
// because each of them may wait ten seconds for a site that is down.
func (p *Prober) take(ctx context.Context, w Work, checking *sync.WaitGroup) {
	now := p.now()
	if w.Sites != nil {
		p.schedule.Assign(w.Sites, now)
		p.metrics.sites.Set(float64(len(w.Sites)))
	}
	p.schedule.Request(w.CheckRequests, now)
	want := p.cfg.Workers
	if want == 0 {
		want = min(
			mostWorkers,
			max(leastWorkers, int(float64(p.schedule.Len())*float64(workerTime)/float64(p.cfg.Period))),
		)
	}
	for ; p.workers < want; p.workers++ {
		checking.Go(func() { p.toil(ctx) })
	}
}

// toil makes one check after another until ctx ends. A result that nobody takes because
// the prober ends is dropped.
func (p *Prober) toil(ctx context.Context) {
	for {
		select {
		case t := <-p.tasks:
			f := p.do(ctx, t)
			select {
			case p.results <- f:
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// do checks one site. A failure is believed once the canaries, checked after it began,
// are well: otherwise it may be this vantage's own line.
func (p *Prober) do(ctx context.Context, t Task) finished {
	p.metrics.late.Observe(p.now().Sub(t.Due).Seconds())
	p.metrics.underWay.Inc()
	defer p.metrics.underWay.Dec()
	f := finished{Result: p.cfg.Eyes.Check(ctx, t), repeat: t.Repeat || t.Neighbour}
	f.outcome = outcomeOf(&f.Result)
	if ctx.Err() != nil || f.outcome == outcomeFailed && !p.sight.Confirm(ctx, p.now()) {
		f.outcome = outcomeWithheld
	}
	p.metrics.seconds.Observe(f.Phases.Total.Seconds())
	return f
}

// finish takes a check back and hands the probe in if this vantage can be believed.
// Only checks that the schedule planned count for the doubt: sites that strangers asked
// for could all be broken on purpose.
func (p *Prober) finish(f finished) {
	now := p.now()
	components := p.schedule.Components(f.Probe.Site)
	chronic := p.schedule.Done(f.Result, f.outcome, now)
	assigned := p.schedule.Assigned(f.Probe.Site) // anybody can have sites of their own checked
	if assigned && !f.repeat && !chronic && (f.outcome == outcomeWell || f.outcome == outcomeFailed) {
		p.doubt.see(components, f.outcome == outcomeFailed, now)
	}
	if state := p.sight.Health().State; state != faultline.VantageOK || p.doubt.sick {
		f.outcome = outcomeWithheld
	}
	p.metrics.checks.WithLabelValues(outcomeNames[f.outcome]).Inc()
	if f.outcome == outcomeWithheld || f.outcome == outcomeDeclined {
		return
	}
	f.Probe.Vantage = p.cfg.Vantage
	p.sender.Put(f.Probe)
}
