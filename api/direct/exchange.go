package direct

import (
	"bytes"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// copied is up to which length a body is copied behind its head: one write of one piece
// of memory costs less than one of two.
const copied = 8 << 10

// exchange is one request and its answer; the next one on a connection takes its place.
// It is an [http.ResponseWriter] for answers that are written whole.
type exchange struct {
	request http.Request
	header  http.Header
	status  int
	body    []byte
	names   []string
	out     []byte
}

// read takes a head apart: the lines up to the empty one, each with its CRLF. It reports
// false for whatever is not plain; what is well formed but not known here is nothing that
// changes where a request ends.
func (e *exchange) read(head []byte, from net.Addr) bool {
	line, fields, _ := bytes.Cut(head, []byte("\r\n"))
	target, ok := bytes.CutPrefix(line, []byte("GET "))
	if !ok {
		return false
	}
	if target, ok = bytes.CutSuffix(target, []byte(" HTTP/1.1")); !ok || len(target) == 0 || target[0] != '/' ||
		!plain(target) || bytes.IndexByte(target, ' ') >= 0 {
		return false
	}
	if e.header == nil {
		e.header = make(http.Header, 16)
		e.request = http.Request{Method: http.MethodGet, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: make(http.Header, 4), Body: http.NoBody, RemoteAddr: from.String()}
	}
	clear(e.header)
	clear(e.request.Header)
	e.status, e.body, e.request.Host, e.request.URL = http.StatusOK, nil, "", nil
	e.request.RequestURI = string(target)
	for len(fields) > 0 {
		line, fields, _ = bytes.Cut(fields, []byte("\r\n"))
		if !e.field(line) {
			return false
		}
	}
	return e.request.Host != ""
}

// field takes one line of a head. It reports false for a line that is not well formed
// and for fields that say where a request ends, whose it is, or what becomes of the
// connection.
func (e *exchange) field(line []byte) bool {
	name, value, ok := bytes.Cut(line, []byte(":"))
	value = bytes.Trim(value, " \t")
	if !ok || !token(name) || !plain(value) {
		return false
	}
	h := e.request.Header
	switch key := http.CanonicalHeaderKey(string(name)); key {
	case "Host":
		if e.request.Host != "" || !host(value) {
			return false
		}
		e.request.Host = string(value)
	case "Accept-Encoding", "If-None-Match", "Traceparent", "X-Forwarded-For":
		h[key] = append(h[key], string(value))
	case "Connection":
		return bytes.EqualFold(value, []byte("keep-alive"))
	case "Authorization", "Content-Length", "Transfer-Encoding", "Upgrade", "Expect", "Trailer", "Te",
		"Http2-Settings":
		return false
	}
	return true
}

// plain reports whether text is printable ASCII.
func plain(text []byte) bool {
	for _, b := range text {
		if b < ' ' || b > '~' {
			return false
		}
	}
	return true
}

// token reports whether text may be the name of a field (RFC 9110 section 5.6.2).
func token(text []byte) bool {
	for _, b := range text {
		if !letter(b) && bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), b) < 0 {
			return false
		}
	}
	return len(text) > 0
}

// host reports whether text is a name or an address, with a port or without.
func host(text []byte) bool {
	for _, b := range text {
		if !letter(b) && bytes.IndexByte([]byte("-._:[]"), b) < 0 {
			return false
		}
	}
	return len(text) > 0
}

func letter(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
}

// Header returns the fields of the answer.
func (e *exchange) Header() http.Header { return e.header }

// WriteHeader sets the status of the answer.
func (e *exchange) WriteHeader(status int) { e.status = status }

// Write adds to the body of the answer. The first piece is not copied: it must not change
// until the answer is sent.
func (e *exchange) Write(p []byte) (int, error) {
	if e.body == nil {
		e.body = p[:len(p):len(p)]
	} else {
		e.body = append(e.body, p...)
	}
	return len(p), nil
}

// send writes the answer as net/http does.
func (e *exchange) send(to net.Conn, now time.Time) error {
	e.names = e.names[:0]
	for name := range e.header {
		e.names = append(e.names, name)
	}
	slices.Sort(e.names)
	out := append(e.out[:0], "HTTP/1.1 "...)
	out = strconv.AppendInt(out, int64(e.status), 10)
	out = append(append(append(out, ' '), http.StatusText(e.status)...), "\r\n"...)
	for _, name := range e.names {
		for _, value := range e.header[name] {
			out = append(append(append(append(out, name...), ": "...), value...), "\r\n"...)
		}
	}
	out = append(append(append(out, "Date: "...), date(now)...), "\r\n\r\n"...)
	var err error
	if len(e.body) <= copied {
		e.out = append(out, e.body...)
		_, err = to.Write(e.out)
	} else {
		e.out = out
		_, err = (&net.Buffers{out, e.body}).WriteTo(to)
	}
	return err
}

// stamp is a second with its Date field.
type stamp struct {
	second int64
	text   string
}

var lastStamp atomic.Pointer[stamp]

// date is the value of a Date field, made once a second.
func date(now time.Time) string {
	second := now.Unix()
	if s := lastStamp.Load(); s != nil && s.second == second {
		return s.text
	}
	text := now.UTC().Format(http.TimeFormat)
	lastStamp.Store(&stamp{second, text})
	return text
}
