package ingest

import (
	"context"
	"fmt"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"faultline"
)

// The names of the quotas, as the RateLimit fields carry them.
const (
	quotaPerson     = "person" // an address, or an IPv6 /64
	quotaPrefix     = "prefix" // a /24, or an IPv6 /48
	quotaToken      = "token"
	quotaReads      = "reads"        // of a person who has no token
	quotaReadPrefix = "prefix-reads" // of its prefix
	quotaKeyed      = "token-reads"  // of a token's subject
	quotaStream     = "streams"      // open at once; it is counted in metrics alone
)

// Bounds of [Limits].
const (
	limitKeys   = 18      // 2^18 keys of each table, 4 MiB
	nearLimit   = 1 << 12 // keys that are settled among nodes
	settleEvery = time.Second
	// settleWithin bounds one round of settling.
	settleWithin = 2 * time.Second
)

// LimitsConfig says how many requests a minute each person, each prefix and each
// token may send, a third of it at once, and how many each person and each token
// may read.
type LimitsConfig struct {
	Person, Prefix, Token int
	Reads, TokenReads     int       // 0 Reads: no limit on reading
	Keys                  DailyKeys // names prefixes where nodes settle their accounts
	Shared                Shared    // nil: this node is alone
	Now                   func() time.Time
	Registerer            prometheus.Registerer // nil: not exported
}

// Shared is where nodes settle what they have let through. Settle adds what was
// spent of each quota since the last time, as far as there is room. On an error
// it answers for those that came before.
type Shared interface {
	Settle(ctx context.Context, spent []faultline.QuotaSpent) ([]faultline.QuotaState, error)
}

// Limits says who may knock. Each node counts by itself, in bounded memory and
// before anything else is spent on a request. Once a second the quotas of tokens,
// and of prefixes that have used half of theirs, are settled among the nodes;
// while that can't be done each node goes on by itself. It is safe for concurrent
// use; its one goroutine is [Limits.Run].
type Limits struct {
	person, prefix, token    rate
	persons, prefixes, other *gcraTable
	seed                     maphash.Seed // of this process alone: nothing leads back to an address
	pseudonyms               pseudonyms
	shared                   Shared
	now                      func() time.Time
	refused                  *prometheus.CounterVec
	failed                   prometheus.Counter

	mu   sync.Mutex
	near map[near]int // spent and not yet settled

	reads *reads // nil: no limit
}

// near is a quota that nodes settle: that of a prefix or of a token.
type near struct {
	prefix netip.Prefix
	token  string
}

// NewLimits returns limits of which nothing is used.
func NewLimits(cfg LimitsConfig) *Limits {
	auto := promauto.With(cfg.Registerer)
	l := &Limits{
		person: perMinute(cfg.Person, burstOf(cfg.Person)), prefix: perMinute(cfg.Prefix, burstOf(cfg.Prefix)),
		token:   perMinute(cfg.Token, burstOf(cfg.Token)),
		persons: newGCRA(limitKeys), prefixes: newGCRA(limitKeys), other: newGCRA(limitKeys - 6),
		seed: maphash.MakeSeed(), pseudonyms: pseudonyms{keys: cfg.Keys}, shared: cfg.Shared, now: cfg.Now,
		refused: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "faultline_limit_refused_total", Help: "Requests refused by the quota that was used up.",
		}, []string{"quota"}),
		failed: auto.NewCounter(prometheus.CounterOpts{
			Name: "faultline_limit_settle_failures_total",
			Help: "Rounds in which quotas could not be settled among nodes.",
		}),
		near: map[near]int{},
	}
	if cfg.Reads > 0 {
		l.reads = newReads(cfg.Reads, cfg.TokenReads)
	}
	auto.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "faultline_limit_near_keys", Help: "Prefixes near their limit and tokens in use, settled among nodes.",
	}, func() float64 { l.mu.Lock(); defer l.mu.Unlock(); return float64(len(l.near)) })
	return l
}

// burstOf is a third of a minute's worth.
func burstOf(perMinute int) int { return max(1, perMinute/3) }

// Person takes one request of the quotas of an address: its own, which an IPv6
// /64 shares, and that of its prefix.
func (l *Limits) Person(addr netip.Addr) faultline.Allowance {
	now := l.now()
	who, prefix := prefixesOf(addr)
	used, wait := l.persons.take(maphash.Comparable(l.seed, who), l.person, 1, now)
	a := faultline.Allowance{OK: wait == 0, RetryAfter: wait}
	a.Quotas[0] = quota(quotaPerson, l.person, used)
	if !a.OK {
		l.refused.WithLabelValues(quotaPerson).Inc()
		return a
	}
	used, wait = l.prefixes.take(maphash.Comparable(l.seed, prefix), l.prefix, 1, now)
	a.Quotas[1] = quota(quotaPrefix, l.prefix, used)
	if wait > 0 {
		a.OK, a.RetryAfter = false, wait
		l.refused.WithLabelValues(quotaPrefix).Inc()
	} else if l.shared != nil && used > l.prefix.window()/2 {
		l.note(near{prefix: prefix}, used, l.prefix)
	}
	return a
}

// Token takes one request of the quota of a token's subject.
func (l *Limits) Token(subject string) faultline.Allowance {
	used, wait := l.other.take(maphash.String(l.seed, subject), l.token, 1, l.now())
	a := faultline.Allowance{OK: wait == 0, RetryAfter: wait}
	a.Quotas[0] = quota(quotaToken, l.token, used)
	if !a.OK {
		l.refused.WithLabelValues(quotaToken).Inc()
	} else if l.shared != nil {
		l.note(near{token: subject}, l.token.interval, l.token)
	}
	return a
}

// quota is how a limit stands, as headers say it (draft-ietf-httpapi-ratelimit-headers).
func quota(name string, r rate, used time.Duration) faultline.Quota {
	left := max(0, int((r.window()-used)/r.interval))
	return faultline.Quota{Name: name, Limit: r.burst, Window: r.window(), Remaining: left, Reset: used}
}

// note remembers what is to be settled: of a quota that is new among those, all
// that this node has let through of late.
func (l *Limits) note(k near, used time.Duration, r rate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, ok := l.near[k]
	switch {
	case ok:
		l.near[k] = n + 1
	case len(l.near) < nearLimit:
		l.near[k] = int((used + r.interval - 1) / r.interval)
	}
}

// prefixesOf are the two prefixes that stand for an address: /32 and /24, or /64
// and /48.
func prefixesOf(addr netip.Addr) (person, prefix netip.Prefix) {
	addr = addr.Unmap().WithZone("")
	long, short := 32, 24
	if addr.Is6() {
		long, short = 64, 48
	}
	person, err := addr.Prefix(long)
	if err == nil {
		prefix, err = addr.Prefix(short)
	}
	if err != nil {
		panic(fmt.Sprintf("ingest: %v", err)) // bits always fit the family
	}
	return person, prefix
}
