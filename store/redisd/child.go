package redisd

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// spawn starts a redis-server that inherits the lock and waits until it ends. It calls
// up when the server answers. The child must have the lock itself, because it may
// outlive this process.
func (p *Server) spawn(ctx context.Context, lock *os.File, up func()) error {
	said := &lastLines{log: p.log}
	child, exited, err := p.start(lock, said)
	lock.Close() // the child has its own copy
	if err != nil {
		return err
	}
	loading, cancel := context.WithCancel(ctx)
	defer cancel()
	ready := make(chan error, 1)
	go func() { ready <- p.waitReady(loading, startLimit) }()
	for {
		select {
		case err := <-exited:
			return ended(err, said)
		case err := <-ready:
			if ctx.Err() == nil && err != nil {
				p.stop(child, exited)
				return fmt.Errorf("start redis-server: %w: %s", err, said)
			}
			if err == nil {
				up()
			}
		case <-ctx.Done():
			p.stop(child, exited)
			return nil
		}
	}
}

// ended says how a child ended that nobody had stopped; err is nil when it ended well.
func ended(err error, said *lastLines) error {
	if err == nil {
		return fmt.Errorf("redis-server ended: %s", said)
	}
	return fmt.Errorf("redis-server ended (%w): %s", err, said)
}

// start runs the child, in a process group of its own where the system has such, so
// that a Ctrl-C in the terminal ends this process and not its Redis first. exited
// carries how it ended.
func (p *Server) start(lock *os.File, said *lastLines) (*os.Process, <-chan error, error) {
	//nolint:gosec,noctx // the operator's flag names it; it outlives every context, until stop
	cmd := exec.Command(p.bin, p.args()...)
	cmd.ExtraFiles = []*os.File{lock}
	cmd.SysProcAttr = childAttributes()
	cmd.WaitDelay = time.Second // a rewrite of the log may hold the output open
	cmd.Stdout, cmd.Stderr = said, said
	started, exited := make(chan error, 1), make(chan error, 1)
	go func() {
		// The kernel ends the child when the thread that started it ends, so
		// this thread must live as long as the child does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			exited <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, nil, fmt.Errorf("run %s: %w", p.bin, err)
	}
	return cmd.Process, exited, nil
}

// stop ends a child: it asks first, so that Redis writes what it has, and kills it
// after stopLimit.
func (p *Server) stop(child *os.Process, exited <-chan error) {
	_ = child.Signal(syscall.SIGTERM)
	select {
	case <-exited:
	case <-time.After(stopLimit):
		p.log.Warn("the private Redis did not stop in time and is killed")
		_ = child.Kill()
		<-exited
	}
}

// args are the settings of the child: on this socket only, every write on disk before
// its answer, no dumps beside the append-only file, and no eviction, since an evicted
// key would be lost data.
func (p *Server) args() []string {
	return []string{
		"--port", "0", "--unixsocket", p.socket, "--unixsocketperm", "700",
		"--dir", p.dir, "--appendonly", "yes", "--appendfsync", "always", "--save", "",
		"--daemonize", "no", "--logfile", "", "--maxmemory-policy", "noeviction",
	}
}

// keptLines is how many of the last lines of a redis-server are kept; they say why it
// ended.
const keptLines = 4

// lastLines hands what a child prints to the debug log and keeps its end.
type lastLines struct {
	log  *slog.Logger
	mu   sync.Mutex
	kept []string
}

// Write takes what the child prints, by lines.
func (l *lastLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range bytes.Lines(b) {
		text := strings.TrimSpace(string(line))
		if text == "" {
			continue
		}
		l.log.Debug("redis-server", "said", text)
		l.kept = append(l.kept, text)
	}
	l.kept = l.kept[max(0, len(l.kept)-keptLines):]
	return len(b), nil
}

// String is the end of it, in one line.
func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.kept, " / ")
}
