package ingest

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// PublicDNS asks the system's resolver whether a name has an address that anybody
// could reach. It implements [Resolver] for [NewNewcomers].
type PublicDNS struct{}

// Resolves reports whether host has such an address. That nobody has the name is no
// error; that nobody could be asked is one.
func (PublicDNS) Resolves(ctx context.Context, host string) (bool, error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host+".")
	var missing *net.DNSError
	if errors.As(err, &missing) && missing.IsNotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("resolve a name: %w", err)
	}
	for _, a := range addrs {
		// Coarse on purpose: nothing connects to the address because of this answer.
		if a = a.Unmap(); a.IsGlobalUnicast() && !a.IsPrivate() {
			return true, nil
		}
	}
	return false, nil
}
