package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The group bomb: names that nobody knows, each another, from ten thousand addresses. It
// shows that inventing names costs whoever sends them more than it costs the server: a name
// that nobody has confirmed must not stay in Redis or in memory.
const (
	bombNames  = 1_000_000
	bombRedis  = 16.0 // MB that Redis may grow by
	bombMemory = 64.0 // MB that the process may grow by
	// between two reports of the known site
	bombEvery = 20 * time.Millisecond
	bombKnown = "bbc.co.uk"
	// for the server to start
	bombReady = 20 * time.Second
	// between two looks at memory
	bombSample = 100 * time.Millisecond
	// of load before the first invented name
	bombWarm = 5 * time.Second
)

// measureBomb sends a million invented names to a whole server over HTTP, while people
// go on to report a site that is known. The names must also not keep the reports of
// people from counting, which is what an attacker would want.
func measureBomb(ctx context.Context, _ options, log io.Writer) ([]figure, error) {
	fmt.Fprintf(log, "bomb: %d invented names, 256 connections, 10000 addresses\n", bombNames)
	b, err := bomb(ctx, bombNames)
	if err != nil {
		return nil, err
	}
	detail := map[string]any{"names": bombNames, "seconds": b.took.Seconds(),
		"redis_mb": []float64{b.redisBefore, b.redisAfter},
		"rss_mb":   []float64{b.memoryIdle, b.memoryBefore, b.memoryMost}, "known_reports": b.known,
		"known_slowest_ms": b.slowest.Seconds() * 1e3}
	row := func(name string, value, target float64, better, unit, limit string) figure {
		return figure{Name: "bomb." + name, Value: value, Target: target, Better: better,
			OK: meets(value, target, better), Unit: unit, Limit: limit, Runs: 1, Detail: detail}
	}
	return []figure{
		row("redis", b.redisAfter-b.redisBefore, bombRedis, lower, "MB that Redis grew by",
			"used_memory before the first name"),
		row("memory", b.memoryMost-b.memoryBefore, bombMemory, lower, "MB that the process grew by at most",
			"the most that it held while the same connections reported known sites"),
		row("known", float64(b.counted)/float64(b.known), 1, higher, "of the reports of a known site counted meanwhile",
			"all of them"),
	}, nil
}

// bombed is what came of the attack; memory in MB.
type bombed struct {
	redisBefore, redisAfter float64
	memoryIdle              float64 // before anybody asked
	// at most, while known sites are reported as fast as it goes, and while the names came
	memoryBefore, memoryMost float64
	known, counted, busy     int // reports of a known site; busy: refused with 503, to be sent again
	slowest                  time.Duration
	took                     time.Duration
}

// bomb starts the whole program beside a Redis of its own and sends it n names. The result is
// void unless every one of them was taken, and none counted: a server that refuses them would
// show no growth either.
func bomb(ctx context.Context, n uint64) (b bombed, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dir, err := os.MkdirTemp("", "faultline-bench-bomb")
	if err != nil {
		return b, err
	}
	defer os.RemoveAll(dir)
	redis, err := startRedis(ctx, "everysec")
	if err != nil {
		return b, err
	}
	defer redis.stop()
	server, addr, err := startWhole(ctx, dir, redis.url)
	if err != nil {
		return b, err
	}
	defer func() { _ = server.Process.Kill(); _ = server.Wait() }()
	pid := server.Process.Pid
	if b.memoryIdle, err = residentMB(pid); err != nil {
		return b, err
	}
	if b.memoryBefore, err = underKnown(ctx, addr, pid); err != nil {
		return b, err
	}
	if b.redisBefore, err = redisMB(ctx, redis); err != nil {
		return b, err
	}
	others, stop := context.WithCancel(ctx)
	var wait sync.WaitGroup
	wait.Go(func() { b.memoryMost = mostMemory(others, pid) })
	var failed error
	wait.Go(func() { failed = b.report(others, addr) })
	l := &load{addr: addr, most: n,
		name: func(k uint64) string { return "invented" + strconv.FormatUint(k, 36) + ".com" }}
	got, err := l.run(ctx, time.Hour)
	stop()
	wait.Wait()
	if err = errors.Join(err, failed); err != nil {
		return b, err
	}
	if got.other > 0 || got.counted > 0 || got.accepted != int64(n) {
		return b, fmt.Errorf("void: of %d names %d were taken, %d counted, %d answered otherwise", n, got.accepted,
			got.counted, got.other)
	}
	b.took = got.took
	b.redisAfter, err = redisMB(ctx, redis)
	return b, err
}

