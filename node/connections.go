package node

import (
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// connections bounds how many connections one address, or one IPv6 /64, may hold open:
// each costs memory and a goroutine before a word was said on it. Proxies that are
// trusted stand for many, and are not bounded. It is safe for concurrent use. Without
// it one machine could use up all connections with requests that it never sends.
type connections struct {
	most    int // 0: any number
	trusted []netip.Prefix
	refused prometheus.Counter

	mu   sync.Mutex
	held map[net.Conn]netip.Prefix
	open map[netip.Prefix]int
}

// newConnections bounds the connections of each address; proxies are addresses or prefixes
// whose connections are not counted. One that is neither is left out: the flags have been
// checked before.
func newConnections(most int, proxies []string, reg prometheus.Registerer) *connections {
	c := &connections{most: most, held: map[net.Conn]netip.Prefix{}, open: map[netip.Prefix]int{},
		refused: promauto.With(reg).NewCounter(prometheus.CounterOpts{Name: "faultline_connections_refused_total",
			Help: "Connections that were closed because their address holds too many."})}
	for _, text := range proxies {
		if p, err := netip.ParsePrefix(text); err == nil {
			c.trusted = append(c.trusted, p.Masked())
		} else if a, err := netip.ParseAddr(text); err == nil {
			c.trusted = append(c.trusted, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return c
}

// state follows each connection of a server; see [http.Server.ConnState]. A connection
// beyond the bound is closed before a byte of it was read: an answer would cost what the
// bound saves.
func (c *connections) state(conn net.Conn, to http.ConnState) {
	switch to {
	case http.StateNew:
		if !c.take(conn) {
			c.refused.Inc()
			conn.Close()
		}
	case http.StateClosed, http.StateHijacked: // streams have a bound of their own
		c.free(conn)
	}
}

// take counts a connection, and reports false for one too many. Without a bound, and where
// the address can't be read (a unix socket has none), every connection is taken.
func (c *connections) take(conn net.Conn) bool {
	from, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if c.most == 0 || err != nil {
		return true
	}
	addr := from.Addr().Unmap().WithZone("")
	// All users of a proxy come from its address; to bound it would bound them together.
	for _, p := range c.trusted {
		if p.Contains(addr) {
			return true
		}
	}
	// A single customer has at least a whole /64 of IPv6, so that an address there says
	// nothing.
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	who, err := addr.Prefix(bits)
	if err != nil {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[who] >= c.most {
		return false
	}
	c.open[who]++
	c.held[conn] = who
	return true
}

// free takes a connection out of the count. One that was never counted is passed over.
func (c *connections) free(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	who, held := c.held[conn]
	if !held {
		return
	}
	delete(c.held, conn)
	if c.open[who]--; c.open[who] == 0 {
		delete(c.open, who)
	}
}
