package statements

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"
)

var errElsewhere = errors.New("a status page led elsewhere than to https on its own host")

// azureWire is an address by which Azure's machines are managed; no registry of special
// addresses lists it.
var azureWire = netip.MustParsePrefix("168.63.129.16/32")

// newClient asks one page: on public addresses alone, whatever its name resolves to,
// and on its own host alone, wherever it redirects to. An operator who names a page by
// a literal address means that address, which is then allowed besides. A list of
// sources may be written by somebody who trusts its author too much: without this guard
// a page could make the leader connect into its own network (SSRF).
func newClient(page string) *http.Client {
	guard := ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(azureWire))
	named := netip.Addr{}
	if u, err := url.Parse(page); err == nil {
		named, _ = netip.ParseAddr(u.Hostname())
	}
	control := func(network, address string, c syscall.RawConn) error {
		if to, err := netip.ParseAddrPort(address); err == nil && named.IsValid() &&
			to.Addr().Unmap() == named.Unmap() {
			return nil
		}
		return guard.Safe(network, address, c)
	}
	dialer := &net.Dialer{Timeout: fetchTimeout, Control: control}
	return &http.Client{Timeout: fetchTimeout, CheckRedirect: follows, Transport: &http.Transport{
		Proxy:       nil, // one would connect for us, past the guard
		DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: fetchTimeout,
		MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 1, MaxConnsPerHost: 2, IdleConnTimeout: 2 * fetchTimeout,
	}}
}

// follows decides which redirects are followed: https on the same host and port alone,
// and few of them. Package api/webhook follows none at all.
func follows(to *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errors.New("too many redirects")
	}
	from := via[0].URL
	samePort := to.URL.Port() == from.Port() || to.URL.Port() == "" || to.URL.Port() == "443"
	if to.URL.Scheme != "https" || !strings.EqualFold(to.URL.Hostname(), from.Hostname()) || !samePort {
		return fmt.Errorf("%w: %.100s", errElsewhere, to.URL.Host)
	}
	return nil
}
