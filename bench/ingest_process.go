package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// startServer runs this program as one of the servers of the group ingest.
func startServer(ctx context.Context, kind, redisURL string) (*child, error) {
	return startChild(ctx, "the server "+kind, envServer+"="+kind, envRedis+"="+redisURL)
}

// redisChild is a redis-server that a group has for itself, on a socket in a directory of its
// own.
type redisChild struct {
	cmd    *exec.Cmd
	dir    string
	url    string
	client *redis.Client
}

// startRedis runs a redis-server in a directory of its own. fsync is the value of
// appendfsync: with "no" the figures would be those of a cache. Snapshots are off, so that no
// fork falls into a round; memory is never evicted, as Faultline requires.
func startRedis(ctx context.Context, fsync string) (*redisChild, error) {
	dir, err := os.MkdirTemp("", "faultline-bench-redis")
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "s")
	cmd := exec.CommandContext(ctx, "redis-server", "--port", "0", "--unixsocket", socket, "--dir", dir,
		"--appendonly", "yes",
		"--appendfsync", fsync, "--save", "", "--maxmemory-policy", "noeviction")
	if err := cmd.Start(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("start redis-server: %w", err)
	}
	r := &redisChild{cmd: cmd, dir: dir, url: "unix://" + socket,
		client: redis.NewClient(&redis.Options{Network: "unix", Addr: socket, MaxRetries: -1})}
	for range 500 {
		if r.client.Ping(ctx).Err() == nil {
			return r, nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	r.stop()
	return nil, fmt.Errorf("redis-server does not answer on %s", socket)
}

// stop kills it and removes its files: nothing of it is wanted.
func (r *redisChild) stop() {
	_ = r.client.Close()
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	os.RemoveAll(r.dir)
}

// usedMemory is what Redis has allocated, in bytes (used_memory of INFO).
func (r *redisChild) usedMemory(ctx context.Context) (int64, error) {
	info, err := r.client.InfoMap(ctx, "memory").Result()
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(info["Memory"]["used_memory"], 10, 64)
}

// clockTicks is USER_HZ, which Linux fixes for every architecture that Go has.
const clockTicks = 100

// processCPU is the CPU time that a process has used so far, by the operating system's
// accounting: user and system time of all its threads (proc_pid_stat(5)). The name of the
// program may contain spaces and brackets, hence the search for the last bracket.
func processCPU(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("the CPU time of a process is read from /proc, on Linux alone: %w", err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("process %d: %q is no stat", pid, stat)
	}
	var ticks int64
	for _, f := range fields[11:13] { // utime and stime
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / clockTicks, nil
}
