package redisd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ErrInUse says that another process runs its private Redis on this state directory.
var ErrInUse = errors.New("another serve uses this directory for its private Redis")

// StateDirError says that a state directory can't be used.
type StateDirError struct{ Err error }

// Error is the text of the cause.
func (e *StateDirError) Error() string { return e.Err.Error() }

// Unwrap is the cause, for [errors.Is].
func (e *StateDirError) Unwrap() error { return e.Err }

// Running is a server that was started by [Start].
type Running struct {
	URL  string // what clients connect to
	Stop func() // ends it and frees the state directory; for the last thing a command does
}

// Patience is how long [Start] waits at most for a Redis that is loading its data: who
// serves answers meanwhile from what it has.
type Patience time.Duration

const (
	// Loaded waits until the data are loaded.
	Loaded Patience = 0
	// Briefly waits no longer than a Redis takes that has little to load.
	Briefly = Patience(2 * time.Second)
)

// over ends when the patience does.
func (p Patience) over() (<-chan time.Time, func()) {
	if p == Loaded {
		return nil, func() {}
	}
	timer := time.NewTimer(time.Duration(p))
	return timer.C, func() { timer.Stop() }
}

// Start runs the redis-server bin on a state directory, which no other process may
// use meanwhile, and returns when it has loaded its data, or when patience is over. It
// goes on when ctx ends: the last writes of a node that ends go there. A directory that
// can't be used is a [StateDirError].
func Start(ctx context.Context, bin, stateDir string, patience Patience, log *slog.Logger,
	reg prometheus.Registerer) (*Running, error) {
	if err := os.MkdirAll(stateDir, 0o700); err != nil {
		return nil, &StateDirError{err}
	}
	lock, err := lockFile(filepath.Join(stateDir, "serve.lock"))
	if errors.Is(err, errLocked) {
		return nil, &StateDirError{fmt.Errorf("%s: %w", stateDir, ErrInUse)}
	}
	if err != nil {
		return nil, &StateDirError{err}
	}
	p, err := New(bin, stateDir, log, reg)
	if err != nil {
		lock.Close()
		return nil, err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	up, ended := make(chan struct{}), make(chan struct{})
	var failure error // read once ended is closed
	go func() {
		defer close(ended)
		failure = p.Run(running, func() { close(up) })
	}()
	stop := func() { cancel(); <-ended; lock.Close() }
	over, free := patience.over()
	defer free()
	select {
	case <-up:
		log.Info("private Redis runs", "socket", p.socket, "data", p.dir)
		return &Running{URL: p.URL(), Stop: stop}, nil
	case <-over:
		p.stays.Store(true)
		select {
		case <-ended: // just now
			stop()
			return nil, failure
		default:
		}
		log.Warn("the private Redis is still loading its data; reads are answered meanwhile", "data", p.dir)
		return &Running{URL: p.URL(), Stop: stop}, nil
	case <-ended:
		stop()
		return nil, failure
	case <-ctx.Done():
		stop()
		return nil, ctx.Err()
	}
}

// URL is the address of the private Redis that another process runs on a state
// directory.
func URL(stateDir string) (string, error) {
	socket, err := socketPath(filepath.Join(stateDir, "redis"), os.TempDir())
	if err != nil {
		return "", err
	}
	return "unix://" + socket, nil
}

// InUse reports whether a redis-server of a state directory is alive.
func InUse(stateDir string) bool {
	lock, err := lockFile(filepath.Join(stateDir, "redis", "redis.lock"))
	if err != nil {
		return errors.Is(err, errLocked)
	}
	lock.Close()
	return false
}
