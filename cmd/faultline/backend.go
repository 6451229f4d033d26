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

// archiveDir is where incidents of long ago are, in the state directory.
const archiveDir = "archive"

// snapshotFile is what readers see, written down in the state directory.
const snapshotFile = "snapshot.json.gz"

// dumpsDir is where the days of open data are, in the state directory.
const dumpsDir = "dumps"

// backend is the Redis that holds the log, whoever runs it.
type backend struct {
	url     string
	durable bool   // what it answered outlives this process
	stop    func() // ends what is ours; the last thing a command does
}

// openBackend finds the Redis of the log: the one that is named, else a private
// redis-server, else one inside the process.
func openBackend(ctx context.Context, f redisFlags, patience redisd.Patience, log *slog.Logger,
	reg prometheus.Registerer) (*backend, error) {
	if f.RedisURL != "" {
		return &backend{url: f.RedisURL, durable: true, stop: func() {}}, nil
	}
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
