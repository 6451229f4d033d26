package api

import (
	"bytes"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
)

// rawTargets are request lines, from plain ones to such as nobody should send.
var rawTargets = []string{
	"GET /v1/summary HTTP/1.1", "GET /v1/summary? HTTP/1.1", "GET /v1/summary?utm_source=x HTTP/1.1",
	"GET /v1/summary/ HTTP/1.1", "GET //v1/summary HTTP/1.1", "GET /v1/./summary HTTP/1.1",
	"GET /v1/%73ummary HTTP/1.1", "GET /v1/summary#part HTTP/1.1", "GET /v1/summary;x HTTP/1.1",
	"GET http://x/v1/summary HTTP/1.1", "GET HTTP://X/v1/summary HTTP/1.1",
	"GET https://other.example/v1/summary HTTP/1.1",
	"GET http:///v1/summary HTTP/1.1", "GET x/v1/summary HTTP/1.1", "GET * HTTP/1.1", "OPTIONS * HTTP/1.1",
	"GET /v1/summary HTTP/1.0", "GET /v1/summary HTTP/0.9", "GET /v1/summary HTTP/1.2", "GET /v1/summary HTTP/2.0",
	"GET /v1/summary HTTP/1.1 ", "GET /v1/summary  HTTP/1.1", "GET  /v1/summary HTTP/1.1", " GET /v1/summary HTTP/1.1",
	"GET\t/v1/summary HTTP/1.1", "GET /v1/summary http/1.1", "GET /v1/summary HTTP/1", "GET /v1/summary HTTP/1.10",
	"GET /v1/summary HTTP/01.1", "GET /v1/summary", "GET", "", "get /v1/summary HTTP/1.1", "HEAD /v1/summary HTTP/1.1",
	"OPTIONS /v1/summary HTTP/1.1", "PUT /v1/summary HTTP/1.1", "BREW /v1/summary HTTP/1.1",
	"G@T /v1/summary HTTP/1.1", "GET /v1/summary\x00 HTTP/1.1", "GET /v1/sum\xc3\xbcmary HTTP/1.1",
	"GET /v1/summary?\x7f HTTP/1.1", "GET /v1/summary?%zz HTTP/1.1", "GET /v1/%zz HTTP/1.1", "GET /v1/%00 HTTP/1.1",
	"GET /v1/../v1/summary HTTP/1.1", "GET /v1/summary?a b HTTP/1.1", "GET /v1/incidents?state=open&limit=2 HTTP/1.1",
	"GET /v1/incidents?limit=2&state=open HTTP/1.1", "GET /v1/incidents?state=open%26limit=2 HTTP/1.1",
	"GET /feed.json HTTP/1.1", "GET /feed.json?fbclid=1&gclid=2 HTTP/1.1", "GET /badge.svg?of=cdn:fastly HTTP/1.1",
	"GET /badge.svg?of=cdn%3Afastly HTTP/1.1", "GET /?lang=de HTTP/1.1", "GET /healthz HTTP/1.1",
	"GET /v1/incidents?q=" + strings.Repeat("x", 3000) + " HTTP/1.1",
	"GET /v1/incidents?q=" + strings.Repeat("x", 5000) + " HTTP/1.1",
}

// rawLines are what a request has beside its first line and Host.
var rawLines = []string{
	"Connection: close", "connection: CLOSE", "Connection: keep-alive", "Connection: keep-alive, close",
	"Connection: close, x", "Connection: Upgrade\r\nUpgrade: websocket", "Connection: upgrade\r\nUpgrade: h2c",
	"Connection:", "Connection: te\r\nTE: trailers", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive",
	"Expect: 100-continue", "expect: 100-Continue", "Expect: something", "Expect:",
	"Content-Length: 0", "Content-Length: 00", "Content-Length: +0", "Content-Length: -1", "Content-Length: x",
	"Content-Length:", "Content-Length: 0\r\nContent-Length: 0", "Content-Length: 0\r\nContent-Length: 1",
	"Content-Length : 0", "Transfer-Encoding: identity", "Transfer-Encoding: chunked\r\nContent-Length: 0",
	"Transfer-Encoding: gzip, chunked", "Transfer-Encoding:", "Trailer: X", "Te: trailers",
	"HTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c",
	"Host: y", "host: x", "Host: ", "X: 1\r\n folded", "X: 1\r\n\tfolded", "Accept-Encoding: gzip\r\n , br", " X: 1",
	"X : 1", "X\t: 1", ": 1", "X", "X:", "X: \x01", "X: \x7f", "X: \xc3\xbc", "X: a\rb", "X: a\x00b", "X:\t1\t",
	"X@Y: 1",
	"X Y: 1", "X\xc3: 1", "X_Y: 1", "X: " + strings.Repeat("y", 3000), "X: " + strings.Repeat("y", 6000),
	"Accept-Encoding: gzip", "ACCEPT-ENCODING:gzip", "Accept-Encoding: gzip;q=0", "Accept-Encoding: identity;q=0",
	"Accept-Encoding: *", "Accept-Encoding: br;q=0.1\r\nAccept-Encoding: gzip", "Accept-Encoding:",
	"Accept-Encoding: identity, gzip;q=0.5", "If-None-Match: *", "If-None-Match: \"a\", W/\"b\"", "If-None-Match: a",
	"If-None-Match: \"a\"\r\nif-none-match: *", "If-None-Match:", "If-Modified-Since: Tue, 30 Nov 2027 10:00:00 GMT",
	"If-Match: \"a\"", "If-Unmodified-Since: Tue, 30 Nov 2010 10:00:00 GMT", "Range: bytes=0-1", "If-Range: \"a\"",
	"Accept: text/html", "Accept: application/json;q=0", "Accept: */*;q=0.1", "Accept-Language: de-AT, *;q=0.1",
	"Origin: https://page.example", "Origin: null", "Authorization: Bearer x", "authorization: Basic eDp5",
	"Authorization:", "Proxy-Authorization: Bearer x", "Cookie: a=b", "Referer: https://page.example/?x",
	"X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 203.0.113.9:80", "X-Forwarded-For: a, b",
	"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 198.51.100.1", "Forwarded: for=203.0.113.9",
	"X-HTTP-Method-Override: DELETE", "X-Original-URL: /v1/sites", "Cache-Control: no-cache", "Pragma: no-cache",
	"Last-Event-ID: 1-0", "Upgrade: h2c", "Upgrade-Insecure-Requests: 1", "Via: 1.1 proxy", "Max-Forwards: 0",
	"Sec-Fetch-Mode: cors", "Content-Type: application/json", "Content-Encoding: gzip", "Priority: u=1",
}

