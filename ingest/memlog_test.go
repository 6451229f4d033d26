package ingest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"faultline"
)

var errDown = errors.New("connection refused")

// memLog is a Log in memory. With a gate, each append waits for a token first;
// down says how many appends fail before anything is kept, lost how many are
// kept but answered with an error.
type memLog struct {
	gate chan struct{}

	mu         sync.Mutex
	down, lost int
	calls      []call
	events     []faultline.Event
	seqs       map[uint64]bool
}

type call struct {
	writer, seq uint64
	events      []faultline.Event
}

func (l *memLog) Append(ctx context.Context, writer, seq uint64, events []faultline.Event) error {
	l.mu.Lock()
	l.calls = append(l.calls, call{writer, seq, slices.Clone(events)})
	l.mu.Unlock()
	if l.gate != nil {
		select {
		case <-l.gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down > 0 {
		l.down--
		return errDown
	}
	if !l.seqs[seq] {
		if l.seqs == nil {
			l.seqs = make(map[uint64]bool)
		}
		l.seqs[seq] = true
		l.events = append(l.events, events...)
	}
	if l.lost > 0 {
		l.lost--
		return errDown
	}
	return nil
}

func (l *memLog) state() ([]call, []faultline.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.calls), slices.Clone(l.events)
}

func (l *memLog) fail(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = n
}

// dayKeys gives each day a key of its own.
type dayKeys struct {
	mu    sync.Mutex
	asked []string
	err   error
	short bool
}

func (k *dayKeys) DailyKey(_ context.Context, day string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = append(k.asked, day)
	key := make([]byte, 32)
	copy(key, day)
	if k.short {
		key = key[:31]
	}
	return key, k.err
}

// open returns a door that knows two sites and the function that closes it and
// waits for its goroutine. What change does to it is done before that starts. Call it
// within a synctest bubble.
func open(t *testing.T, log Log, keys DailyKeys, change ...func(*Door)) (*Door, func() error) {
	t.Helper()
	d := NewDoor(DoorConfig{
		Log: log, Keys: keys, Names: NewNames("bbc.co.uk", "ft.com"),
		Durable: true, Now: time.Now, Writer: 7,
	})
	for _, c := range change {
		c(d)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- d.Run(ctx) }()
	return d, func() error { cancel(); return <-ran }
}
