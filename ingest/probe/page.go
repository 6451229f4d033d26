package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
)

// maxPageHead bounds the header lines of a page, in bytes.
const maxPageHead = 256 << 10

// Transport connects as checks do: to the addresses that this checker's resolver names and its
// guard allows, on the two ports of HTTP. It keeps no connection, and verifies certificates.
func (c *Checker) Transport() *http.Transport {
	return &http.Transport{DialContext: c.dialHost, DisableKeepAlives: true, MaxResponseHeaderBytes: maxPageHead,
		TLSClientConfig:     &tls.Config{RootCAs: c.verifier.roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: c.longer(connectLimit), ResponseHeaderTimeout: c.longer(slowAfter)}
}

// dialHost connects to a host by name, on the port of HTTP or HTTPS and on no other.
func (c *Checker) dialHost(ctx context.Context, _, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	to, known := map[string]uint16{"80": c.ports.HTTP, "443": c.ports.HTTPS}[port]
	if !known {
		return nil, &guardedError{fmt.Errorf("port %s is not asked on", port)}
	}
	answer, err := c.Resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	addrs := c.guard.allowed(answer.Addrs)
	if len(addrs) == 0 {
		return nil, &guardedError{fmt.Errorf("%s has no address that may be connected to", host)}
	}
	ctx, cancel := context.WithTimeout(ctx, c.longer(connectLimit))
	defer cancel()
	d := c.connect(ctx, addrs, to)
	return d.conn, d.err
}

// Resolve asks for the addresses of a host and for the names that it stands for, as checks do.
func (c *Checker) Resolve(ctx context.Context, host string) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.longer(resolveLimit))
	defer cancel()
	return c.resolver.Lookup(ctx, host)
}

// Agent is the User-Agent of checks.
func (c *Checker) Agent() string { return c.agent }
