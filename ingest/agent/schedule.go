package agent

import (
	"cmp"
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
	"faultline/task"
)

const (
	// how often the store is read. What a person asks for reaches the vantages within
	// this time.
	refreshEvery = time.Second
	// for one refresh or one note; a store that hangs must not hang the vantages'
	// requests
	storeTimeout = 3 * time.Second
	// liveFor is how long a vantage that asks for no work keeps its share.
	liveFor = 90 * time.Second
	// copies is from how many vantages each site is checked: two that agree confirm
	// an incident, and one may be wrong.
	copies = 3
	// shareEvery is how often, at most, a changed map changes the shares.
	shareEvery = 10 * time.Second
	maxWaiting = 1_024 // requests for work that wait at one time
	// silentAfter is how long a vantage is listed as it last said of itself.
	silentAfter = time.Hour
)

// Store is where nodes share what is to be checked and which vantages there are.
// Package store has it.
type Store interface {
	CheckRequests(ctx context.Context, now time.Time) ([]faultline.CheckRequest, error)
	Vantages(ctx context.Context, now time.Time) ([]faultline.VantageStatus, error)
	SaveVantage(ctx context.Context, v faultline.VantageStatus) error
	AddedVantages(ctx context.Context) ([]faultline.AddedVantage, error)
}

// Sites is the list of sites to check.
type Sites interface {
	Version() int                   // grows with every change
	Sorted() []faultline.SiteRecord // in order of site
}

// ScheduleConfig is what a Schedule is made of.
type ScheduleConfig struct {
	Store   Store
	Sites   Sites
	Exclude []string      // sites that are not to be checked
	Period  time.Duration // between two checks of a site from one vantage
	Page    string        // where the checks are explained; empty: nowhere that is known
	Log     *slog.Logger
	Now     func() time.Time
}

// Schedule knows what each vantage should check: its share of the sites, and what is
// asked for beyond that. It answers from memory and follows the store. It is safe for
// concurrent use. Every node has one and computes the same shares from the same store,
// so it does not matter which node a vantage asks.
type Schedule struct {
	store   Store
	sites   Sites
	exclude map[string]bool
	period  time.Duration
	page    string
	log     *slog.Logger
	now     func() time.Time

	mu         sync.Mutex
	requests   []faultline.CheckRequest
	requestRev uint64
	vantages   []faultline.VantageStatus
	added      map[string]faultline.AddedVantage
	live       string // the names of those that have a share
	records    []faultline.SiteRecord
	version    int // of the map that records are from
	shared     time.Time
	shares     map[string]share
	changed    chan struct{} // closed when any of this has
	waiting    int
	closed     bool
}

// share is the part of the list that one vantage checks. The revision is a hash of it,
// by which a vantage says what it has.
type share struct {
	revision uint64
	sites    []faultline.WorkSite
}

// NewSchedule returns a schedule that knows of no vantage yet; see [Schedule.Run].
func NewSchedule(cfg ScheduleConfig) *Schedule {
	b := &Schedule{store: cfg.Store, sites: cfg.Sites, exclude: map[string]bool{}, period: cfg.Period, page: cfg.Page,
		log: cfg.Log, now: cfg.Now, version: -1, shares: map[string]share{}, changed: make(chan struct{})}
	for _, site := range cfg.Exclude {
		b.exclude[site] = true
	}
	return b
}

// Run follows the store until ctx ends.
func (b *Schedule) Run(ctx context.Context) error {
	away := false
	for {
		err := b.refresh(ctx)
		if ctx.Err() == nil && (err != nil) != away {
			away = err != nil
			b.log.Info("the schedule follows the store", "following", !away, "error", err)
		}
		if !task.Pause(ctx, refreshEvery) {
			return nil
		}
	}
}

// refresh reads what is asked for and who is there, and wakes those that wait when any
// of it is new. While the store is away what was read last stays true. All three are
// read before any is used. A list of vantages of now beside a list of sites from before
// a failure would give shares that no other node has.
func (b *Schedule) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	now := b.now()
	requests, err := b.store.CheckRequests(ctx, now)
	vantages, err2 := b.store.Vantages(ctx, now)
	added, err3 := b.store.AddedVantages(ctx)
	if err = errors.Join(err, err2, err3); err != nil {
		return err
	}
	byName := make(map[string]faultline.AddedVantage, len(added))
	for _, a := range added {
		byName[a.Vantage] = a
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	rev := requestsRevision(requests)
	news := rev != b.requestRev
	b.requests, b.requestRev, b.vantages, b.added = requests, rev, known(vantages, byName, now), byName
	if b.share(now) || news {
		close(b.changed)
		b.changed = make(chan struct{})
	}
	return nil
}

