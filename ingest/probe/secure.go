package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// protocolH1 and protocolH2 are names of ALPN (RFC 7301).
const (
	protocolH1 = "http/1.1"
	protocolH2 = "h2"
)

var (
	// Which protocols and curves are offered is told apart by cost. The hybrid key share of
	// browsers (X25519MLKEM768) adds more
	// than a kilobyte to every handshake, so it is offered only where a site wants it.
	protocols       = []string{protocolH1}
	modernProtocols = []string{protocolH2, protocolH1}
	classicCurves   = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384}
	// cipherSuites are those that Chromium offers for TLS 1.2, the ones with RSA key
	// exchange too: who has nothing else is slow to change and not down.
	cipherSuites = []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
		tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA,
	}
)

// handshake secures a connection. It never resumes a session: a resumed one shows
// no certificate. Modern offers what browsers do; without it less is offered,
// which costs less. Asked reports whether the server wants a certificate of ours.
func (l *checkRun) handshake(
	ctx context.Context,
	raw net.Conn,
	host string,
	modern bool,
) (conn *tls.Conn, asked bool, err error) {
	cfg := &tls.Config{
		// Verification is our own so that a missing intermediate certificate can be fetched, as
		// Chromium does, and so that the reason for a refusal is known.
		ServerName: host, MinVersion: tls.VersionTLS12, NextProtos: protocols, CipherSuites: cipherSuites,
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection checks all that is skipped
		VerifyConnection:   func(cs tls.ConnectionState) error { return l.c.verifier.verify(ctx, cs) },
		CurvePreferences:   classicCurves,
		// The empty certificate answers "none". The handshake goes on, and the server decides
		// whether it needs one.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked = true
			return &tls.Certificate{}, nil
		},
	}
	if modern {
		cfg.NextProtos = modernProtocols
	}
	if modern || l.task.Hybrid {
		cfg.CurvePreferences = nil
	}
	conn = tls.Client(raw, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, asked, err
	}
	return conn, asked, nil
}

// requestH2 sends one request over HTTP/2 and reads the answer.
func (l *checkRun) requestH2(ctx context.Context, conn *tls.Conn, p place) (answer, error) {
	broken := func(err error) (answer, error) { return answer{}, &stepError{StepAsk, err} }
	// One transport for one connection that exists already: nothing is dialed here, so the guard
	// has seen every address.
	transport := &http.Transport{
		DialTLSContext:     func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		DisableCompression: true, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: maxHead,
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url(), nil)
	if err != nil {
		return broken(err)
	}
	for name, value := range map[string]string{"User-Agent": l.c.agent, "Accept": acceptHeader,
		"Accept-Encoding": "identity",
		"Accept-Language": languageHeader, "Range": rangeHeader, "If-None-Match": l.task.ETag,
		"Cookie": l.cookies.line(p)} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	began := time.Now()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return broken(err)
	}
	defer resp.Body.Close()
	l.ph.FirstByte += time.Since(began)
	a := answer{status: resp.StatusCode, h2: true, header: fields{}}
	for name, values := range resp.Header {
		for _, v := range values {
			a.header = append(a.header, field{[]byte(name), []byte(v)})
		}
	}
	// A page that has begun to arrive and does not end works in a browser, which shows it as far as
	// it has come. Closing the body ends the wait.
	stop := time.AfterFunc(l.buf.patience, func() { _ = resp.Body.Close() })
	n, err := io.ReadFull(resp.Body, l.buf.body)
	patient := stop.Stop()
	a.body = l.buf.body[:n]
	// Short is only what ended by itself before its announced length. What we cut off, and what
	// fills the buffer, is not short.
	a.short = patient && err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) ||
		patient && resp.ContentLength > int64(n) && n < len(l.buf.body)
	a.decode()
	return a, nil
}

// tlsDetail says in a word why a handshake failed. A certificate's fault is named
// first, since it is what a site's operator can mend.
func tlsDetail(err error) string {
	if detail := certificateDetail(err); detail != "" {
		return detail
	}
	var (
		remote *net.OpError
		record tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &record):
		return tlsProtocol
	case errors.As(err, &remote) && (isAlert(remote, alertProtocolVersion) || isAlert(remote, alertHandshakeFailure) ||
		isAlert(remote, alertNoApplicationProtocol)):
		return tlsProtocol
	case strings.Contains(err.Error(), "unsupported protocol version"): // of ours: the server chose one that we refuse
		return tlsProtocol
	}
	return tlsHandshake
}

// Alerts of a server that has nothing in common with us (RFC 8446 section 6.2).
const (
	alertHandshakeFailure      = tls.AlertError(40)
	alertProtocolVersion       = tls.AlertError(70)
	alertNoApplicationProtocol = tls.AlertError(120)
)

// isAlert recognises an alert that the other side sent by its text: its type is
// not exported.
func isAlert(remote *net.OpError, a tls.AlertError) bool {
	return remote.Err != nil && remote.Err.Error() == a.Error()
}
