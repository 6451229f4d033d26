package storetest

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Way stands between a client and a Redis that [Start] started. It can make the way
// long, and it can fall silent: it then takes what is sent, and nothing arrives. Tests
// so find out what nodes do when Redis is far away, hangs, or is another one all of a
// sudden.
type Way struct {
	mu       sync.Mutex
	upstream string        // path of a socket
	turned   chan struct{} // closed when another upstream takes its place
	delay    time.Duration // of what goes one way
	silent   chan struct{} // closed when it ends; nil: it is not silent
	ended    chan struct{} // closed with the test
}

// wayChunk is how much the way carries at once, wayBuffer how many such are under way.
const (
	wayChunk  = 32 << 10
	wayBuffer = 1 << 10
)

// Between opens a way to the Redis at url, and returns the URL that goes by it.
func Between(t testing.TB, url string) (*Way, string) {
	t.Helper()
	w := &Way{upstream: strings.TrimPrefix(url, "unix://"), turned: make(chan struct{}),
		ended: make(chan struct{})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); close(w.ended) })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go w.carry(near)
		}
	}()
	return w, "redis://" + l.Addr().String()
}

// SetRoundTrip says how long an answer takes at least, from now on.
func (w *Way) SetRoundTrip(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delay = d / 2
}

// Silence holds everything back until it is ended.
func (w *Way) Silence() (end func()) {
	silent := make(chan struct{})
	w.mu.Lock()
	w.silent = silent
	w.mu.Unlock()
	return sync.OnceFunc(func() {
		w.mu.Lock()
		w.silent = nil
		w.mu.Unlock()
		close(silent)
	})
}

// carry joins a client to Redis until one of them goes.
func (w *Way) carry(near net.Conn) {
	defer near.Close()
	w.mu.Lock()
	upstream, turned := w.upstream, w.turned
	w.mu.Unlock()
	far, err := net.Dial("unix", upstream)
	if err != nil {
		return
	}
	defer far.Close()
	gone := make(chan struct{}, 2)
	go func() { w.pump(far, near); gone <- struct{}{} }()
	go func() { w.pump(near, far); gone <- struct{}{} }()
	select {
	case <-gone:
	case <-turned:
	case <-w.ended:
	}
}

// Turn leads to another Redis from now on, as a failover does: connections to the one
// before are cut.
func (w *Way) Turn(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.upstream = strings.TrimPrefix(url, "unix://")
	close(w.turned)
	w.turned = make(chan struct{})
}

// parcel is what was read, and when it is to arrive.
type parcel struct {
	bytes []byte
	due   time.Time
}

// pump carries what one side sends to the other, after the delay.
func (w *Way) pump(to io.Writer, from io.Reader) {
	parcels := make(chan parcel, wayBuffer)
	go func() {
		defer close(parcels)
		for {
			b := make([]byte, wayChunk)
			n, err := from.Read(b)
			if err != nil {
				return
			}
			w.mu.Lock()
			due := time.Now().Add(w.delay)
			w.mu.Unlock()
			select {
			case parcels <- parcel{b[:n], due}:
			case <-w.ended:
				return
			}
		}
	}()
	for p := range parcels {
		if !w.pass(p) {
			return
		}
		if _, err := to.Write(p.bytes); err != nil {
			return
		}
	}
}

// pass waits until a parcel may arrive.
func (w *Way) pass(p parcel) bool {
	timer := time.NewTimer(time.Until(p.due))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.ended:
		return false
	}
	w.mu.Lock()
	silent := w.silent
	w.mu.Unlock()
	if silent == nil {
		return true
	}
	select {
	case <-silent:
		return true
	case <-w.ended:
		return false
	}
}
