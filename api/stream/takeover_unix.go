//go:build unix

package stream

import (
	"errors"
	"net"
	"net/http"
	"syscall"
	"time"
)

// takeOver takes a connection over from the server, for an answer without an end
// (the caller writes it all, from the status line on). It reports false where
// that can't be done: then the server goes on.
func takeOver(w http.ResponseWriter) (net.Conn, func([]byte) (int, error), bool) {
	inner := w
	if wraps, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		inner = wraps.Unwrap() // gin's own writer says that it can, whatever it wraps
	}
	if _, can := inner.(http.Hijacker); !can {
		return nil, nil, false
	}
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		return nil, nil, false
	}
	conn, buffered, err := hijacker.Hijack()
	if err != nil {
		return nil, nil, false
	}
	sys, ok := conn.(syscall.Conn)
	if !ok || buffered.Reader.Buffered() > 0 { // bytes behind the request: not a client of ours
		_ = conn.Close()
		return nil, nil, true
	}
	raw, err := sys.SyscallConn()
	if err != nil {
		_ = conn.Close()
		return nil, nil, true
	}
	_ = conn.SetDeadline(time.Time{}) // those of the server
	return conn, func(b []byte) (int, error) { return writeNow(raw, b) }, true
}

// writeNow writes what a socket takes without waiting: 0 bytes if it is full.
func writeNow(raw syscall.RawConn, b []byte) (n int, err error) {
	failed := raw.Write(func(fd uintptr) bool {
		for {
			n, err = syscall.Write(int(fd), b)
			if !errors.Is(err, syscall.EINTR) {
				return true
			}
		}
	})
	if errors.Is(err, syscall.EAGAIN) {
		return 0, failed
	}
	return max(n, 0), errors.Join(err, failed)
}
