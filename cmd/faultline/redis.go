package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	redisStartLimit  = 30 * time.Second // to load the append-only file and answer
	redisStopLimit   = 1500 * time.Millisecond
	redisPoll        = 20 * time.Millisecond
	redisAdoptedPoll = 200 * time.Millisecond // whether an adopted one is still alive
	redisBackoffMin  = 100 * time.Millisecond
	redisBackoffMax  = 5 * time.Second
	redisAnswer      = 250 * time.Millisecond
)

// privateRedis is a redis-server of our own on a unix socket, with its data in
// the state directory and every write on disk before it is answered. It holds
// the lock file for as long as it lives, even past our own end: whoever gets
// that lock may start one, and who does not adopts the one that is there.
type privateRedis struct {
	bin      string
	dir      string // its data
	socket   string
	lock     string
	log      *slog.Logger
	restarts prometheus.Counter
}

func newPrivateRedis(bin, stateDir string, log *slog.Logger, reg prometheus.Registerer) (*privateRedis, error) {
	dir := filepath.Join(stateDir, "redis")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of the private Redis: %w", err)
	}
	socket, err := socketPath(dir, os.TempDir())
	if err != nil {
		return nil, err
	}
	p := &privateRedis{bin: bin, dir: dir, socket: socket, lock: filepath.Join(dir, "redis.lock"), log: log,
		restarts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "faultline_redis_restarts_total", Help: "Times that the private redis-server had to be started again.",
		})}
	if reg != nil {
		if err := reg.Register(p.restarts); err != nil {
			return nil, fmt.Errorf("register metrics of the private Redis: %w", err)
		}
	}
	return p, nil
}

// URL is what clients of this Redis connect to.
func (p *privateRedis) URL() string { return "unix://" + p.socket }

// Run keeps a Redis alive until ctx ends, then stops it. It calls up once, when
// the first one answers; when the first one can't be started it returns why.
func (p *privateRedis) Run(ctx context.Context, up func()) error {
	answered, backoff := false, redisBackoffMin
	first := func() {
		if !answered {
			answered = true
			up()
		}
	}
	for {
		began := time.Now()
		err := p.once(ctx, first)
		if ctx.Err() != nil {
			return nil
		}
		if !answered && err != nil {
			return fmt.Errorf("start the private Redis: %w", err)
		}
		if answered {
			p.restarts.Inc()
			p.log.Warn("the private Redis is gone and is started again", "error", err, "lived", time.Since(began).String())
		}
		if time.Since(began) > redisBackoffMax {
			backoff = redisBackoffMin
		}
		if !pause(ctx, backoff) {
			return nil
		}
		backoff = min(2*backoff, redisBackoffMax)
	}
}

// once runs one Redis, or adopts the one that is alive, until it ends.
func (p *privateRedis) once(ctx context.Context, up func()) error {
	lock, err := lockFile(p.lock)
	if errors.Is(err, errLocked) {
		return p.adopt(ctx, up)
	}
	if err != nil {
		return err
	}
	return p.spawn(ctx, lock, up)
}

// adopt uses a Redis that an earlier process has left behind, until it ends.
func (p *privateRedis) adopt(ctx context.Context, up func()) error {
	reported, began, poll := false, time.Now(), redisPoll
	for pause(ctx, poll) {
		if lock, err := lockFile(p.lock); err == nil {
			lock.Close()
			return nil // it is gone
		}
		if !reported && p.ping(ctx) == nil {
			reported, poll = true, redisAdoptedPoll
			p.log.Info("adopted the private Redis of an earlier process", "socket", p.socket)
			up()
		}
		if !reported && time.Since(began) > redisStartLimit {
			return fmt.Errorf("a redis-server holds %s but does not answer on %s", p.lock, p.socket)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), redisStopLimit)
	defer cancel()
	_, _ = p.ask(last, "SHUTDOWN") // it answers nothing: the connection just ends
	return nil
}

// waitReady returns once Redis answers, or when ctx ends.
func (p *privateRedis) waitReady(ctx context.Context) error {
	for p.ping(ctx) != nil {
		if !pause(ctx, redisPoll) {
			return ctx.Err()
		}
	}
	return nil
}

func (p *privateRedis) ping(ctx context.Context) error {
	answer, err := p.ask(ctx, "PING")
	if err == nil && answer != "+PONG" {
		return errors.New(answer) // it is loading its data
	}
	return err
}

// ask sends one command that has no arguments and returns the line that answers.
func (p *privateRedis) ask(ctx context.Context, command string) (string, error) {
	dialer := net.Dialer{Timeout: redisAnswer}
	conn, err := dialer.DialContext(ctx, "unix", p.socket)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(redisAnswer)); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line), err
}