// underKnown loads the server with reports of known sites, over as many connections,
// and returns the most that it then held: what connections and the garbage of requests
// take is not the names' doing. Without it, the memory of 256 connections would be
// taken for that of the names.
func underKnown(ctx context.Context, addr string, pid int) (most float64, err error) {
	watched, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); most = mostMemory(watched, pid) }()
	_, err = (&load{addr: addr, sites: []string{bombKnown}}).run(ctx, bombWarm)
	stop()
	<-done
	return most, err
}

// startWhole builds and starts serve, as anybody runs it but for the proxy that tells
// it who asks and limits that let all of it in. The port is found by listening on it
// first and closing that, which can be taken by somebody else meanwhile; the wait for
// readiness then ends in an error. It is the program itself and not its parts, because
// the memory that is measured is the process's.
func startWhole(ctx context.Context, dir, redisURL string) (*exec.Cmd, string, error) {
	bin, err := buildFaultline(ctx, dir)
	if err != nil {
		return nil, "", err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	addr := l.Addr().String()
	l.Close()
	cmd := exec.CommandContext(ctx, bin, "serve", "--listen", addr, "--redis-url", redisURL, "--state-dir",
		filepath.Join(dir, "state"),
		"--role", "serve", "--trusted-proxies", "127.0.0.1", "--person-limit", "1000000", "--prefix-limit", "1000000",
		"--log-level", "error")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	for end := time.Now().Add(bombReady); time.Now().Before(end); {
		if r, err := http.Get("http://" + addr + "/readyz/write"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return cmd, addr, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, "", ctx.Err()
		case <-time.After(bombSample):
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return nil, "", fmt.Errorf("serve is not ready after %s", bombReady)
}

// report reports the known site, each time as somebody else, until ctx ends. It stands for
// the people who go on to report a true outage while the server is attacked.
func (b *bombed) report(ctx context.Context, addr string) error {
	tick := time.NewTicker(bombEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		r, err := http.NewRequest(http.MethodPost, "http://"+addr+"/v1/reports",
			strings.NewReader(`{"site":"`+bombKnown+`"}`))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("11.%d.%d.1", b.known>>8&255, b.known&255))
		began := time.Now()
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		var answer struct{ Counted, Durable bool }
		err = json.NewDecoder(res.Body).Decode(&answer)
		res.Body.Close()
		b.known++
		b.slowest = max(b.slowest, time.Since(began))
		switch {
		case res.StatusCode == http.StatusServiceUnavailable:
			b.busy++
		case err == nil && res.StatusCode == http.StatusAccepted && answer.Counted && answer.Durable:
			b.counted++
		}
	}
}

// mostMemory is the most that a process held until ctx ended. It samples ten times a second,
// so a shorter peak may be missed.
func mostMemory(ctx context.Context, pid int) (most float64) {
	tick := time.NewTicker(bombSample)
	defer tick.Stop()
	for {
		if mb, err := residentMB(pid); err == nil {
			most = max(most, mb)
		}
		select {
		case <-ctx.Done():
			return most
		case <-tick.C:
		}
	}
}

// residentMB is what a process holds of the machine's memory, the second field of
// /proc/PID/statm (proc(5)), in MiB. It exists on Linux only, as this group does.
func residentMB(pid int) (float64, error) {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, fmt.Errorf("the memory of a process is read from /proc, on Linux alone: %w", err)
	}
	var size, pages float64
	if _, err := fmt.Sscan(string(statm), &size, &pages); err != nil {
		return 0, err
	}
	return pages * float64(os.Getpagesize()) / (1 << 20), nil
}

// redisMB is the memory that Redis uses, in MiB.
func redisMB(ctx context.Context, r *redisChild) (float64, error) {
	n, err := r.usedMemory(ctx)
	return float64(n) / (1 << 20), err
}
