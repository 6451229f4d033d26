package probe

import (
	"context"
	"errors"
	"sync"
	"time"

	"faultline"
)

// Canaries are what a vantage that sees the internet must be able to reach, and
// what it must not.
type Canaries struct {
	// Pass are sites of unrelated owners and networks; two of them must answer, or
	// the only one.
	Pass []string
	// Fail is a name that must not resolve: where it does, somebody answers for
	// everything (a captive portal, a resolver that lies).
	Fail string
}

// DefaultCanaries are among the best reachable sites there are, in five networks of
// five owners, and a name below a top-level domain that will never be (RFC 6761 section
// 6.4). Five owners are enough that one outage of a giant does not blind every vantage
// at once, which is just when their eyes are needed.
var DefaultCanaries = Canaries{
	Pass: []string{"cloudflare.com", "google.com", "microsoft.com", "apple.com", "wikipedia.org"},
	Fail: "canary.faultline.invalid",
}

const (
	canariesNeeded = 2
	canaryLimit    = 4 * time.Second  // for one round
	canaryEvery    = 15 * time.Second // while all is well
	canaryBlind    = 5 * time.Second  // while it is not
	canarySpacing  = time.Second      // between two rounds, at least
	ipv6Every      = time.Minute
)

// Health is what a vantage knows of itself. It goes to the server with each request for
// work, which shows it to the operator.
type Health struct {
	State faultline.VantageState
	Since time.Time
	Why   string // empty when it is well
}

// Eyes look at sites. A [Checker] is one. Tests put others in its place that see what
// they are told to.
type Eyes interface {
	Check(ctx context.Context, t Task) Result
	Exists(ctx context.Context, name string) (bool, error)
}

// Exists reports whether a name resolves; the error says why that can't be told. Only
// an answer that is final counts as no. A resolver that does not answer says nothing
// about the name.
func (c *Checker) Exists(ctx context.Context, name string) (bool, error) {
	_, err := c.resolver.Lookup(ctx, name)
	var dns *DNSError
	if errors.As(err, &dns) && final(dns.Kind) {
		return false, nil
	}
	return err == nil, err
}

// ResolverFaults counts the names that one resolver failed to answer and another
// answered. Many of them say that the first resolver should be replaced; the checks
// themselves are not harmed.
func (c *Checker) ResolverFaults() int64 { return c.resolver.Faults() }

// sight doubts whether this vantage sees anything. It is safe for concurrent use.
// Rounds are shared: a hundred checks that fail at once wait for one round and not for
// a hundred.
type sight struct {
	eyes     Eyes
	canaries Canaries
	now      func() time.Time

	mu      sync.Mutex
	current *round
	sees    bool
	why     string
	since   time.Time
	ipv6    bool
}

// round is one check of the canaries.
type round struct {
	began time.Time
	done  chan struct{}
	sees  bool // once done is closed
}

// newSight makes the part of a prober that asks whether it sees the internet at all.
func newSight(eyes Eyes, canaries Canaries, now func() time.Time) *sight {
	return &sight{eyes: eyes, canaries: canaries, now: now}
}

// Run looks at the canaries until ctx ends. A vantage that sees nothing looks three
// times as often, to be of use soon after its line is back.
func (s *sight) Run(ctx context.Context) {
	var checkedIPv6 time.Time
	for ctx.Err() == nil {
		now := s.now()
		sees := s.Confirm(ctx, now)
		if sees && now.Sub(checkedIPv6) >= ipv6Every {
			checkedIPv6 = now
			s.checkIPv6(ctx)
		}
		wait := canaryEvery
		if !sees {
			wait = canaryBlind
		}
		pause(ctx, wait)
	}
}

