package faultline

import (
	"net"
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
