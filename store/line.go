package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
)

const (
	// patienceUnmeasured is what a command is given before any answer was timed.
	patienceUnmeasured = time.Second
	// patienceMax bounds what a command is given, however far Redis is.
	patienceMax = 2 * time.Second
	// roundTrips is how many of them one command may need: a new connection, its
	// greeting, the command, and one to spare.
	roundTrips = 4
	// silentAfter is for how long nothing may be answered before commands fail at once.
	silentAfter = time.Second
	// tryEvery is the pause between two commands that try whether a silent Redis
	// answers again; writeTryAfter is how long a write leaves that to reads.
	tryEvery      = 200 * time.Millisecond
	writeTryAfter = 3 * time.Second
)

// line is what is known of the way to Redis: how long an answer takes, and whether any
// comes. Every command of a Store passes it. It gives each command a time that follows
// the measured round trip, and while Redis is silent it fails commands at once, but for
// one now and then that tries. It is safe for concurrent use.
type line struct {
	floor time.Duration // what a command is given at least
	// Monotonic: a machine's clock that jumps must not make Redis look silent.
	elapsed func() time.Duration

	mu       sync.Mutex
	measured bool
	mean     time.Duration // of a round trip, smoothed as RFC 6298 does
	spread   time.Duration
	under    int           // commands under way
	waits    bool          // something was asked since the last answer, and is not answered
	since    time.Duration // when that was
	// It is what commands fail with meanwhile, so that an operator reads the cause and
	// not only that Redis is silent.
	last  error // of the commands that failed meanwhile
	tries int   // that failed, one after another
	// One attempt at a time, or each of many waiting calls would open a connection to a
	// server that is in trouble.
	trying bool
	tried  time.Duration // when the last one ended
}

// newLine returns a line on which nothing was measured yet. floor is what a command is
// given at least, elapsed is monotonic time.
func newLine(floor time.Duration, elapsed func() time.Duration) *line {
	return &line{floor: floor, elapsed: elapsed}
}

// Patience is what one command is given.
func (l *line) Patience() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.patience()
}

// patience is Patience for a caller that holds the lock.
func (l *line) patience() time.Duration {
	if !l.measured {
		return max(l.floor, patienceUnmeasured)
	}
	// RFC 6298 takes four times the spread. Here the sum is multiplied, because a command
	// may need several round trips.
	return max(l.floor, min(roundTrips*(l.mean+l.spread), patienceMax))
}

// RoundTrip is how long an answer takes, 0 before there was one.
func (l *line) RoundTrip() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mean
}

// Silent reports whether commands fail at once.
func (l *line) Silent() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.silent(l.elapsed())
}

// silent is Silent for a caller that holds the lock. It takes both: something waits for an
// answer, and has done so for long. An idle line is not silent.
func (l *line) silent(now time.Duration) bool {
	return l.waits && now-l.since >= max(silentAfter, l.patience())
}

// call is one command under way.
type call struct {
	began    time.Duration
	patience time.Duration
	trial    bool
	blocks   bool // it waits in Redis: that it is not answered yet says nothing
}

// begin lets a command through, or says that Redis is silent.
func (l *line) begin(write, blocks bool) (call, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.elapsed()
	c := call{began: now, patience: l.patience(), blocks: blocks}
	if l.silent(now) {
		wait, last := tryEvery, l.tried
		if write {
			wait = writeTryAfter
		}
		// The first attempt waits from when the silence began, so that not every command of
		// that moment tries.
		if l.tries == 0 {
			last = l.since
		}
		if l.trying || now-last < wait {
			return c, fmt.Errorf("%w: %w", faultline.ErrSilent, l.why())
		}
		// A Redis that moved further away answers none that is given what sufficed before.
		c.patience = max(l.floor, min(c.patience<<min(l.tries, 3), patienceMax))
		c.trial, l.trying = true, true
	}
	l.under++
	if !blocks {
		l.ask(now)
	}
	return c, nil
}

// ask notes that something is asked. The time of the first question that waits counts: each
// further one would make the silence look shorter.
func (l *line) ask(now time.Duration) {
	if !l.waits {
		l.waits, l.since = true, now
	}
}

// why is the error that commands fail with while Redis is silent: the last one that it
// gave, or a deadline if none came back at all.
func (l *line) why() error {
	if l.last == nil {
		return context.DeadlineExceeded
	}
	return l.last
}

// end takes in how a command went. timed says that it took one round trip.
func (l *line) end(c call, err error, timed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.under--
	now := l.elapsed()
	if c.trial {
		l.trying, l.tried = false, now
	}
	took := now - c.began
	switch {
	// Any answer ends the silence, also an error: Redis is there.
	case answered(err):
		l.waits, l.last, l.tries = false, nil, 0
		if timed {
			l.measure(took)
		}
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) && took < c.patience/2:
		// Its caller did not wait for it, which says nothing of Redis.
		// Nobody waits any more, and nothing has failed: the line is idle and not silent.
		if l.under == 0 && l.last == nil {
			l.waits = false
		}
	default:
		l.ask(now)
		l.last = err
		if c.trial {
			l.tries++
		}
	}
}

// measure takes in one round trip (RFC 6298 section 2).
func (l *line) measure(took time.Duration) {
	if !l.measured {
		// The first measured value is the mean, and half of it the spread (2.2).
		l.measured, l.mean, l.spread = true, took, took/2
		return
	}
	// The spread goes first, because it is the distance from the old mean; the weights
	// are the RFC's 1/4 and 1/8 (2.3).
	l.spread += ((l.mean - took).Abs() - l.spread) / 4
	l.mean += (took - l.mean) / 8
}

// answered reports whether Redis said something, be it an error.
func answered(err error) bool {
	var reply redis.Error
	var network net.Error
	return err == nil || errors.As(err, &reply) && !errors.As(err, &network)
}

// passing is one client's way onto the line. Writes leave it to reads to try whether a
// silent Redis answers: a read that gets no answer has done nothing, while a write may have
// happened.
type passing struct {
	*line
	write  bool // it does not try whether a silent Redis answers, as long as others do
	blocks bool // how long its commands take is their own, and so is what they are given
}

var _ redis.Hook = passing{}

// DialHook implements [redis.Hook].
func (passing) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements [redis.Hook].
func (p passing) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if underWay(ctx) {
			return next(ctx, cmd)
		}
		c, err := p.begin(p.write, p.blocks)
		if err != nil {
			cmd.SetErr(err)
			return err
		}
		ctx, cancel := p.bound(ctx, c)
		defer cancel()
		err = next(ctx, cmd)
		p.end(c, err, !p.blocks)
		return err
	}
}

// ProcessPipelineHook implements [redis.Hook].
func (p passing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if underWay(ctx) {
			return next(ctx, cmds)
		}
		c, err := p.begin(p.write, p.blocks)
		if err != nil {
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
			return err
		}
		ctx, cancel := p.bound(ctx, c)
		defer cancel()
		err = next(ctx, cmds)
		p.end(c, err, false)
		return err
	}
}

// inCall marks the context of a command: what go-redis sends besides to open a connection
// for it is part of the same call.
type inCall struct{}

// underWay reports whether a command is part of a call that was let through already.
func underWay(ctx context.Context) bool { return ctx.Value(inCall{}) != nil }

// bound gives a command its time.
func (p passing) bound(ctx context.Context, c call) (context.Context, context.CancelFunc) {
	ctx = context.WithValue(ctx, inCall{}, true)
	if p.blocks {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, c.patience)
}
