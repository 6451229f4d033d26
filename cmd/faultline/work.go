package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"faultline"
	"faultline/store"
)

const (
	workEvery   = time.Second
	workTimeout = 500 * time.Millisecond
	// liveFor is how long a vantage that was not heard of keeps its share.
	liveFor = 90 * time.Second
	// copies is from how many vantages each site is looked at: two that agree
	// confirm, and one may be wrong.
	copies = 3
	// shareEvery is how often, at most, a changed map changes the shares.
	shareEvery = 10 * time.Second
	maxWaiting = 1_024 // requests for work that wait at one time
)

// workBoard knows what each vantage should check: its share of the map, and what
// is wished for. It answers from memory and follows the store.
type workBoard struct {
	store   *store.Store
	sites   *siteMap
	exclude map[string]bool
	period  time.Duration
	page    string
	log     *slog.Logger
	now     func() time.Time

	mu       sync.Mutex
	wishes   []faultline.CheckRequest
	wishRev  uint64
	vantages []faultline.VantageStatus
	live     string // the names of those that have a share
	records  []faultline.SiteRecord
	version  int // of the map that records are from
	shared   time.Time
	shares   map[string]share
	changed  chan struct{} // closed when any of this has
	waiting  int
	closed   bool
}

// share is the part of the map that one vantage checks.
type share struct {
	revision uint64
	sites    []faultline.WorkSite
}

func newWorkBoard(st *store.Store, sites *siteMap, exclude []string, period time.Duration, page string, log *slog.Logger, now func() time.Time) *workBoard {
	b := &workBoard{store: st, sites: sites, exclude: map[string]bool{}, period: period, page: page, log: log, now: now,
		version: -1, shares: map[string]share{}, changed: make(chan struct{})}
	for _, site := range exclude {
		b.exclude[site] = true
	}
	return b
}

// Run follows the store until ctx ends.
func (b *workBoard) Run(ctx context.Context) error {
	var away outage
	for {
		err := b.look(ctx)
		switch {
		case err == nil:
			away.Over(b.log)
		case ctx.Err() == nil:
			away.Began(b.log, err)
		}
		if !pause(ctx, workEvery) {
			return nil
		}
	}
}

func (b *workBoard) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	now := b.now()
	wishes, err := b.store.Wishes(ctx, now)
	vantages, err2 := b.store.Vantages(ctx, now)
	if err = errors.Join(err, err2); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	rev := wishesRevision(wishes)
	news := rev != b.wishRev
	b.wishes, b.wishRev, b.vantages = wishes, rev, vantages
	if b.share(now) || news {
		close(b.changed)
		b.changed = make(chan struct{})
	}
	return nil
}

// share makes the shares anew when who is there, or the map, has changed.
func (b *workBoard) share(now time.Time) bool {
	var names []string
	for _, v := range b.vantages {
		if now.Sub(v.SeenAt) < liveFor && (v.State == faultline.VantageOK || v.State == faultline.VantageUnknown) {
			names = append(names, v.Vantage)
		}
	}
	live := strings.Join(names, " ")
	version := b.sites.Version()
	if live == b.live && (version == b.version || !b.shared.IsZero() && now.Sub(b.shared) < shareEvery) {
		return false
	}
	b.live, b.shared = live, now
	if version != b.version {
		b.version, b.records = version, b.sites.Sorted()
	}
	clear(b.shares)
	return true
}

// shareOf is the part of a vantage, which counts as live.
func (b *workBoard) shareOf(vantage string) share {
	if s, ok := b.shares[vantage]; ok {
		return s
	}
	live := strings.Fields(b.live)
	if !slices.Contains(live, vantage) {
		live = append(live, vantage)
	}
	s, sum := share{sites: []faultline.WorkSite{}}, xxhash.New()
	for _, r := range b.records {
		if b.exclude[r.Site] || !among(r.Site, vantage, live) {
			continue
		}
		s.sites = append(s.sites, faultline.WorkSite{Site: r.Site, Components: r.Components})
		_, _ = sum.WriteString(r.Site) // a hash takes everything
		for _, c := range r.Components {
			_, _ = sum.WriteString(" " + string(c))
		}
	}
	s.revision = sum.Sum64()
	if len(b.shares) < faultline.MaxVantages {
		b.shares[vantage] = s
	}
	return s
}

// among reports whether a vantage is one of those that check a site: the highest
// of a hash of both (rendezvous hashing, Thaler and Ravishankar 1998), so that
// who comes or goes changes the shares of few.
func among(site, vantage string, live []string) bool {
	if len(live) <= copies {
		return true
	}
	own, above := xxhash.Sum64String(vantage+"|"+site), 0
	for _, v := range live {
		if v != vantage && xxhash.Sum64String(v+"|"+site) > own {
			above++
		}
	}
	return above < copies
}

// wishesRevision tells one list of wishes from another, whenever they end.
func wishesRevision(wishes []faultline.CheckRequest) uint64 {
	names := make([]string, len(wishes))
	for i, w := range wishes {
		names[i] = w.Site
	}
	slices.Sort(names)
	return xxhash.Sum64String(strings.Join(names, " "))
}

// Vantages are those that were heard of within the hour.
func (b *workBoard) Vantages() []faultline.VantageStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.vantages
}

// Work implements [api.Work].
func (b *workBoard) Work(ctx context.Context, who faultline.VantageStatus, known string, wait time.Duration) (faultline.WorkAnswer, error) {
	b.note(ctx, who)
	sites, wishes, _ := strings.Cut(known, ".")
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	patient := b.enter()
	if patient {
		defer b.leave()
	}
	for {
		answer, siteRev, wishRev, changed := b.answer(who.Vantage)
		answer.SameSites = siteRev == sites
		if answer.SameSites {
			answer.Sites = []faultline.WorkSite{}
		}
		if !answer.SameSites || wishRev != wishes || !patient {
			return answer, nil
		}
		select {
		case <-changed:
		case <-deadline.C:
			return answer, nil
		case <-ctx.Done():
			return faultline.WorkAnswer{}, ctx.Err()
		}
	}
}

// enter reports whether one more may wait.
func (b *workBoard) enter() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.waiting >= maxWaiting {
		return false
	}
	b.waiting++
	return true
}

func (b *workBoard) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting--
}

// Close lets go of all who wait.
func (b *workBoard) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		b.wishRev++ // nobody knows this one
		close(b.changed)
		b.changed = make(chan struct{})
	}
}

func (b *workBoard) answer(vantage string) (answer faultline.WorkAnswer, siteRev, wishRev string, changed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.shareOf(vantage)
	siteRev, wishRev = strconv.FormatUint(s.revision, 36), strconv.FormatUint(b.wishRev, 36)
	return faultline.WorkAnswer{Vantage: vantage, PeriodS: int(b.period / time.Second), Page: b.page, Revision: siteRev + "." + wishRev,
		Sites: s.sites, Wishes: b.wishes}, siteRev, wishRev, b.changed
}

// note tells the store what a vantage says of itself, since when. A store that is
// away hears it the next time.
func (b *workBoard) note(ctx context.Context, who faultline.VantageStatus) {
	who.Since = who.SeenAt
	for _, v := range b.Vantages() {
		if v.Vantage == who.Vantage && v.State == who.State {
			who.Since = v.Since
		}
	}
	ctx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	if err := b.store.SaveVantage(ctx, who); err != nil {
		b.log.Debug("a vantage could not be noted", "vantage", who.Vantage, "error", err)
	}
}
