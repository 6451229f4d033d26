package redisd

import (
	"context"
	"errors"
	"faultline/pace"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/redis/go-redis/v9"
)

// quiet logs nothing.
var quiet = slog.New(slog.DiscardHandler)

func redisBinary(t *testing.T) string {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatalf(
			"these tests run a real redis-server, and there is none on the PATH: install it (apt install "+
				"redis-server, brew install redis): %v", err)
	}
	return bin
}

// supervised runs a private Redis on dir until the test ends or stop is called.
func supervised(t *testing.T, dir string) (p *Server, stop func()) {
	t.Helper()
	p, err := New(redisBinary(t), dir, quiet, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	up, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- p.Run(ctx, func() { close(up) }) }()
	select {
	case <-up:
	case err := <-ended:
		t.Fatalf("it ended: %v", err)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("it ended badly: %v", err)
		}
	}
	t.Cleanup(stop)
	return p, stop
}

func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "fl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// must sends one inline command to a private Redis.
func must(t *testing.T, p *Server, command string) string {
	t.Helper()
	answer, err := p.ask(t.Context(), command)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return answer
}

func TestPrivateRedisKeepsItsDataOverRestarts(t *testing.T) {
	dir := shortDir(t)
	p, stop := supervised(t, dir)
	if got := must(t, p, "SET k v"); got != "+OK" {
		t.Fatal(got)
	}
	stop()
	if p.ping(t.Context()) == nil {
		t.Fatal("it lives on after it was stopped")
	}
	p, _ = supervised(t, dir)
	if got := must(t, p, "STRLEN k"); got != ":1" {
		t.Errorf("after a restart: %s", got)
	}
}

func TestPrivateRedisIsStartedAgainWhenItDies(t *testing.T) {
	p, _ := supervised(t, shortDir(t))
	must(t, p, "SET k v")
	_, _ = p.ask(t.Context(), "SHUTDOWN") // it answers nothing
	pace.Eventually(t, "a new redis-server answers with the old data", func() bool {
		answer, err := p.ask(t.Context(), "STRLEN k")
		return err == nil && answer == ":1"
	})
	if n := testutil.ToFloat64(p.restarts); n != 1 {
		t.Errorf("%v restarts counted", n)
	}
}

// TestPrivateRedisIsAdopted: the first supervisor stands for a process that was
// killed where the system does not end its children.
func TestPrivateRedisIsAdopted(t *testing.T) {
	dir := shortDir(t)
	orphan, err := New(redisBinary(t), dir, quiet, nil)
	if err != nil {
		t.Fatal(err)
	}
	lock, err := lockFile(orphan.lock)
	if err != nil {
		t.Fatal(err)
	}
	child, exited, err := orphan.start(lock, &lastLines{log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	lock.Close()
	t.Cleanup(func() { child.Kill() })
	p, stop := supervised(t, dir)
	if got := must(t, p, "SET k v"); got != "+OK" {
		t.Fatal(got)
	}
	select {
	case err := <-exited:
		t.Fatalf("the one that was there has ended: %v", err)
	default:
	}
	if err := child.Kill(); err != nil {
		t.Fatal(err)
	}
	<-exited
	pace.Eventually(t, "one of our own follows the adopted one, with its data", func() bool {
		answer, err := p.ask(t.Context(), "STRLEN k")
		return err == nil && answer == ":1"
	})
	stop()
	if p.ping(t.Context()) == nil {
		t.Error("it lives on after it was stopped")
	}
}

func TestPrivateRedisSaysWhyItDoesNotStart(t *testing.T) {
	dir := shortDir(t)
	p, err := New(redisBinary(t), dir, quiet, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "appendonlydir"), []byte("no directory"), 0o600); err != nil {
		t.Fatal(err)
	}
	err = p.Run(t.Context(), func() { t.Error("it answers") })
	if err == nil || !strings.Contains(err.Error(), "appendonlydir") {
		t.Errorf("error is %v", err)
	}
}

func TestTwoServesDoNotShareAStateDirectory(t *testing.T) {
	dir := shortDir(t)
	bin := redisBinary(t)
	first, err := Start(t.Context(), bin, dir, Loaded, quiet, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), bin, dir, Loaded, quiet, nil); !errors.Is(err, ErrInUse) {
		t.Errorf("the second one: %v", err)
	}
	first.Stop()
	second, err := Start(t.Context(), bin, dir, Loaded, quiet, nil)
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	second.Stop()
}

func TestSocketPathIsShortEnough(t *testing.T) {
	temp := shortDir(t)
	if got, err := socketPath("/var/lib/faultline/redis", temp); err != nil ||
		got != "/var/lib/faultline/redis/redis.sock" {
		t.Errorf("%s, %v", got, err)
	}
	long := "/" + strings.Repeat("d/", 60)
	got, err := socketPath(long, temp)
	if err != nil || !strings.HasPrefix(got, temp) || len(got) > socketLimit {
		t.Fatalf("%s, %v", got, err)
	}
	if again, err := socketPath(long, temp); err != nil || again != got {
		t.Errorf("another process finds %s, %v", again, err)
	}
	if err := os.Chmod(filepath.Dir(got), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := socketPath(long, temp); err == nil {
		t.Error("a directory that others may enter is used")
	}
}

func TestMemoryForgetsWhatHasExpired(t *testing.T) {
	url, stop, err := StartMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if !strings.HasPrefix(url, "redis://:") {
		t.Errorf("anybody may use %s", url)
	}
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	if err := client.Set(t.Context(), "k", "v", 50*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	pace.Eventually(t, "the key has expired", func() bool {
		return errors.Is(client.Get(t.Context(), "k").Err(), redis.Nil)
	})
}
