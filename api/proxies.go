package api

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// proxies are the networks whose X-Forwarded-For is believed, as gin reads them: both
// must name the same client.
type proxies []netip.Prefix

func newProxies(list []string) (proxies, error) {
	var out proxies
	for _, text := range list {
		if addr, err := netip.ParseAddr(text); err == nil {
			out = append(out, netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("trusted proxies: %w", err)
		}
		out = append(out, prefix.Masked())
	}
	return out, nil
}

func (p proxies) trust(addr netip.Addr) bool {
	return slices.ContainsFunc(p, func(of netip.Prefix) bool { return of.Contains(addr.Unmap()) })
}

// client is whose request it is that came from peer: the last address that is not a
// proxy's. A list that can't be read names nobody.
func (p proxies) client(peer netip.Addr, fields []string) netip.Addr {
	peer = peer.Unmap().WithZone("")
	if len(fields) == 0 || !p.trust(peer) {
		return peer
	}
	items := strings.Split(strings.Join(fields, ","), ",")
	for i, item := range slices.Backward(items) {
		addr, err := netip.ParseAddr(withoutPort(strings.TrimSpace(item)))
		if err != nil || addr.Zone() != "" {
			return peer
		}
		if i == 0 || !p.trust(addr) {
			return addr.Unmap()
		}
	}
	return peer
}

// withoutPort takes a port, brackets and the zone of an IPv6 address away, which some
// proxies write. A zone names an interface of the proxy and says nothing of the client.
func withoutPort(item string) string {
	if addr, err := netip.ParseAddrPort(item); err == nil {
		return addr.Addr().WithZone("").String()
	}
	if bare, ok := strings.CutPrefix(item, "["); ok {
		item = strings.TrimSuffix(bare, "]")
	}
	if addr, err := netip.ParseAddr(item); err == nil && addr.Zone() != "" {
		return addr.WithZone("").String()
	}
	return item
}