// rawHosts are first lines with Host as they may be spelled, or be missing.
var rawHosts = []string{
	"", "Host:x", "HOST: x", "host:\tx\t", "Host: x:8080", "Host: [::1]:80", "Host: x:port", "Host: x/y", "Host: x y",
	"Host: user@x", "Host: \xc3\xbc", "Host: x, y", "Host: %41", "Host: ", "Host", "Host : x", "Host: x\r\nHost: x",
	"Host: _", "Host: " + strings.Repeat("x", 300), "Host: http://x",
}

const rawPlain = "GET /v1/summary HTTP/1.1\r\nHost: x\r\n\r\n"

// rawRequests are the bytes of some hundred connections.
func rawRequests() (all []string) {
	for _, line := range rawTargets {
		all = append(all, line+"\r\nHost: x\r\n\r\n", rawPlain+line+"\r\nHost: x\r\n\r\n", line+"\nHost: x\n\n")
	}
	for _, line := range rawLines {
		all = append(all, "GET /v1/summary HTTP/1.1\r\nHost: x\r\n"+line+"\r\n\r\n",
			"GET /v1/summary HTTP/1.1\r\n"+line+"\r\nHost: x\r\n\r\n",
			rawPlain+rawPlain+"GET /feed.json HTTP/1.1\r\nHost: x\r\n"+line+"\r\n\r\n"+rawPlain)
	}
	for _, line := range rawHosts {
		all = append(all, "GET /v1/summary HTTP/1.1\r\n"+line+"\r\n\r\n",
			rawPlain+"GET /feed.json HTTP/1.1\r\n"+line+"\r\n\r\n")
	}
	return append(all, "\r\n"+rawPlain, "\r\n\r\n"+rawPlain, rawPlain+"\r\n"+rawPlain, "\n"+rawPlain,
		strings.Repeat(rawPlain, 100), strings.ReplaceAll(rawPlain, "\r\n", "\n"),
		"GET /v1/summary HTTP/1.1\r\nHost: x\n\r\n",
		"GET /v1/summary HTTP/1.1\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "POST /v1/summary HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nGET",
		"GET /v1/summary HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nGET"+rawPlain,
		"GET /v1/summary HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nGET\r\n0\r\n\r\n"+rawPlain,
		"GET /v1/summary HTTP/1.1\r\nHost: x\r\n"+strings.Repeat("X: y\r\n", 400)+"\r\n",
		"GET /v1/summary HTTP/1.1\r\nHost: x\r\n"+strings.Repeat("X: y\r\n", 800)+"\r\n")
}

// lastOf ends each connection: its answer closes it, where nothing before has done so.
const lastOf = "GET /v1/sites?q=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

// exchanged sends the bytes of one connection and returns all that comes back.
func exchanged(t *testing.T, addr, sent string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		_, _ = io.WriteString(conn, sent) // whoever refuses it closes the connection
	}()
	var wire bytes.Buffer
	_, _ = io.Copy(&wire, conn)
	conn.Close()
	<-wrote
	return retry.ReplaceAllString(dated.ReplaceAllString(wire.String(), "\r\nDate: then\r\n"), "")
}

// Whatever the bytes of a connection are, the answers are those that net/http and the chain
// of handlers give, and as much is counted against quotas.
func TestRawRequestsAreAnsweredAlikeInFront(t *testing.T) {
	w := newTwoWays(t)
	for _, path := range []string{"/v1/summary", "/feed.json", "/badge.svg?of=cdn:fastly", "/v1/sites?q=b",
		"/v1/incidents?state=open&limit=2"} {
		w.ask(w.chain, getOf(path, "")) // prepares it
	}
	different, answers := 0, 0
	for _, raw := range rawRequests() {
		chain, read := exchanged(t, w.chain, raw+lastOf), w.reads.taken()
		ahead, readAhead := exchanged(t, w.ahead, raw+lastOf), w.reads.taken()
		answers += strings.Count(chain, "HTTP/1.1 200 ")
		if chain == ahead && slices.Equal(read, readAhead) {
			continue
		}
		if different++; different < 20 {
			t.Errorf("%.300q\nthrough the chain %v %.1200q\nin front          %v %.1200q", raw, read, chain,
				readAhead, ahead)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(rawRequests()); n < 500 || answers < n || w.reachedNetHTTP >= answers {
		t.Errorf("%d connections, %d answers, %d of them by net/http", n, answers, w.reachedNetHTTP)
	}
}
