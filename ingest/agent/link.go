package agent

import (
	"crypto/tls"
	"net/http"
	"sync"
	"time"

	"faultline/tlsfiles"
)

// Link carries an agent's requests to its server, and compares the server's clock with
// its own on the way. It is safe for concurrent use. A vantage whose clock is wrong
// dates failures wrongly, which its operator must learn.
type Link struct {
	files *tlsfiles.Source // nil: TLS by what the system knows
	now   func() time.Time

	mu        sync.Mutex
	transport *http.Transport
	loaded    *tlsfiles.Loaded // what the transport was made with
	offset    time.Duration
}

// NewLink returns a Link with connections of its own. Files, which may be nil, are those by
// which agent and server know each other.
func NewLink(now func() time.Time, files *tlsfiles.Source) *Link {
	return &Link{transport: http.DefaultTransport.(*http.Transport).Clone(), files: files, now: now}
}

// current is the transport for the next request: another one when the files have changed.
func (l *Link) current() *http.Transport {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.files == nil {
		return l.transport
	}
	if loaded := l.files.Current(); loaded != l.loaded {
		before := l.transport
		l.loaded, l.transport = loaded, http.DefaultTransport.(*http.Transport).Clone()
		l.transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		loaded.Client(l.transport.TLSClientConfig)
		before.CloseIdleConnections()
	}
	return l.transport
}

// RoundTrip implements [http.RoundTripper]. Every answer has a Date, so comparing
// clocks costs no request.
func (l *Link) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.current().RoundTrip(r)
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
func (l *Link) Reset() { l.current().CloseIdleConnections() }
