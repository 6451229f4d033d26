package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"

	"github.com/prometheus/client_golang/prometheus"

	"faultline/store"
	"faultline/store/redisd"
)

// archiveDir is the directory of incidents of long ago, below the state directory. backup,
// dump and doctor read it too, so its name is in one place.
const archiveDir = "archive"

// snapshotFile holds what readers saw last, below the state directory. A node that starts
// while Redis is away answers from it.
const snapshotFile = "snapshot.json.gz"

// dumpsDir is the directory of the days of open data, below the state directory.
const dumpsDir = "dumps"

// backend is the Redis that holds the log, whoever runs it. A command opens one with
// openBackend and calls stop last, after everything that writes to it has ended.
type backend struct {
	url     string
	durable bool   // what it answered outlives this process
	stop    func() // ends what is ours; the last thing a command does
}

// openBackend finds the Redis of the log: the one that is named, else a private redis-server
// on the state directory, else a server inside the process. The last keeps nothing, which a
// warning says: it is for a first try on a machine without Redis. patience says how long the
// private server may take to load its files. A state directory that cannot be used is a
// mistake of the caller and ends the command with code 2.
func openBackend(ctx context.Context, f redisFlags, patience redisd.Patience, log *slog.Logger,
	reg prometheus.Registerer) (*backend, error) {
	if f.RedisURL != "" {
		return &backend{url: f.RedisURL, durable: true, stop: func() {}}, nil
	}
	// The order is: what was named, what is installed, what needs nothing.
	if bin, err := exec.LookPath("redis-server"); err == nil {
		running, err := redisd.Start(ctx, bin, f.StateDir, patience, log, reg)
		if unusable := (*redisd.StateDirError)(nil); errors.As(err, &unusable) {
			return nil, usageError{fmt.Errorf("--state-dir: %w", err)}
		}
		if err != nil {
			return nil, err
		}
		return &backend{url: running.URL, durable: true, stop: running.Stop}, nil
	}
	url, stop, err := redisd.StartMemory()
	if err != nil {
		return nil, err
	}
	log.Warn(
		"no FAULTLINE_REDIS_URL and no redis-server on the PATH: everything is kept in memory and nothing outlives " +
			"this process")
	return &backend{url: url, durable: false, stop: stop}, nil
}

// checkRedisURL refuses what cannot be an address of Redis before anything is started. It
// opens no connection: a Redis that is away is no mistake of the caller.
func checkRedisURL(url string) error {
	if url == "" {
		return nil
	}
	if _, err := store.ParseURL(url); err != nil {
		return usageError{fmt.Errorf("--redis-url: %w", err)}
	}
	return nil
}
