package faultline

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// Authority is the host and port of an address in the one form by which two are compared:
// in lower case, without the dot that ends a complete name, and without the port that the
// scheme implies (RFC 3986 section 6.2.3). Browsers keep that dot in Origin and in Host, and
// operators write that port into addresses.
func Authority(u *url.URL) string {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	host = strings.TrimSuffix(host, ".")
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port)
}

// Origins says from pages of which addresses a browser may send something to a server. Any
// other name can be pointed at the server by whoever owns it (DNS rebinding). A page under
// that name is then of one origin with the server, so that Host and Origin agree and prove
// nothing.
type Origins struct {
	// Base is the public address of the server, such as https://faultline.example; "": none.
	Base string
	// Listen is the HOST:PORT that the server listens on. A name in it is one of its own.
	Listen string
}

// Own reports whether an origin, as the header field has it (RFC 6454), is the server's own:
// that of its public address, or the one that the request was sent to (its field Host), if
// that is an address, localhost or the name that the server listens on.
func (o Origins) Own(origin, host string) bool {
	from, err := url.Parse(origin)
	if err != nil || from.Scheme != "https" && from.Scheme != "http" || from.Hostname() == "" {
		return false
	}
	base, err := url.Parse(o.Base)
	if err == nil && base.Host != "" && from.Scheme == base.Scheme && Authority(from) == Authority(base) {
		return true
	}
	return Authority(from) == Authority(&url.URL{Scheme: from.Scheme, Host: host}) && o.names(from.Hostname())
}

// OwnHost reports whether a request's field Host is one of the server's own, for requests
// that state no origin.
func (o Origins) OwnHost(host string) bool {
	asked := &url.URL{Scheme: "https", Host: host}
	base, err := url.Parse(o.Base)
	if err == nil && base.Host != "" {
		asked.Scheme = base.Scheme
		if Authority(asked) == Authority(base) {
			return true
		}
	}
	return o.names(asked.Hostname())
}

// names reports whether a host is an address, localhost or the name that the server listens on.
func (o Origins) names(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	listen, _, err := net.SplitHostPort(o.Listen)
	return host == "localhost" || err == nil && listen != "" && host == strings.ToLower(listen)
}
