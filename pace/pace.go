package pace

import (
	"context"
	"slices"
	"testing"
	"time"
)

const (
	// Limit is how long a wait may take when its test has no reason for another:
	// it ends a wait that would never end, and is far beyond what one needs.
	Limit = 2 * time.Minute
	// poll is how often a condition is asked for. Conditions are cheap, or cost
	// one request on loopback.
	poll = 5 * time.Millisecond
	// most bounds the factor, so that a test which hangs ends some day even on a
	// machine that has stalled.
	most = 30
	// lot is how many numbers one measurement sorts, and reference how long that
	// took on an idle core of the two-core machine that the limits of our tests
	// were chosen on. The race detector slows it as it slows the tests.
	lot       = 20_000
	reference = 1500 * time.Microsecond
	// rounds is how often a measurement sorts. The mean of several includes what
	// other processes take from us, which the fastest would hide.
	rounds = 8
)

// Factor measures how many times slower than the reference this machine is just
// now, by work of some 12 ms. It is at least 1 and at most 30.
func Factor() float64 {
	numbers := make([]int, lot)
	began := time.Now()
	for range rounds {
		shuffle(numbers)
		slices.Sort(numbers)
	}
	return min(max(float64(time.Since(began))/float64(rounds*reference), 1), most)
}

// shuffle fills numbers with the same disorder each time.
func shuffle(numbers []int) {
	x := uint32(1)
	for i := range numbers {
		x = x*1664525 + 1013904223 // Knuth's linear congruential generator
		numbers[i] = int(x >> 8)
	}
}

// Scale is d, stretched by how slow this machine is just now.
func Scale(d time.Duration) time.Duration { return time.Duration(float64(d) * Factor()) }

// Eventually waits until ok returns true, and ends the test when that takes
// longer than Limit on a machine like this one. What names the condition.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	Within(t, Limit, what, ok)
}

// Within is Eventually with a limit of the caller's, in time of the reference
// machine.
func Within(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	began := time.Now()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	over := Expiry(ctx, limit)
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-over:
			if ok() { // the last question may have been long ago
				return
			}
			t.Fatalf(
				"not within %s (%s stretched by the machine's pace): %s",
				time.Since(began).Round(time.Millisecond),
				limit,
				what,
			)
		}
	}
}

// Context is cancelled when limit has passed, in time of the reference machine,
// and when the test ends.
func Context(t testing.TB, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	over := Expiry(ctx, limit)
	go func() {
		<-over
		cancel()
	}()
	return ctx
}

// Expiry returns a channel that is closed once limit has passed in time of the
// reference machine, or ctx is done. The machine is measured at the start and
// again at the end: when it has become slower meanwhile, the wait goes on.
func Expiry(ctx context.Context, limit time.Duration) <-chan struct{} {
	over := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(over)
		left := limit
		for left > 0 {
			timer := time.NewTimer(left)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return
			}
			left = Scale(limit) - time.Since(began)
		}
	}()
	return over
}