// share forgets the shares when the list of vantages or of sites has changed, so that
// they are made again, and reports whether it did. A list that changes many times in a
// row changes the shares at most every shareEvery, since each change is sent to all
// vantages. The caller holds the lock. Vantages whose own network is in trouble have no
// share: their sites are given to others until they are well.
func (b *Schedule) share(now time.Time) bool {
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

// shareOf is the part of a vantage, which counts as live. The caller holds the lock.
// Shares are made when a vantage asks and not all at once, because most nodes are asked
// by few of the vantages.
func (b *Schedule) shareOf(vantage string) share {
	if s, ok := b.shares[vantage]; ok {
		return s
	}
	live := strings.Fields(b.live)
	// One that asks for the first time is not in the store's list yet. Without a share
	// it would wait for the next refresh and check nothing until then.
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
	// The names come from whoever asks, so the table is bounded. Beyond the bound a
	// share is made again for each request.
	if len(b.shares) < faultline.MaxVantages {
		b.shares[vantage] = s
	}
	return s
}

// among reports whether a vantage is one of those that check a site: the highest of a
// hash of both (rendezvous hashing, Thaler and Ravishankar 1998), so that who comes or
// goes changes the shares of few. Every node computes the same without talking to the
// others. A plain division by number would move almost every site when one vantage
// comes, and each move interrupts the series of checks that incidents are found in.
func among(site, vantage string, live []string) bool {
	if len(live) <= copies {
		return true
	}
	own, above := xxhash.Sum64String(vantage+"|"+site), 0
	for _, v := range live {
		// The three highest of all have the site. Counting who is above needs no
		// sorting and no memory.
		if v != vantage && xxhash.Sum64String(v+"|"+site) > own {
			above++
		}
	}
	return above < copies
}

// requestsRevision distinguishes one list of requests from another by the sites in it.
// When a request ends does not count, or each extension would be sent to everybody.
func requestsRevision(requests []faultline.CheckRequest) uint64 {
	names := make([]string, len(requests))
	for i, w := range requests {
		names[i] = w.Site
	}
	slices.Sort(names)
	return xxhash.Sum64String(strings.Join(names, " "))
}

// known are the vantages that have asked for work within the hour, and those of the
// added ones that have not, as silent, in order of name. Vantages that an operator has
// added stay in the list while silent, for their silence is what the operator must see.
// Others are gone after an hour.
func known(all []faultline.VantageStatus, added map[string]faultline.AddedVantage,
	now time.Time) []faultline.VantageStatus {
	list, seen := []faultline.VantageStatus{}, map[string]bool{}
	for _, v := range all {
		a, ours := added[v.Vantage]
		silent := now.Sub(v.SeenAt) > silentAfter
		if silent && !ours {
			continue
		}
		if silent {
			v.State, v.Since, v.Why = faultline.VantageSilent, v.SeenAt, ""
		}
		if ours {
			v.KnownSince = a.AddedAt
		}
		list, seen[v.Vantage] = append(list, v), true
	}
	for name, a := range added {
		if !seen[name] {
			list = append(list, faultline.VantageStatus{Vantage: name, ASN: a.ASN, Country: a.Country,
				State: faultline.VantageSilent, Since: a.AddedAt, KnownSince: a.AddedAt})
		}
	}
	slices.SortFunc(list, func(a, b faultline.VantageStatus) int { return cmp.Compare(a.Vantage, b.Vantage) })
	return list
}

// Vantages are those that have asked for work within the hour, and those that an operator
// has added.
func (b *Schedule) Vantages() []faultline.VantageStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.vantages
}

// Work notes how a vantage does and returns what it should check: at once when that is
// not what it knows, else when that changes or wait is over. This is long polling: a
// vantage asks with the revision that it has, and the answer comes when there is
// another. So a check that somebody asks for starts within seconds, and no connection
// from the server to the vantage is needed, which a firewall would refuse.
func (b *Schedule) Work(ctx context.Context, who faultline.VantageStatus, known string,
	wait time.Duration) (faultline.WorkAnswer, error) {
	b.note(ctx, who)
	sites, requests, _ := strings.Cut(known, ".")
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	patient := b.enter()
	if patient {
		defer b.leave()
	}
	for {
		answer, siteRev, requestRev, changed := b.answer(who.Vantage)
		answer.SameSites = siteRev == sites
		// The list is long and rarely changes, so it is sent only to who does not have
		// it.
		if answer.SameSites {
			answer.Sites = []faultline.WorkSite{}
		}
		if !answer.SameSites || requestRev != requests || !patient {
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

// enter reports whether one more request may wait. Beyond the bound it is answered at
// once, which is correct and only costs the vantage another request.
func (b *Schedule) enter() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.waiting >= maxWaiting {
		return false
	}
	b.waiting++
	return true
}

// leave takes one away from those who wait for an answer. Whoever entered must leave: a
// place that is not given back is lost until the restart.
func (b *Schedule) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting--
}

// Close answers all who wait, and nobody waits after that. It is called when the server
// shuts down. Without it, each waiting request would hold the shutdown for up to its
// whole wait.
func (b *Schedule) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		b.requestRev++ // nobody knows this one
		close(b.changed)
		b.changed = make(chan struct{})
	}
}

// answer is what a vantage should check now, with the revisions of its two parts and
// what is closed when either changes.
func (b *Schedule) answer(vantage string) (answer faultline.WorkAnswer, siteRev, requestRev string,
	changed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.shareOf(vantage)
	siteRev, requestRev = strconv.FormatUint(s.revision, 36), strconv.FormatUint(b.requestRev, 36)
	return faultline.WorkAnswer{Vantage: vantage, PeriodS: int(b.period / time.Second), Page: b.page,
		Revision: siteRev + "." + requestRev,
		Sites:    s.sites, CheckRequests: b.requests}, siteRev, requestRev, b.changed
}

// note stores how a vantage does, and since when. What a store that is away misses is
// stored at the vantage's next request. A state that has not changed keeps the moment
// since which it is so; the page shows how long a vantage has been in trouble.
func (b *Schedule) note(ctx context.Context, who faultline.VantageStatus) {
	who.Since, who.KnownSince = who.SeenAt, who.SeenAt
	for _, v := range b.Vantages() {
		if v.Vantage != who.Vantage {
			continue
		}
		if v.State == who.State {
			who.Since = v.Since
		}
		if !v.KnownSince.IsZero() {
			who.KnownSince = v.KnownSince
		}
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := b.store.SaveVantage(ctx, who); err != nil {
		b.log.Debug("a vantage could not be noted", "vantage", who.Vantage, "error", err)
	}
}
