package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"faultline/store"
)

// backend is the Redis that holds the log, whoever runs it.
type backend struct {
	url     string
	durable bool   // what it answered outlives this process
	stop    func() // ends what is ours; the last thing a command does
}

// errInUse: a serve runs on this state directory.
var errInUse = errors.New("another serve uses this directory for its private Redis")

// openBackend finds the Redis of the log: the one that is named, else a private
// redis-server, else one inside the process.
func openBackend(ctx context.Context, f redisFlags, log *slog.Logger, reg prometheus.Registerer) (*backend, error) {
	if f.RedisURL != "" {
		return &backend{url: f.RedisURL, durable: true, stop: func() {}}, nil
	}
	if bin, err := exec.LookPath("redis-server"); err == nil {
		return openPrivate(ctx, bin, f.StateDir, log, reg)
	}
	mini, url, err := startMini()
	if err != nil {
		return nil, err
	}
	log.Warn("no FAULTLINE_REDIS_URL and no redis-server on the PATH: everything is kept in memory and nothing outlives this process")
	return &backend{url: url, durable: false, stop: mini.Close}, nil
}

// openPrivate runs a redis-server on the state directory, which no other serve
// may use meanwhile, and returns when it answers.
func openPrivate(ctx context.Context, bin, stateDir string, log *slog.Logger, reg prometheus.Registerer) (*backend, error) {
	if err := os.MkdirAll(stateDir, 0o700); err != nil {
		return nil, usageError{fmt.Errorf("--state-dir: %w", err)}
	}
	lock, err := lockFile(filepath.Join(stateDir, "serve.lock"))
	if errors.Is(err, errLocked) {
		return nil, usageError{fmt.Errorf("--state-dir: %s: %w", stateDir, errInUse)}
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("--state-dir: %w", err)}
	}
	p, err := newPrivateRedis(bin, stateDir, log, reg)
	if err != nil {
		lock.Close()
		return nil, err
	}
	// It must outlive whatever ends ctx: the last writes of a drain go there.
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	up, ended := make(chan struct{}), make(chan struct{})
	var failure error // read once ended is closed
	go func() {
		defer close(ended)
		failure = p.Run(running, func() { close(up) })
	}()
	stop := func() { cancel(); <-ended; lock.Close() }
	select {
	case <-up:
		log.Info("private Redis runs", "socket", p.socket, "data", p.dir)
		return &backend{url: p.URL(), durable: true, stop: stop}, nil
	case <-ended:
		stop()
		return nil, failure
	case <-ctx.Done():
		stop()
		return nil, ctx.Err()
	}
}

// joinPrivate uses the private Redis that a running serve keeps on the state
// directory, without a say in how long it lives.
func joinPrivate(stateDir string) (*backend, error) {
	socket, err := socketPath(filepath.Join(stateDir, "redis"), os.TempDir())
	if err != nil {
		return nil, err
	}
	return &backend{url: "unix://" + socket, durable: true, stop: func() {}}, nil
}

// checkRedisURL refuses what can't be an address before anything is started.
func checkRedisURL(url string) error {
	if url == "" {
		return nil
	}
	if _, err := store.ParseURL(url); err != nil {
		return usageError{fmt.Errorf("--redis-url: %w", err)}
	}
	return nil
}
