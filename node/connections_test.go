package node

import (
	"net"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// caller is a connection from an address.
type caller struct {
	net.Conn
	from   string
	closed bool
}

func (c *caller) RemoteAddr() net.Addr {
	a, _ := net.ResolveTCPAddr("tcp", c.from)
	return a
}
func (c *caller) Close() error { c.closed = true; return nil }

// One address, or one /64, holds no more connections than it may; proxies that are
// trusted hold any number, and what is closed is free again.
func TestConnectionsOfOneAddressAreBounded(t *testing.T) {
	c := newConnections(2, []string{"192.0.2.9", "10.0.0.0/8"}, nil)
	call := func(from string) *caller {
		conn := &caller{from: from}
		c.state(conn, http.StateNew)
		return conn
	}
	first, second := call("198.51.100.1:1"), call("198.51.100.1:2")
	if first.closed || second.closed {
		t.Fatal("the first two are refused")
	}
	if !call("198.51.100.1:3").closed || !call("[::ffff:198.51.100.1]:4").closed {
		t.Error("a third is taken")
	}
	if call("198.51.100.2:1").closed {
		t.Error("a neighbour is refused")
	}
	c.state(first, http.StateClosed)
	c.state(first, http.StateClosed) // once is enough
	if call("198.51.100.1:5").closed || !call("198.51.100.1:6").closed {
		t.Error("one that was closed is not free, or twice")
	}
	for _, from := range []string{"[2001:db8::1]:1", "[2001:db8::2]:1"} {
		if call(from).closed {
			t.Errorf("%s is refused", from)
		}
	}
	if !call("[2001:db8::3]:1").closed || call("[2001:db8:0:1::1]:1").closed {
		t.Error("a /64 is not one reader")
	}
	for range 10 {
		if call("192.0.2.9:1").closed || call("10.1.2.3:1").closed {
			t.Fatal("a trusted proxy is refused")
		}
	}
	if got := testutil.ToFloat64(c.refused); got != 4 {
		t.Errorf("%g were counted as refused", got)
	}
	unbound := newConnections(0, nil, nil)
	for range 10 {
		conn := &caller{from: "198.51.100.1:1"}
		if unbound.state(conn, http.StateNew); conn.closed {
			t.Fatal("without a bound one is refused")
		}
	}
}
