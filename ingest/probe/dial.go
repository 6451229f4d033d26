package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

const (
	// attemptDelay is how long an address has before the next one is tried beside
	// it (RFC 8305 section 5).
	attemptDelay = 250 * time.Millisecond
	// maxTried bounds the addresses of one host that are tried.
	maxTried = 16
)

// dialed is a connection attempt that is over, with its address: the caller must know
// which one answered.
type dialed struct {
	conn net.Conn
	addr netip.Addr
	err  error
}

// connect makes a connection to the first of the addresses that takes one, as
// browsers do: the next address is tried when one fails, or beside one that is
// slow. The error is that of the first address.
func (c *Checker) connect(ctx context.Context, addrs []netip.Addr, port uint16) dialed {
	if len(addrs) == 1 {
		return c.dial(ctx, addrs[0], port)
	}
	// The first address is dialed in this goroutine and the others from a timer, so that the usual
	// case, one fast address, starts no goroutine.
	addrs = addrs[:min(len(addrs), maxTried)]
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rest := make(chan dialed, 1)
	timer := time.AfterFunc(attemptDelay, func() {
		d := c.race(ctx, addrs[1:], port)
		if d.err == nil {
			defer cancel() // the first address has lost
		}
		rest <- d
	})
	first := c.dial(ctx, addrs[0], port)
	if first.err == nil {
		// The race has begun: its connection, if it made one, must be closed, or each such check
		// would leak a socket.
		if !timer.Stop() {
			cancel()
			if late := <-rest; late.conn != nil {
				_ = late.conn.Close()
			}
		}
		return first
	}
	var other dialed
	if timer.Stop() {
		other = c.race(ctx, addrs[1:], port)
	} else {
		other = <-rest
	}
	if other.err != nil {
		return better(first, other)
	}
	return other
}

// better is the failure that says more: a context that ended says least.
func better(first, other dialed) dialed {
	if errors.Is(first.err, context.Canceled) {
		return other
	}
	return first
}

// race tries addresses, each after the one before it failed or had its time, and
// returns the first connection. The others that still come are closed.
func (c *Checker) race(ctx context.Context, addrs []netip.Addr, port uint16) dialed {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan dialed, len(addrs))
	timer := time.NewTimer(0)
	defer timer.Stop()
	var first *dialed
	for next, open := 0, 0; ; {
		var due <-chan time.Time
		if next < len(addrs) {
			due = timer.C
		} else if open == 0 {
			return *first
		}
		select {
		case <-due:
			addr := addrs[next]
			next, open = next+1, open+1
			go func() { results <- c.dial(ctx, addr, port) }()
			timer.Reset(attemptDelay)
		case d := <-results:
			open--
			if d.err == nil {
				cancel()
				go closeAll(results, open)
				return d
			}
			if first == nil {
				first = &d
			}
			// A failed attempt makes the next address due at once.
			timer.Reset(0)
		}
	}
}

// closeAll waits for the attempts that lost, and closes their connections.
func closeAll(results <-chan dialed, n int) {
	for range n {
		if d := <-results; d.conn != nil {
			_ = d.conn.Close()
		}
	}
}

// dial makes one connection. The dialer asks the guard about the address again at the moment of
// connecting.
func (c *Checker) dial(ctx context.Context, addr netip.Addr, port uint16) dialed {
	conn, err := c.dialer.DialContext(ctx, "tcp", netip.AddrPortFrom(addr, port).String())
	return dialed{conn, addr, err}
}

// order puts the addresses that may be connected to in the order in which they are
// tried: the wanted family first, the first of the other family second. Each family is
// shuffled, so that the load is spread and every address is checked in time.
func (l *checkRun) order(addrs []netip.Addr) []netip.Addr {
	allowed := l.c.guard.allowed(append([]netip.Addr(nil), addrs...))
	if len(allowed) < 2 {
		return allowed
	}
	shuffle(allowed)
	ordered := make([]netip.Addr, 0, len(allowed))
	for _, wanted := range [2]bool{true, false} {
		for _, a := range allowed {
			if (a.Is6() == l.task.IPv6) == wanted {
				ordered = append(ordered, a)
			}
		}
	}
	if n := len(ordered); n > 1 { // the other family second, as RFC 8305 has it
		for i := 1; i < n; i++ {
			if ordered[i].Is4() != ordered[0].Is4() {
				a := ordered[i]
				copy(ordered[2:i+1], ordered[1:i])
				ordered[1] = a
				break
			}
		}
	}
	return ordered
}
