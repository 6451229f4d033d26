package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Bounds of an answer. Headers beyond theirs are a flood; of the body no more is
// read than it takes to know a challenge.
const (
	maxHeader    = 64 << 10
	maxBody      = 16 << 10
	maxInterim   = 4 // 1xx answers before the one that counts
	maxRequest   = 4 << 10
	readerBuffer = 4 << 10
)

// buffers are what one exchange needs, kept from one to the next.
type buffers struct {
	reader  *bufio.Reader
	limit   io.LimitedReader
	request []byte
	body    []byte
}

var bufferPool = sync.Pool{New: func() any {
	return &buffers{reader: bufio.NewReaderSize(nil, readerBuffer), request: make([]byte, 0, maxRequest), body: make([]byte, maxBody)}
}}

// place is where a request goes.
type place struct {
	secure bool
	host   string
	path   string
}

func (p place) url() string {
	if p.secure {
		return "https://" + p.host + p.path
	}
	return "http://" + p.host + p.path
}

// answer is what came back over one connection.
type answer struct {
	status   int
	header   http.Header
	body     []byte // of the pool: valid until the exchange is released
	location string
	short    bool // it ended before it said it would
	cert     string
}

// Layers that an exchange can fail in.
type layer int

const (
	layerConnect layer = iota
	layerTLS
	layerHTTP
)

// brokenAt is an exchange that failed, with where.
type brokenAt struct {
	layer layer
	err   error
}

func (e *brokenAt) Error() string { return e.err.Error() }
func (e *brokenAt) Unwrap() error { return e.err }

// exchange makes one connection, sends one request and reads one answer, each
// step until the deadline of ctx at the latest.
func (c *Checker) exchange(ctx context.Context, addr netip.Addr, p place, t Task, b *buffers, ph *Phases) (answer, error) {
	port := c.ports.HTTP
	if p.secure {
		port = c.ports.HTTPS
	}
	began := time.Now()
	raw, err := c.dialer.DialContext(ctx, "tcp", netip.AddrPortFrom(addr, port).String())
	if err != nil {
		return answer{}, &brokenAt{layerConnect, err}
	}
	defer raw.Close()
	ph.Connect += time.Since(began)
	if end, ok := ctx.Deadline(); ok {
		_ = raw.SetDeadline(end) // a connection that can't have one fails at once anyway
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // no minute of TIME_WAIT for each check
	}
	conn, cert := raw, ""
	if p.secure {
		began = time.Now()
		secure, err := c.handshake(ctx, raw, p.host, t.Hybrid)
		if err != nil {
			return answer{}, &brokenAt{layerTLS, err}
		}
		ph.TLS += time.Since(began)
		conn, cert = secure, issuer(secure.ConnectionState().PeerCertificates[0])
	}
	b.request = appendRequest(b.request[:0], p, t.ETag, c.agent)
	began = time.Now()
	if _, err := conn.Write(b.request); err != nil {
		return answer{}, &brokenAt{layerHTTP, err}
	}
	a, err := readAnswer(conn, b, func() { ph.FirstByte += time.Since(began) })
	if err != nil {
		return answer{}, &brokenAt{layerHTTP, err}
	}
	a.cert = cert
	return a, nil
}

// handshake never resumes a session: a resumed one shows no certificate.
func (c *Checker) handshake(ctx context.Context, raw net.Conn, host string, hybrid bool) (*tls.Conn, error) {
	cfg := &tls.Config{
		ServerName: host, MinVersion: tls.VersionTLS12, NextProtos: protocols,
		InsecureSkipVerify: true, VerifyConnection: c.verifier.verify, // which checks all that is skipped
		CurvePreferences: classicCurves,
	}
	if hybrid {
		cfg.CurvePreferences = nil
	}
	conn := tls.Client(raw, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return conn, nil
}

var (
	protocols     = []string{"http/1.1"}
	classicCurves = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384}
)

// appendRequest writes a GET that asks for as little as can be had: the first
// bytes, and nothing when they are the same as before.
func appendRequest(dst []byte, p place, etag, agent string) []byte {
	dst = append(append(append(append(dst, "GET "...), p.path...), " HTTP/1.1\r\nHost: "...), p.host...)
	dst = append(append(dst, "\r\nUser-Agent: "...), agent...)
	dst = append(dst, "\r\nAccept: text/html,*/*;q=0.8\r\nAccept-Encoding: identity\r\nAccept-Language: en\r\nRange: bytes=0-16383\r\nConnection: close\r\n"...)
	if etag != "" {
		dst = append(append(append(dst, "If-None-Match: "...), etag...), "\r\n"...)
	}
	return append(dst, "\r\n"...)
}

var errFlood = errors.New("headers without end")

// asked is the request that answers are read as the answers to.
var asked = &http.Request{Method: http.MethodGet}

// readAnswer reads headers and the beginning of the body.
func readAnswer(conn io.Reader, b *buffers, first func()) (answer, error) {
	b.limit = io.LimitedReader{R: conn, N: maxHeader}
	b.reader.Reset(&b.limit)
	if _, err := b.reader.Peek(1); err != nil {
		return answer{}, err
	}
	first()
	var resp *http.Response
	for i := 0; ; i++ {
		var err error
		resp, err = http.ReadResponse(b.reader, asked)
		if err != nil && b.limit.N <= 0 {
			err = errFlood
		}
		if err != nil {
			return answer{}, err
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			break
		}
		if i == maxInterim {
			return answer{}, errFlood
		}
	}
	b.limit.N = maxBody
	a := answer{status: resp.StatusCode, header: resp.Header, location: resp.Header.Get("Location")}
	n, err := io.ReadFull(resp.Body, b.body)
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return answer{}, err
	}
	a.body = b.body[:n]
	// The end of what we wanted, or of what there was, is well.
	a.short = err != nil && err != io.EOF && (err != io.ErrUnexpectedEOF || endedEarly(resp, n)) && b.limit.N > 0
	return a, nil
}

// endedEarly tells a body that is shorter than our buffer from one that is
// shorter than it said: io.ReadFull has one error for both.
func endedEarly(resp *http.Response, n int) bool {
	if resp.ContentLength >= 0 {
		return int64(n) < resp.ContentLength
	}
	var one [1]byte
	_, err := resp.Body.Read(one[:]) // the body's own error comes again
	return err != nil && err != io.EOF
}
