package probe

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"code.dny.dev/ssrf"
)

// metadata are addresses that are global by every registry and answer inside a
// cloud alone: Azure's, which hands out credentials.
var metadata = []netip.Prefix{netip.MustParsePrefix("168.63.129.16/32")}

// Ports are where HTTP and HTTPS are asked for.
type Ports struct{ HTTP, HTTPS uint16 }

// StandardPorts are the only ones that the public internet is asked on.
var StandardPorts = Ports{HTTP: 80, HTTPS: 443}

// Guard decides which addresses may be connected to: global unicast ones that are
// not this machine's own, by the IANA special-purpose registries, on two ports.
// It sees the address of every connection at the moment it is made, after
// resolution and on every redirect, so that a name which changes its mind
// (DNS rebinding) gains nothing.
type Guard struct{ guardian *ssrf.Guardian }

// NewGuard returns a guard that besides global addresses lets those of allow through,
// and never those of own, this machine's. Addresses in allow win: an operator who names
// a network of their own means it.
func NewGuard(allow []netip.Prefix, own []netip.Addr, ports Ports) *Guard {
	var allow4, allow6, deny4, deny6 []netip.Prefix
	add := func(v4, v6 *[]netip.Prefix, p netip.Prefix) {
		if p.Addr().Is4() {
			*v4 = append(*v4, p)
		} else {
			*v6 = append(*v6, p)
		}
	}
	for _, p := range allow {
		add(&allow4, &allow6, p.Masked())
	}
	for _, p := range metadata {
		add(&deny4, &deny6, p)
	}
	for _, a := range own {
		a = a.Unmap().WithZone("")
		add(&deny4, &deny6, netip.PrefixFrom(a, a.BitLen()))
	}
	return &Guard{ssrf.New(
		ssrf.WithPorts(ports.HTTP, ports.HTTPS),
		ssrf.WithAllowedV4Prefixes(allow4...), ssrf.WithAllowedV6Prefixes(allow6...),
		ssrf.WithDeniedV4Prefixes(deny4...), ssrf.WithDeniedV6Prefixes(deny6...),
	)}
}

// OwnAddresses returns the addresses of this machine's interfaces.
func OwnAddresses() ([]netip.Addr, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list own addresses: %w", err)
	}
	var own []netip.Addr
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			own = append(own, p.Addr())
		}
	}
	return own, nil
}

// Control is a [net.Dialer]'s: it refuses a connection before a packet leaves. It is
// called with the address that is about to be connected to, so there is no gap between
// check and use.
func (g *Guard) Control(network, address string, conn syscall.RawConn) error {
	if err := g.guardian.Safe(network, address, conn); err != nil {
		return &guardedError{err}
	}
	return nil
}

// Allows reports whether an address may be connected to.
func (g *Guard) Allows(a netip.Addr) bool { return g.guardian.SafeAddr(a) == nil }

// allowed keeps the addresses that may be connected to, in addrs itself.
func (g *Guard) allowed(addrs []netip.Addr) []netip.Addr {
	return slices.DeleteFunc(addrs, func(a netip.Addr) bool { return !g.Allows(a) })
}

// guardedError is a connection that was not made because it must not be.
type guardedError struct{ error }

func (e *guardedError) Unwrap() error { return e.error }
