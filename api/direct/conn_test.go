package direct_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"faultline/api/direct"
)

// serve answers /ready in front, and everything else behind by what it got.
func serve(t *testing.T, limits direct.Limits) net.Conn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	big := strings.Repeat("x", 1<<20)
	answer := func(w http.ResponseWriter, r *http.Request) bool {
		switch r.RequestURI {
		case "/ready":
			w.Header()["Content-Length"] = []string{"2"}
			_, _ = io.WriteString(w, "ok")
		case "/big":
			w.Header()["Content-Length"] = []string{fmt.Sprint(len(big))}
			_, _ = io.WriteString(w, big)
		default:
			return false
		}
		return true
	}
	behind := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "behind %s %s %s %v", r.Method, r.URL.Path, body, err)
	})
	server := &http.Server{Handler: behind, ReadHeaderTimeout: time.Minute, ReadTimeout: time.Minute}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(direct.Listen(l, answer, limits)) }() // ends with Close
	t.Cleanup(func() { server.Close(); <-done })
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

var minutes = direct.Limits{Idle: time.Minute, Write: time.Minute}

// read returns the body of the next answer.
func read(t *testing.T, in *bufio.Reader) string {
	t.Helper()
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// One connection carries requests for here, then others with bodies, and answers come in
// the order of requests, however these are cut into packets.
func TestRequestsOfOneConnection(t *testing.T) {
	const ready, behind = "GET /ready HTTP/1.1\r\nHost: x\r\n\r\n", "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"
	const sent = "POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nGET "
	whole := ready + ready + behind + ready + sent + behind
	want := []string{"ok", "ok", "behind GET /b  <nil>", "behind GET /ready  <nil>", "behind POST /c GET  <nil>",
		"behind GET /b  <nil>"}
	for _, cut := range []int{len(whole), 1, 7, len(ready), len(ready) + 3, 2*len(ready) + 1} {
		conn := serve(t, minutes)
		in := bufio.NewReader(conn)
		wrote := make(chan error, 1)
		go func() {
			var err error
			for rest := whole; rest != "" && err == nil; {
				n := min(cut, len(rest))
				_, err = io.WriteString(conn, rest[:n])
				rest = rest[n:]
			}
			wrote <- err
		}()
		for i, body := range want {
			got := read(t, in)
			if i == 0 || i == 1 { // a head in pieces goes to net/http, whatever it asks for
				got = strings.Replace(got, "behind GET /ready  <nil>", "ok", 1)
			}
			if got != body {
				t.Errorf("in pieces of %d: answer %d is %q, want %q", cut, i, got, body)
			}
		}
		if err := <-wrote; err != nil {
			t.Error(err)
		}
	}
}

func TestLongBodyArrivesWhole(t *testing.T) {
	conn := serve(t, minutes)
	in := bufio.NewReader(conn)
	for range 3 {
		if _, err := io.WriteString(conn, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if got := read(t, in); len(got) != 1<<20 || strings.Trim(got, "x") != "" {
			t.Fatalf("%d bytes", len(got))
		}
	}
}

// A connection that asks for nothing more is closed.
func TestIdleConnectionIsClosed(t *testing.T) {
	conn := serve(t, direct.Limits{Idle: time.Millisecond, Write: time.Minute})
	in := bufio.NewReader(conn)
	if _, err := io.WriteString(conn, "GET /ready HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if got := read(t, in); got != "ok" {
		t.Fatal(got)
	}
	if _, err := in.ReadByte(); err != io.EOF {
		t.Fatal(err)
	}
}
