package pages

import (
	"cmp"
	"context"
	"errors"
	"hash/fnv"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline"
)

// MaxSites bounds the sites whose pages are read: those that the list names first. A page then
// has about 17 seconds of a day.
const MaxSites = 5_000

// Config says how pages are read. All but Log and Metrics is required.
type Config struct {
	Sites     []string      // the most visited first
	Every     time.Duration // between two requests for the page of one site
	Transport http.RoundTripper
	Agent     string // the User-Agent
	// Place says which components serve a host; none: they are not known.
	Place func(ctx context.Context, host string) []faultline.Component
	// Found takes what the page of a site uses, in order. Nothing at all is an answer too.
	Found func(site string, uses []faultline.Component)
	Now   func() time.Time
	Log   *slog.Logger
	// Metrics may be shared by fetchers that follow one another.
	Metrics *Metrics
}

// Metrics counts what becomes of reading pages.
type Metrics struct{ pages *prometheus.CounterVec }

// NewMetrics registers them with reg; nil: nobody sees them.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{prometheus.NewCounterVec(prometheus.CounterOpts{Name: "faultline_pages_total",
		Help: "Pages of sites that were asked for, by outcome: read, unwanted (by robots.txt), failed."},
		[]string{"outcome"})}
	if reg != nil {
		reg.MustRegister(m.pages)
	}
	return m
}

// Fetcher reads the pages of sites, one after the other. The leader alone runs one, so that a
// site is asked once however many nodes there are.
type Fetcher struct{ cfg Config }

// New makes one. It keeps no state of an earlier one.
func New(cfg Config) *Fetcher {
	cfg.Sites = cfg.Sites[:min(len(cfg.Sites), MaxSites)]
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Metrics == nil {
		cfg.Metrics = NewMetrics(nil)
	}
	return &Fetcher{cfg}
}

// turn is when in each period a site is asked.
type turn struct {
	site string
	at   time.Duration
}

// turns spreads the sites over a period by their names. A node that starts anew, or begins to
// lead, goes on with the next turn, and asks no site a second time.
func (f *Fetcher) turns() []turn {
	all := make([]turn, 0, len(f.cfg.Sites))
	for _, site := range f.cfg.Sites {
		h := fnv.New64a()
		h.Write([]byte(site))
		all = append(all, turn{site, time.Duration(h.Sum64() % uint64(f.cfg.Every))})
	}
	slices.SortFunc(all, func(a, b turn) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.site, b.site)) })
	return all
}

// Run reads pages until ctx ends, and returns its error.
func (f *Fetcher) Run(ctx context.Context) error {
	all := f.turns()
	period := f.cfg.Now().Truncate(f.cfg.Every)
	next := 0
	for next < len(all) && !period.Add(all[next].at).After(f.cfg.Now()) {
		next++
	}
	for len(all) > 0 {
		if next == len(all) {
			next, period = 0, period.Add(f.cfg.Every)
		}
		if !until(ctx, period.Add(all[next].at).Sub(f.cfg.Now())) {
			return ctx.Err()
		}
		f.read(ctx, all[next].site)
		next++
	}
	<-ctx.Done()
	return ctx.Err()
}

// until waits, and reports whether the time has come before ctx ended.
func until(ctx context.Context, wait time.Duration) bool {
	t := time.NewTimer(max(0, wait))
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// read reads one page and says what it uses. A page that can't be read leaves what is known. A
// site that does not want it to be read is forgotten.
func (f *Fetcher) read(ctx context.Context, site string) {
	hosts, err := f.hosts(ctx, site)
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, errUnwanted):
		f.cfg.Metrics.pages.WithLabelValues("unwanted").Inc()
		f.cfg.Found(site, nil)
		return
	case err != nil:
		f.cfg.Metrics.pages.WithLabelValues("failed").Inc()
		f.cfg.Log.Debug("the page of a site can't be read", "site", site, "error", err)
		return
	}
	f.cfg.Metrics.pages.WithLabelValues("read").Inc()
	var uses []faultline.Component
	for _, host := range hosts {
		uses = append(uses, f.cfg.Place(ctx, host)...)
	}
	slices.Sort(uses)
	uses = slices.Compact(uses)
	f.cfg.Found(site, uses[:min(len(uses), faultline.MaxUses)])
}