// Confirm reports whether the canaries were seen as they should be by a round that
// began since then: what failed before is then no fault of this vantage. A round that
// began before the failure proves nothing, because the line may have broken in between.
// So it may take one more round, at most one a second.
func (s *sight) Confirm(ctx context.Context, since time.Time) bool {
	for {
		r, early := s.roundSince(ctx, since)
		if early > 0 {
			if !pause(ctx, early) {
				return false
			}
			continue
		}
		select {
		case <-r.done:
		case <-ctx.Done():
			return false
		}
		if !r.began.Before(since) {
			return r.sees
		}
	}
}

// roundSince returns the round that is under way or the last one if it began
// since then, else a new one, or how long until one may begin.
func (s *sight) roundSince(ctx context.Context, since time.Time) (*round, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if r := s.current; r != nil {
		select {
		case <-r.done:
			if !r.began.Before(since) {
				return r, 0
			}
			if early := canarySpacing - now.Sub(r.began); early > 0 {
				return nil, early
			}
		default:
			return r, 0
		}
	}
	r := &round{began: now, done: make(chan struct{})}
	s.current = r
	go s.runRound(context.WithoutCancel(ctx), r) // others may wait for it
	return r, 0
}

// runRound makes one round. It is over as soon as enough canaries were seen. The
// canaries are asked at the same time, so that a slow one costs nothing. The name that
// must not exist finds captive portals and resolvers that answer everything.
func (s *sight) runRound(ctx context.Context, r *round) {
	ctx, cancel := context.WithTimeout(ctx, canaryLimit)
	defer cancel()
	lies := make(chan bool, 1)
	go func() {
		exists, err := s.eyes.Exists(ctx, s.canaries.Fail)
		lies <- err == nil && exists
	}()
	seen := make(chan bool, len(s.canaries.Pass))
	for _, site := range s.canaries.Pass {
		go func() { seen <- answered(s.eyes.Check(ctx, Task{Site: site})) }()
	}
	passed := 0
	for range s.canaries.Pass {
		if <-seen {
			passed++
		}
		if passed >= s.needed() {
			break
		}
	}
	why := ""
	switch {
	case passed < s.needed():
		why = "no canary answers"
		if passed > 0 {
			why = "only one canary answers"
		}
	case <-lies:
		why = "a name that does not exist has an address"
	}
	s.settle(r, why)
}

// needed is how many canaries must answer. One alone may be cached, or be the only one reachable.
func (s *sight) needed() int { return min(canariesNeeded, len(s.canaries.Pass)) }

// answered reports whether there is somebody at the other end. A refusal is an answer
// too: whoever refuses was reached.
func answered(r Result) bool {
	unreached := r.Probe.Detail == detailGuard || r.Probe.Detail == detailNoIPv6
	return !r.Failed() && (r.Probe.Symptom != faultline.SymptomBlocked || !unreached)
}

// settle keeps what a round found, and since when it is so. Waiters are woken by
// closing the channel, after the result is in place.
func (s *sight) settle(r *round, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.sees = why == ""
	if s.since.IsZero() || s.sees != r.sees {
		s.since = s.now()
	}
	s.sees, s.why = r.sees, why
	close(r.done)
}

// checkIPv6 finds out whether IPv6 works from here. One canary over IPv6 is enough.
// Where none answers, checks use IPv4 alone, and no site is blamed for the vantage's
// missing IPv6.
func (s *sight) checkIPv6(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, canaryLimit)
	defer cancel()
	works := false
	for _, site := range s.canaries.Pass {
		r := s.eyes.Check(ctx, Task{Site: site, IPv6: true})
		if works = answered(r) && r.Observation.Addr.Is6(); works {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ipv6 = works
}

// IPv6 reports whether it works from here, as far as known.
func (s *sight) IPv6() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ipv6
}

// Health says what the canaries said last.
func (s *sight) Health() Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.since.IsZero():
		return Health{State: faultline.VantageUnknown}
	case s.sees:
		return Health{State: faultline.VantageOK, Since: s.since}
	}
	return Health{State: faultline.VantageBlind, Since: s.since, Why: s.why}
}

// pause waits, and reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
