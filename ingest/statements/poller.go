package statements

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"faultline"
)

// Bounds of asking.
const (
	maxBody      = 8 << 20
	fetchTimeout = 15 * time.Second
	maxParallel  = 4 // requests under way
	maxRedirects = 5
	// freshFor is how long ago something may have been said to go into the log: what
	// is older is late there. aheadFor is how far a page's clock may run ahead.
	freshFor = 4*time.Minute + 30*time.Second
	aheadFor = 2 * time.Minute
	// rememberFor is how long it is remembered that something went into the log.
	rememberFor = time.Hour
	maxAtOnce   = 20 // statements of one answer that go into the log
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
	Client *http.Client // nil: one of our own
	Log    *slog.Logger
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
			Help: "New statements on status pages by outcome: appended, late, crowded (too many at once)."}, []string{"outcome"}),
	}
	if reg != nil {
		reg.MustRegister(m.polls, m.said)
	}
	return m
}

// Poller asks status pages, each on its own and few at a time.
type Poller struct {
	cfg    Config
	turn   chan struct{} // who holds one may ask
	failed atomic.Int64  // sources that do not answer just now
}

// NewPoller makes one. It keeps no state of an earlier one: what was said within
// minutes before goes into the log again, and is told apart there.
func NewPoller(cfg Config) *Poller {
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: fetchTimeout, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("too many redirects")
			}
			return nil
		}}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Metrics == nil {
		cfg.Metrics = NewMetrics(nil)
	}
	return &Poller{cfg: cfg, turn: make(chan struct{}, maxParallel)}
}

// Run asks until ctx ends or the log is another's to write.
func (p *Poller) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for i := range p.cfg.Sources {
		offset := p.cfg.Every * time.Duration(i) / time.Duration(len(p.cfg.Sources))
		g.Go(func() error {
			return p.follow(ctx, &follower{source: p.cfg.Sources[i], seen: map[string]time.Time{}}, offset)
		})
	}
	g.Go(func() error { <-ctx.Done(); return ctx.Err() }) // without sources too
	return g.Wait()
}

// follower is what is known of one page between two requests.
type follower struct {
	source         Source
	etag, modified string
	failures       int
	seen           map[string]time.Time // what needs no second look → when it was said
}

// follow asks for one page again and again.
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
	address := f.source.URL
	if f.source.Form == FormStatuspage {
		address = strings.TrimRight(address, "/") + "/api/v2/incidents.json"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, fmt.Errorf("ask for a status page: %w", err)
	}
	for name, value := range map[string]string{"If-None-Match": f.etag, "If-Modified-Since": f.modified, "User-Agent": p.cfg.Agent} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	res, err := p.cfg.Client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("ask for a status page: %w", err)
	}
	defer res.Body.Close()
	asked := patience(res.Header.Get("Retry-After"), p.cfg.Now())
	switch res.StatusCode {
	case http.StatusNotModified:
		p.cfg.Metrics.polls.WithLabelValues("same").Inc()
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
	if err := p.append(ctx, f, items); err != nil {
		return asked, err
	}
	// Only now: else what could not be appended would not be shown again.
	f.etag, f.modified = res.Header.Get("ETag"), res.Header.Get("Last-Modified")
	p.cfg.Metrics.polls.WithLabelValues("changed").Inc()
	return asked, nil
}

// append puts what is new and fresh into the log, oldest first.
func (p *Poller) append(ctx context.Context, f *follower, items []item) error {
	now := p.cfg.Now()
	first := len(f.seen) == 0
	var fresh []item
	for _, i := range items {
		_, known := f.seen[i.key]
		switch {
		case known || i.at.After(now.Add(aheadFor)): // what is announced comes again in its time
		case now.Sub(i.at) > freshFor:
			if !first && now.Sub(i.at) < rememberFor {
				p.cfg.Metrics.said.WithLabelValues("late").Inc()
			}
			f.seen[i.key] = i.at
		default:
			fresh = append(fresh, i)
		}
	}
	if over := len(fresh) - maxAtOnce; over > 0 {
		p.cfg.Metrics.said.WithLabelValues("crowded").Add(float64(over))
		fresh = fresh[over:]
	}
	var events []faultline.Event
	for _, i := range fresh {
		events = append(events, f.source.events(i)...)
	}
	if len(events) > 0 {
		if err := p.cfg.Append(ctx, events); err != nil {
			return fmt.Errorf("append statements: %w", err)
		}
		p.cfg.Metrics.said.WithLabelValues("appended").Add(float64(len(fresh)))
		p.cfg.Log.Info("a provider speaks", "source", f.source.Name, "statements", len(fresh), "newest", fresh[len(fresh)-1].text)
	}
	for _, i := range fresh {
		f.seen[i.key] = i.at
	}
	f.forget(items, now)
	return nil
}

// forget drops what the page no longer shows once it can't be fresh any more.
func (f *follower) forget(items []item, now time.Time) {
	shown := make(map[string]bool, len(items))
	for _, i := range items {
		shown[i.key] = true
	}
	for key, at := range f.seen {
		if !shown[key] && now.Sub(at) > rememberFor {
			delete(f.seen, key)
		}
	}
}
