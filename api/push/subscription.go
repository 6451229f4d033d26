package push

import (
	"crypto/ecdh"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"faultline"
)

// Hosts are the push services of the browsers that there are. An asterisk stands for one or
// more labels. Only these are called: an endpoint is an address that a stranger gives us.
var Hosts = []string{
	"fcm.googleapis.com",          // Chrome, Edge on Android, Opera, Samsung Internet
	"*.push.services.mozilla.com", // Firefox
	"*.push.apple.com",            // Safari
	"*.notify.windows.com",        // Edge
}

const (
	maxEndpoint = 1_000 // bytes; those of Windows are some 600
	authBytes   = 16    // RFC 8291, section 3.2
)

// Subscription is how one browser is reached, as its Push API writes it
// (PushSubscription.toJSON).
type Subscription struct {
	// Endpoint is the address at its push service.
	Endpoint string `json:"endpoint"`
	Keys     Keys   `json:"keys"`
}

// Keys are what messages to one browser are encrypted with, in base64url without padding.
type Keys struct {
	P256dh string `json:"p256dh"` // its public key, a point on P-256
	Auth   string `json:"auth"`   // 16 bytes
}

// check refuses a subscription that nothing can be sent to, with a
// [faultline.InvalidError].
func (s Subscription) check(hosts []string) error {
	if !known(s.Endpoint, hosts) {
		return faultline.InvalidError{{Pointer: "/endpoint",
			Detail: "must be https://…, of at most 1,000 bytes, at a push service of a browser"}}
	}
	point, err := base64.RawURLEncoding.DecodeString(s.Keys.P256dh)
	if err == nil {
		_, err = ecdh.P256().NewPublicKey(point)
	}
	if err != nil {
		return faultline.InvalidError{{Pointer: "/keys/p256dh", Detail: "must be a point on P-256 in base64url"}}
	}
	if auth, err := base64.RawURLEncoding.DecodeString(s.Keys.Auth); err != nil || len(auth) != authBytes {
		return faultline.InvalidError{{Pointer: "/keys/auth", Detail: "must be 16 bytes in base64url"}}
	}
	return nil
}

// known reports whether an endpoint is at one of the hosts.
func known(endpoint string, hosts []string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || len(endpoint) > maxEndpoint || u.Scheme != "https" || u.User != nil || u.Fragment != "" {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix(u.Host, ":443"))
	return slices.ContainsFunc(hosts, func(pattern string) bool {
		if end, family := strings.CutPrefix(pattern, "*"); family {
			return len(host) > len(end) && strings.HasSuffix(host, end)
		}
		return host == pattern
	})
}
