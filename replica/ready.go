package replica

import (
	"errors"
	"fmt"
	"time"
)

// progress is what readiness is judged by. It is a value, so that the judgement can be
// tested without a Redis or a clock.
type progress struct {
	Loaded   bool          // the fold has its checkpoint
	Failed   error         // why the fold can't begin; nil: it can
	CaughtUp bool          // it has once come to the end of the log
	Draining bool          // the process is about to end
	Silent   time.Duration // since Redis last answered
	Away     error         // why it did not; nil: it did, or never was asked
	Refused  error         // why it takes no writes; nil: it does
	Leads    time.Duration // since somebody was last seen to lead
	Lag      time.Duration // how long the oldest entry not folded has waited
}

// Bounds of a node that is ready.
const (
	// Bounds of a node that is ready. A load balancer that asks every second or two takes a
	// node out after these: shorter ones would do so for each slow answer of Redis, longer
	// ones would send reports to a node that can't write them down.
	readySilence = 2 * time.Second
	readyLag     = 5 * time.Second
	// readyLeaderless outlasts a take-over, of the lease and of a cluster's server.
	readyLeaderless = 15 * time.Second
)

var (
	// What a node answers that is not ready. Operators see these texts, in /readyz and in logs.
	errDraining = errors.New("draining: the process is about to end")
	errSilent   = errors.New("no answer from Redis")
	errNoLeader = errors.New("no node leads: what is sent is kept, and nobody evaluates it")
)

// unready says why a node should get nothing that is to be written down; nil when it
// should. The first reason that holds is given, in the order in which a person would have
// to act on them: a fold behind the log is no news while Redis is away.
func unready(p progress) error {
	switch {
	case p.Draining:
		return errDraining
	case p.Silent > readySilence && p.Away != nil:
		return fmt.Errorf("%w: %w", errSilent, p.Away)
	case p.Silent > readySilence:
		return errSilent
	case p.Refused != nil:
		return fmt.Errorf("Redis takes no writes: %w", p.Refused)
	case p.Failed != nil:
		return fmt.Errorf("the fold can't begin: %w", p.Failed)
	case !p.Loaded:
		return errors.New("the checkpoint is not loaded yet")
	case !p.CaughtUp:
		return errors.New("the fold has not reached the end of the log yet")
	case p.Lag >= readyLag:
		return errors.New("the fold is " + p.Lag.Round(time.Second).String() + " behind the log")
	case p.Leads > readyLeaderless:
		return errNoLeader
	}
	return nil
}
