package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/pace"
	"faultline/store/storetest"
)

// span is a clock that a test moves.
type span struct{ at time.Duration }

func (s *span) elapsed() time.Duration { return s.at }

// ask sends one command that takes that long and ends so.
func (s *span) ask(l *line, write bool, took time.Duration, err error) error {
	c, refused := l.begin(write, false)
	if refused != nil {
		return refused
	}
	s.at += took
	l.end(c, err, true)
	return err
}

// A Redis that falls silent costs each command its patience for the first second. After
// that commands fail at once, but for reads that try; the first answer ends it.
func TestASilentRedisIsAskedOnlyNowAndThen(t *testing.T) {
	s := &span{}
	l := newLine(ioTimeout, s.elapsed)
	ok(t, s.ask(l, true, time.Millisecond, nil))
	began := s.at
	for s.at-began < silentAfter {
		wantErr(t, s.ask(l, true, l.Patience(), context.DeadlineExceeded), context.DeadlineExceeded)
	}
	equal(t, l.Silent(), true)

	_ = s.ask(l, false, l.Patience(), context.DeadlineExceeded) // it tries, in vain
	before := s.at
	for range 100 {
		wantErr(t, s.ask(l, true, time.Hour, nil), faultline.ErrSilent)
	}
	equal(t, s.at, before)
	wantErr(t, faultline.ErrSilent, faultline.ErrUnavailable)

	s.at += tryEvery
	ok(t, s.ask(l, false, time.Millisecond, nil))
	equal(t, l.Silent(), false)
	ok(t, s.ask(l, true, time.Millisecond, nil))
}

// Two commands never try at one time, and where nobody reads a write tries.
func TestOneCommandTriesWhetherRedisAnswers(t *testing.T) {
	s := &span{}
	l := newLine(ioTimeout, s.elapsed)
	s.at = time.Second
	for range 3 {
		_ = s.ask(l, true, time.Second, context.DeadlineExceeded)
	}
	c, err := l.begin(false, false)
	if err == nil {
		_, second := l.begin(false, false)
		wantErr(t, second, faultline.ErrSilent)
		l.end(c, context.DeadlineExceeded, true)
	}
	s.at += writeTryAfter
	ok(t, s.ask(l, true, time.Millisecond, nil))
}

// That a caller stops waiting, that a command waits in Redis, and that nothing was asked
// for long, is no silence.
func TestSilenceIsRedisOwn(t *testing.T) {
	s := &span{}
	l := newLine(ioTimeout, s.elapsed)
	ok(t, s.ask(l, false, time.Millisecond, nil))
	_ = s.ask(l, false, time.Millisecond, context.Canceled)
	_ = s.ask(l, false, 50*time.Millisecond, context.DeadlineExceeded) // of its caller
	s.at += time.Hour
	ok(t, s.ask(l, true, time.Millisecond, nil))
	waiting, err := l.begin(false, true)
	ok(t, err)
	s.at += 10 * time.Second
	ok(t, s.ask(l, true, time.Millisecond, nil))
	l.end(waiting, redis.Nil, false)
	equal(t, l.Silent(), false)
	equal(t, answered(errors.New("connection refused")), false)
}

// What a command is given follows the measured round trip, within bounds.
func TestPatienceFollowsTheRoundTrip(t *testing.T) {
	s := &span{}
	l := newLine(ioTimeout, s.elapsed)
	equal(t, l.Patience(), patienceUnmeasured)
	for range 50 {
		ok(t, s.ask(l, false, time.Millisecond, nil))
	}
	equal(t, l.Patience(), ioTimeout)
	for range 50 {
		ok(t, s.ask(l, false, 260*time.Millisecond, nil))
	}
	if got := l.Patience(); got < 3*260*time.Millisecond || got > patienceMax {
		t.Errorf("260 ms away a command is given %s", got)
	}
	for range 50 {
		ok(t, s.ask(l, false, 10*time.Second, nil))
	}
	equal(t, l.Patience(), patienceMax)
}

// A Redis whose answers take 260 ms does all that a near one does, and one that moves so
// far away while it is used is found again.
func TestFarRedis(t *testing.T) {
	t.Parallel()
	way, url := storetest.Between(t, storetest.Start(t))
	way.SetRoundTrip(260 * time.Millisecond)
	s, err := Open(t.Context(), Config{URL: url})
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	ctx := t.Context()
	_, err = s.Epoch(ctx, time.UnixMilli(1))
	ok(t, err)
	l, got, err := s.Acquire(ctx, "a", time.Minute, time.UnixMilli(1))
	ok(t, err)
	equal(t, got, true)
	_, err = s.AppendFenced(ctx, l, BatchKey{1, 1}, []faultline.Event{faultline.Tick{At: time.UnixMilli(1).UTC()}})
	ok(t, err)
	batches, err := s.Reader(Cursor{}).Next(ctx, 10*time.Millisecond)
	ok(t, err)
	equal(t, len(batches), 2)

	way.SetRoundTrip(0)
	pace.Eventually(t, "it is near", func() bool { return s.Ping(ctx) == nil && s.RoundTrip() < 20*time.Millisecond })
	way.SetRoundTrip(400 * time.Millisecond)
	pace.Eventually(t, "it is far and answers", func() bool {
		return s.Ping(ctx) == nil && s.RoundTrip() > 50*time.Millisecond
	})
	_, err = s.Append(ctx, BatchKey{2, 1}, []faultline.Event{faultline.Tick{At: time.UnixMilli(2).UTC()}})
	ok(t, err)
}
