package redisd

import (
	"bufio"
	"context"
	"errors"
	"faultline/task"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// How long things may take. Loading data has no limit, since a large log takes minutes;
// only silence has.
const (
	startLimit  = 30 * time.Second // to answer anything, be it that the data are loading
	stopLimit   = 1500 * time.Millisecond
	poll        = 20 * time.Millisecond
	adoptedPoll = 200 * time.Millisecond // whether an adopted one is still alive
	backoffMin  = 100 * time.Millisecond
	backoffMax  = 5 * time.Second
	answer      = 250 * time.Millisecond
)

// Server is a redis-server on a unix socket, with its data in the state directory
// and every write on disk before it is answered. The child holds the lock file for as
// long as it lives, even past the end of this process: whoever gets that lock may
// start a server, and whoever does not adopts the one that is there.
type Server struct {
	bin      string
	dir      string // its data
	socket   string
	lock     string
	log      *slog.Logger
	restarts prometheus.Counter
	// stays says that one which can't be started is tried again: somebody serves already.
	stays atomic.Bool
}

// New prepares the server of a state directory, which must exist. The metric of its
// restarts goes to reg; nil: nowhere.
func New(bin, stateDir string, log *slog.Logger, reg prometheus.Registerer) (*Server, error) {
	dir := filepath.Join(stateDir, "redis")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of the private Redis: %w", err)
	}
	socket, err := socketPath(dir, os.TempDir())
	if err != nil {
		return nil, err
	}
	p := &Server{bin: bin, dir: dir, socket: socket, lock: filepath.Join(dir, "redis.lock"), log: log,
		restarts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "faultline_redis_restarts_total",
			Help: "Times that the private redis-server had to be started again.",
		})}
	if reg != nil {
		if err := reg.Register(p.restarts); err != nil {
			return nil, fmt.Errorf("register metrics of the private Redis: %w", err)
		}
	}
	return p, nil
}

// URL is what clients of this Redis connect to.
func (p *Server) URL() string { return "unix://" + p.socket }

// Run keeps a server alive until ctx ends, then stops it. It calls up once, when
// the first one has loaded its data; when the first one can't be started it returns why.
func (p *Server) Run(ctx context.Context, up func()) error {
	answered, backoff := false, backoffMin
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
			return nil //nolint:nilerr // it was stopped: how it ended says nothing
		}
		if !answered && err != nil && !p.stays.Load() {
			return fmt.Errorf("start the private Redis: %w", err)
		}
		if answered || p.stays.Load() {
			p.restarts.Inc()
			p.log.Warn("the private Redis is gone and is started again", "error", err, "lived",
				time.Since(began).String())
		}
		if time.Since(began) > backoffMax {
			backoff = backoffMin
		}
		if !task.Pause(ctx, backoff) {
			return nil
		}
		backoff = min(2*backoff, backoffMax)
	}
}

// once runs one Redis, or adopts the one that is alive, until it ends. Who holds the
// lock decides which, so two processes on one state directory never start two servers.
func (p *Server) once(ctx context.Context, up func()) error {
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
func (p *Server) adopt(ctx context.Context, up func()) error {
	reported, began, poll := false, time.Now(), poll
	for task.Pause(ctx, poll) {
		if lock, err := lockFile(p.lock); err == nil {
			lock.Close()
			return nil // it is gone
		}
		if !reported {
			switch err := p.ping(ctx); {
			case err == nil:
				reported, poll = true, adoptedPoll
				p.log.Info("adopted the private Redis of an earlier process", "socket", p.socket)
				up()
			case errors.As(err, &busyError{}):
				began = time.Now()
			}
		}
		if !reported && time.Since(began) > startLimit {
			return fmt.Errorf("a redis-server holds %s but does not answer on %s", p.lock, p.socket)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	_, _ = p.ask(last, "SHUTDOWN") // it answers nothing: the connection just ends
	return nil
}

// waitReady returns once Redis has loaded its data, however long that takes, or when ctx
// ends. A Redis that answers nothing at all is given up.
func (p *Server) waitReady(ctx context.Context, silence time.Duration) error {
	answered := time.Now()
	for {
		err := p.ping(ctx)
		if err == nil {
			return nil
		}
		if errors.As(err, &busyError{}) {
			answered = time.Now()
		}
		if time.Since(answered) > silence {
			return fmt.Errorf("it answered nothing for %s", silence)
		}
		if !task.Pause(ctx, poll) {
			return ctx.Err()
		}
	}
}

// busyError is the answer of a Redis that lives and cannot be used yet. It is told
// apart from silence, because waiting helps.
type busyError struct{ said string }

func (e busyError) Error() string { return e.said }

// ping asks whether Redis answers and has loaded its data.
func (p *Server) ping(ctx context.Context) error {
	answer, err := p.ask(ctx, "PING")
	if err == nil && answer != "+PONG" {
		return busyError{answer} // it is loading its data
	}
	return err
}

// ask sends one command without arguments and returns the line that answers. It speaks
// the protocol itself (inline commands), because a client with a pool would hide how
// the one server does.
func (p *Server) ask(ctx context.Context, command string) (string, error) {
	dialer := net.Dialer{Timeout: answer}
	conn, err := dialer.DialContext(ctx, "unix", p.socket)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(answer)); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line), err
}
