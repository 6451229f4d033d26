package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"faultline"
	"faultline/store/storetest"
)

const (
	envChildURL     = "FAULTLINE_STORE_TEST_LEADER" // makes the test binary a leader
	envChildUnsafe  = "FAULTLINE_STORE_TEST_UNFENCED"
	pausedTTL       = time.Second
	pausedBurst     = 50 // writes of the child between two looks at its lease
	pausedWriter    = 1  // the child's, in the log
	pausedSuccessor = 2
	sayInFlight     = "in flight"
	sayDeposed      = "deposed"
	pausedAttempts  = 10 // at a round, on a machine too slow for a lease of a second
)

// leadUntilDeposed is what the child does: it renews its lease, and as long as
// the last renewal said yes it believes that it leads, and writes. That is the
// mistake that the fence is there for: between the look and the write, the
// process may be stopped for as long as you like.
func leadUntilDeposed(url string) int {
	go func() { // nobody is left to be a child of
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	if os.Getenv(envChildUnsafe) != "" {
		fencePrelude = "local function leads() return true end local NOT_LEADER = ''\n"
	}
	if err := leadOn(url); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(sayDeposed)
	return 0
}

func leadOn(url string) error {
	ctx, now := context.Background(), time.Now()
	s, err := Open(ctx, Config{URL: url})
	if err != nil {
		return err
	}
	l, got, err := s.Acquire(ctx, "a", pausedTTL, now)
	if err != nil || !got {
		return fmt.Errorf("acquire: %t %w", got, err)
	}
	for n := 0; ; {
		leads, err := s.Renew(ctx, "a", l)
		if err != nil || !leads {
			return err
		}
		fmt.Println(sayInFlight)
		for range pausedBurst {
			n++
			_, err := s.AppendFenced(ctx, l, BatchKey{pausedWriter, uint64(n)},
				tickAt(now.Add(time.Duration(n)*time.Second)))
			if err == nil {
				err = s.SaveRevision(ctx, l, incident(1, n))
			}
			if errors.Is(err, faultline.ErrNotLeader) {
				return nil
			}
			if err != nil && !errors.Is(err, faultline.ErrUnavailable) {
				return err
			}
		}
	}
}

// TestPausedLeaderWritesNothing stops a leader in the middle of its writes until
// another leads, and lets it go on: nothing of it arrives. Without the check of
// the fence something does, or the test would prove nothing.
func TestPausedLeaderWritesNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		unsafe bool
		rounds int
	}{{"fenced", false, 4}, {"control without the check", true, 2}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stale := 0
			for range c.rounds {
				stale += pausedRound(t, backend{url: storetest.Start(t), advance: func(time.Duration) {}}.open(t),
					c.unsafe)
			}
			t.Logf("%d rounds, %d stale writes", c.rounds, stale)
			if (stale > 0) != c.unsafe {
				t.Errorf("%d stale writes", stale)
			}
		})
	}
}

// pausedRound returns how many writes of the stopped leader came after its
// successor's fence.
func pausedRound(t *testing.T, f *fixture, unsafe bool) int {
	ctx := t.Context()
	_, err := f.Epoch(ctx, f.now)
	ok(t, err)
	child, says := stopInFlight(t, f, unsafe)
	l := f.succeed(t, "b")
	mark, err := f.AppendFenced(ctx, l, BatchKey{pausedSuccessor, 1}, tickAt(f.now))
	ok(t, err)
	before := lastRevision(t, f)
	ok(t, f.SaveRevision(ctx, l, incident(2, 1)))

	ok(t, child.Process.Signal(syscall.SIGCONT))
	if got := waitFor(says, sayDeposed); got != sayDeposed {
		t.Fatalf("the leader says %q", got)
	}
	stale := lastRevision(t, f) - before
	entries, err := f.writes.XRange(ctx, keyLog, "("+mark.String(), "+").Result()
	ok(t, err)
	for _, e := range entries {
		key, _, err := openBatch(e.Values[batchField].(string))
		ok(t, err)
		if key.Writer == pausedWriter {
			stale++
		}
	}
	return stale
}

// stopInFlight returns a stopped leader that has just looked at its lease.
func stopInFlight(t *testing.T, f *fixture, unsafe bool) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	for range pausedAttempts {
		child, says := startLeader(t, f.url, unsafe)
		if got := waitFor(says, sayInFlight); got != sayInFlight {
			t.Fatalf("the leader says %q", got)
		}
		ok(t, child.Process.Signal(syscall.SIGSTOP))
		held, err := f.writes.Get(t.Context(), keyLease).Result()
		if err == nil && strings.HasSuffix(held, ":a") {
			return child, says
		}
		ok(t, child.Process.Kill())
		f.until(t, "its lease is gone", func() bool { return f.writes.Exists(t.Context(), keyLease).Val() == 0 })
	}
	t.Fatal("this machine is too slow to hold a lease")
	return nil, nil
}

// lastRevision is the last of the child's incident, 0 before the first.
func lastRevision(t *testing.T, f *fixture) int {
	t.Helper()
	inc, err := f.Incident(t.Context(), incident(1, 1).ID, 0)
	if err != nil {
		wantErr(t, err, faultline.ErrNotFound)
	}
	return inc.Revision
}

// waitFor reads on until a line is said, and returns the last that was.
func waitFor(says *bufio.Scanner, line string) string {
	for says.Scan() {
		if says.Text() == line || says.Text() != sayInFlight {
			return says.Text()
		}
	}
	return "nothing more"
}

// startLeader runs this test binary as a leader and returns what it says.
func startLeader(t *testing.T, url string, unsafe bool) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), envChildURL+"="+url)
	if unsafe {
		child.Env = append(child.Env, envChildUnsafe+"=yes")
	}
	child.Stderr = os.Stderr
	leash, err := child.StdinPipe()
	ok(t, err)
	out, err := child.StdoutPipe()
	ok(t, err)
	ok(t, child.Start())
	t.Cleanup(func() {
		_ = child.Process.Kill() // it may have ended by itself; what it said is what counts
		_ = child.Wait()
		leash.Close()
	})
	return child, bufio.NewScanner(out)
}
