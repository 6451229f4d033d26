package agent

import (
	"net/http"
	"sync"
	"time"
)

// Link carries an agent's requests to its server, and compares the server's clock with
// its own on the way. It is safe for concurrent use. A vantage whose clock is wrong
// dates failures wrongly, which its operator must learn.
type Link struct {
	transport *http.Transport
	now       func() time.Time

	mu     sync.Mutex
	offset time.Duration
}

// NewLink returns a Link with connections of its own.
func NewLink(now func() time.Time) *Link {
	return &Link{transport: http.DefaultTransport.(*http.Transport).Clone(), now: now}
}

// RoundTrip implements [http.RoundTripper]. Every answer has a Date, so comparing
// clocks costs no request.
func (l *Link) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if at, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.offset = l.now().Sub(at)
	}
	return answer, nil
}

// dateGrain is how exactly the Date of an answer says when it was made (RFC 9110 section
// 6.6.1), with some room for the way here.
const dateGrain = 2 * time.Second

// Offset is by how much the clock of this machine was ahead of the server's at the last
// answer; 0 where that is less than can be told.
func (l *Link) Offset() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if -dateGrain < l.offset && l.offset < dateGrain {
		return 0
	}
	return l.offset
}

// Reset has the next request go over a new connection, which a load balancer may lead
// to another node.
func (l *Link) Reset() { l.transport.CloseIdleConnections() }
