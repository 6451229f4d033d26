package statements

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"faultline"
)

// Bounds of asking. They are chosen so that pages hardly notice us, and that no page
// can hold the others up or fill the log.
const (
	maxBody      = 8 << 20
	fetchTimeout = 15 * time.Second
	maxParallel  = 4 // requests under way
	maxRedirects = 5
	// freshFor is how long ago something may have been said to go into the log: a page
	// that was down, or a new leader, catches up by it. Older things are late. aheadFor
	// is how far a page's clock may run ahead.
	freshFor = 24 * time.Hour
	aheadFor = 2 * time.Minute
	// rememberFor is how long it is remembered that something went into the log.
	rememberFor = freshFor + time.Hour
	maxAtOnce   = 20           // statements of one answer that go into the log
	maxRemember = 2 * maxItems // of one page
	// madeUpFor is how new a time may be when a feed is first read, before it is
	// doubted: some feeds date everything again for each answer.
	madeUpFor = 10 * time.Second
)

// Config says how pages are asked. Sources, Every, Now and Append are required.
type Config struct {
	Sources []Source
	Every   time.Duration // between two requests for one page that answers well
	Agent   string        // how we call ourselves to the pages
	Now     func() time.Time
	// Append puts statements into the log. An error that is
	// [faultline.ErrNotLeader] ends [Poller.Run]; after any other the same come
	// again.
	Append func(context.Context, []faultline.Event) error
	// Announce takes what a page announces, which replaces what it announced before; nil:
	// nobody wants to know.
	Announce func(ctx context.Context, page string, list []faultline.Maintenance) error
	Client   *http.Client // nil: one for each page, that connects to public addresses alone
	Log      *slog.Logger
	// Metrics may be shared by pollers that follow one another.
	Metrics *Metrics
}

// Metrics counts what becomes of asking.
type Metrics struct{ polls, said *prometheus.CounterVec }

// NewMetrics registers them with reg; nil: nobody sees them.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		polls: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "faultline_statement_polls_total",
			Help: "Requests for status pages by outcome: changed, same, failed."}, []string{"outcome"}),
		said: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "faultline_statements_total",
			Help: "New statements on status pages by outcome: appended, late, crowded (too many at once)."},
			[]string{"outcome"}),
	}
	if reg != nil {
		reg.MustRegister(m.polls, m.said)
	}
	return m
}

// Poller asks status pages, each on its own and few at a time. The leader alone runs
// one, so that a page is asked once however many nodes there are.
type Poller struct {
	cfg    Config
	turn   chan struct{} // who holds one may ask
	failed atomic.Int64  // sources that do not answer just now
}

// NewPoller makes one. It keeps no state of an earlier one: what was said within
// minutes before goes into the log again, and is told apart there.
func NewPoller(cfg Config) *Poller {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Metrics == nil {
		cfg.Metrics = NewMetrics(nil)
	}
	return &Poller{cfg: cfg, turn: make(chan struct{}, maxParallel)}
}

// Run asks until ctx ends or the log is another's to write. The pages begin at
// different times within Every, so that requests are spread.
func (p *Poller) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for i := range p.cfg.Sources {
		offset := p.cfg.Every * time.Duration(i) / time.Duration(len(p.cfg.Sources))
		g.Go(func() error {
			return p.follow(ctx, newFollower(p.cfg.Sources[i], p.cfg.Client), offset)
		})
	}
	g.Go(func() error { <-ctx.Done(); return ctx.Err() }) // without sources too
	return g.Wait()
}

// follower is what is known of one page between two requests.
type follower struct {
	source         Source
	client         *http.Client
	etag, modified string
	failures       int
	read           bool            // it was, at least once
	seen           map[string]seen // by id
	planned        []item          // announced among the page's items, when they were read last
	scheduled      []item          // announced on its list of scheduled maintenance
	scheduledAt    time.Time       // when that was asked for
}

// seen is what is known of an item.
type seen struct {
	at       time.Time // when it was said, as it first stood there
	words    uint64
	appended bool
	doubted  bool // its time may be made up: it must stand there twice
}

// newFollower follows one source. A client is passed in by tests. The usual one connects to public
// addresses, and to the one that the source names if it is an address.
func newFollower(s Source, client *http.Client) *follower {
	if client == nil {
		client = newClient(s.URL)
	}
	return &follower{source: s, client: client, seen: map[string]seen{}}
}

// follow asks for one page again and again until ctx ends. It waits for a turn before
// each request.
func (p *Poller) follow(ctx context.Context, f *follower, wait time.Duration) error {
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case p.turn <- struct{}{}:
		}
		asked, err := p.ask(ctx, f)
		<-p.turn
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, faultline.ErrNotLeader):
			return err
		}
		wait = p.after(f, asked, err)
	}
}

// ask asks for a page once and puts what is new into the log. It returns how long
// the page wants to be left alone.
func (p *Poller) ask(ctx context.Context, f *follower) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.source.address(), nil)
	if err != nil {
		return 0, fmt.Errorf("ask for a status page: %w", err)
	}
	for name, value := range map[string]string{"If-None-Match": f.etag, "If-Modified-Since": f.modified,
		"User-Agent": p.cfg.Agent} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	res, err := f.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("ask for a status page: %w", err)
	}
	defer res.Body.Close()
	asked := patience(res.Header.Get("Retry-After"), p.cfg.Now())
	switch res.StatusCode {
	case http.StatusNotModified:
		p.cfg.Metrics.polls.WithLabelValues("same").Inc()
		p.announce(ctx, f)
		return asked, nil
	case http.StatusOK:
	default:
		return asked, fmt.Errorf("ask for a status page: %s", res.Status)
	}
	limited := &io.LimitedReader{R: res.Body, N: maxBody + 1}
	items, err := f.source.read(limited)
	if limited.N <= 0 {
		err = fmt.Errorf("a status page of more than %d bytes", maxBody)
	}
	if err != nil {
		return asked, err
	}
	items, f.planned = part(items)
	p.announce(ctx, f)
	if err := p.append(ctx, f, items); err != nil {
		return asked, err
	}
	// Only now: else what could not be appended would not be shown again.
	f.etag, f.modified = "", ""
	if !f.waits() {
		f.etag, f.modified = bounded(res.Header.Get("ETag")), bounded(res.Header.Get("Last-Modified"))
	}
	p.cfg.Metrics.polls.WithLabelValues("changed").Inc()
	return asked, nil
}

// bounded leaves out a header's value that is too long to be sent back: what a page
// sends us must not grow our requests.
func bounded(value string) string {
	if len(value) > maxText {
		return ""
	}
	return value
}
