package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// maxRequest is the capacity that a request buffer starts with, in bytes. A longer request (many
// cookies) grows it.
const maxRequest = 4 << 10

// buffers are what one exchange needs, kept from one to the next. Without them a check
// would allocate some 30 KB.
type buffers struct {
	in       []byte
	fields   fields
	wire     wire
	request  []byte
	body     []byte
	deadline time.Time
	patience time.Duration // with the rest of a body
}

// bufferPool holds buffers between checks. There are never more in use than workers.
var bufferPool = sync.Pool{New: func() any {
	return &buffers{
		in:      make([]byte, firstBuffer),
		request: make([]byte, 0, maxRequest),
		body:    make([]byte, maxBody),
	}
}}

// free gives the buffers back. One that grew for an answer with huge headers is replaced, because
// the pool would keep it for good.
func (b *buffers) free() {
	if len(b.in) > keptBuffer {
		b.in = make([]byte, firstBuffer)
	}
	b.wire, b.deadline = wire{}, time.Time{}
	bufferPool.Put(b)
}

// place is where a request goes: scheme, host and path with query. The port follows
// from the scheme.
type place struct {
	secure bool
	host   string
	path   string
}

// url is the address as it is sent and compared.
func (p place) url() string {
	if p.secure {
		return "https://" + p.host + p.path
	}
	return "http://" + p.host + p.path
}

// exchange makes one connection to one of the addresses, sends one request and
// reads one answer, each step until the deadline of ctx at the latest.
func (l *checkRun) exchange(ctx context.Context, p place, addrs []netip.Addr, modern bool) (answer, error) {
	port := l.c.ports.HTTP
	if p.secure {
		port = l.c.ports.HTTPS
	}
	began := time.Now()
	connecting, cancel := context.WithTimeout(ctx, l.c.longer(connectLimit))
	d := l.c.connect(connecting, addrs, port)
	cancel()
	// A check that connects nowhere still says which address was tried first, so that its network
	// can be named.
	l.obs.Addr = addrs[0]
	if d.err != nil {
		return answer{}, &stepError{StepConnect, d.err}
	}
	defer d.conn.Close()
	l.obs.Addr = d.addr
	l.ph.Connect += time.Since(began)
	l.buf.deadline, _ = ctx.Deadline()
	_ = d.conn.SetDeadline(l.buf.deadline) // a connection that can't have one fails at once anyway
	if tcp, ok := d.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // no minute of TIME_WAIT for each check
	}
	if !p.secure {
		return l.request(d.conn, p)
	}
	return l.exchangeSecure(ctx, d.conn, p, modern)
}

// exchangeSecure does the handshake and then the request. A server that wants a certificate of the
// client may say so by an alert in the handshake (TLS 1.2) or in place of the answer (TLS 1.3, RFC
// 8446 section 4.4.2.4). Both are no evidence: the site works for those who have one.
func (l *checkRun) exchangeSecure(ctx context.Context, raw net.Conn, p place, modern bool) (answer, error) {
	began := time.Now()
	conn, asked, err := l.handshake(ctx, raw, p.host, modern)
	if err != nil {
		if asked && tlsDetail(err) == tlsHandshake || asked && tlsDetail(err) == tlsProtocol {
			return answer{}, &unknownError{detailClientCert}
		}
		return answer{}, &stepError{StepSecure, err}
	}
	l.ph.TLS += time.Since(began)
	state := conn.ConnectionState()
	var a answer
	if state.NegotiatedProtocol == protocolH2 {
		a, err = l.requestH2(ctx, conn, p)
	} else {
		a, err = l.request(conn, p)
	}
	if err != nil && asked && !isTimeout(err) {
		return answer{}, &unknownError{detailClientCert} // under TLS 1.3 the alert comes in place of the answer
	}
	a.cert, a.asksFor = describe(state.PeerCertificates[0]), asked
	return a, err
}

// request sends one request of HTTP/1.1 and reads the answer. The error says that
// asking failed, and the step before it, connecting, worked.
func (l *checkRun) request(conn net.Conn, p place) (answer, error) {
	// One write: a request that is cut into several packets makes some servers close the
	// connection.
	b := l.buf
	b.request = appendRequest(b.request[:0], p, l.task.ETag, l.c.agent, l.cookies.line(p))
	began := time.Now()
	if _, err := conn.Write(b.request); err != nil {
		return answer{}, &stepError{StepAsk, err}
	}
	_, secure := conn.(*tls.Conn)
	a, err := readAnswer(conn, secure, b, func() { l.ph.FirstByte += time.Since(began) })
	if err != nil {
		return answer{}, &stepError{StepAsk, err}
	}
	return a, nil
}

// requestHeaders are what a request says besides its agent.
const (
	acceptHeader   = "text/html,*/*;q=0.8"
	languageHeader = "en"
	rangeHeader    = "bytes=0-16383"
)

// appendRequest writes a GET that asks for as little as can be had: the first 16 KB
// (Range), and nothing when they are the same as before (If-None-Match). It asks for no
// compression, which costs both sides more than it saves here.
func appendRequest(dst []byte, p place, etag, agent, cookies string) []byte {
	dst = append(append(append(append(dst, "GET "...), p.path...), " HTTP/1.1\r\nHost: "...), p.host...)
	dst = append(append(dst, "\r\nUser-Agent: "...), agent...)
	dst = append(
		dst,
		"\r\nAccept: "+acceptHeader+"\r\nAccept-Encoding: identity\r\nAccept-Language: "+languageHeader+
			"\r\nRange: "+rangeHeader+"\r\nConnection: close\r\n"...)
	if etag != "" {
		dst = append(append(append(dst, "If-None-Match: "...), etag...), "\r\n"...)
	}
	if cookies != "" {
		dst = append(append(append(dst, "Cookie: "...), cookies...), "\r\n"...)
	}
	return append(dst, "\r\n"...)
}

// wantsModern reports whether what came of an exchange over HTTP/1.1 may be due to what
// we did not offer: HTTP/2, or the key share that browsers prefer. Timeouts are not
// among them, since asking again would only take as long again.
func wantsModern(a *answer, err error) bool {
	var broken *stepError
	switch {
	case err == nil:
		// 421 Misdirected Request, 426 Upgrade Required, 505 HTTP Version Not Supported.
		return a.status == 421 || a.status == 426 || a.status == 505
	case !errors.As(err, &broken), isTimeout(broken.err):
		return false
	case broken.step == StepSecure:
		detail := tlsDetail(broken.err)
		return detail == tlsProtocol || detail == tlsHandshake
	}
	return broken.step == StepAsk && !errors.Is(broken.err, errFlood) && !errors.Is(broken.err, errAmbiguous)
}
