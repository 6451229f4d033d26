package replica

import (
	"log/slog"
	"time"
)

// latest hands values from one goroutine to another. A reader that is late finds only the
// newest: a view that is a second old is of no use once there is a newer one.
type latest[T any] struct{ slot chan T }

func newLatest[T any]() *latest[T] { return &latest[T]{slot: make(chan T, 1)} }

// Put replaces the value that nobody has taken yet, and never waits. One goroutine alone
// may call it: with two the slot could be full again before the value is put.
func (l *latest[T]) Put(v T) {
	select {
	case <-l.slot:
	default:
	}
	l.slot <- v
}

// Get carries the newest value.
func (l *latest[T]) Get() <-chan T { return l.slot }

// outage logs something that fails again and again in two lines: when that began and when
// it was over. A line for each attempt would bury everything else while Redis restarts. One
// goroutine owns it. The zero value is ready for use.
type outage struct{ since time.Time }

// Began notes a failure.
func (o *outage) Began(log *slog.Logger, now time.Time, err error) {
	if o.since.IsZero() {
		o.since = now
		log.Warn("Redis is away; trying again", "error", err)
	}
}

// Over notes a success.
func (o *outage) Over(log *slog.Logger, now time.Time) {
	if !o.since.IsZero() {
		log.Info("Redis is back", "after", now.Sub(o.since).String())
		o.since = time.Time{}
	}
}
