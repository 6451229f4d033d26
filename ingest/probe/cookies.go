package probe

import (
	"net/http"
	"strings"
	"time"
)

// Bounds of what one walk carries.
const (
	maxCookies      = 20
	maxCookieLength = 4 << 10
)

// cookie is one that a site has set (RFC 6265). It lives as long as the walk. exact is
// true where no Domain was given: it goes to that host alone.
type cookie struct {
	name, value, domain, path string
	exact, secure             bool
}

// cookies are what the answers of one walk have set, for sites that redirect until
// their cookie comes back. Nothing of them is kept for the next check, so that a site
// cannot follow us from check to check.
type cookies []cookie

// set takes in the cookies of an answer and reports whether there were any, whether or
// not they could be kept: then a redirect in a circle may end in a browser. Those for
// foreign domains are refused.
func (all *cookies) set(at place, header fields, now time.Time) bool {
	there := false
	for _, line := range header.all("Set-Cookie") {
		there = true
		c, err := http.ParseSetCookie(line)
		if err != nil || len(line) > maxCookieLength {
			continue
		}
		made := cookie{name: c.Name, value: c.Value, domain: at.host, path: c.Path, exact: true, secure: c.Secure}
		if d := strings.TrimPrefix(strings.ToLower(c.Domain), "."); d != "" {
			if !within(at.host, d) {
				continue
			}
			made.domain, made.exact = d, false
		}
		if !strings.HasPrefix(made.path, "/") {
			made.path = "/" // nearer than the truth needs to be
		}
		all.drop(made)
		ended := c.MaxAge < 0 || c.MaxAge == 0 && !c.Expires.IsZero() && c.Expires.Before(now)
		if !ended && len(*all) < maxCookies {
			*all = append(*all, made)
		}
	}
	return there
}

// drop removes the cookie that another one replaces, or that has expired.
func (all *cookies) drop(c cookie) {
	kept := (*all)[:0]
	for _, o := range *all {
		if o.name != c.name || o.domain != c.domain || o.path != c.path {
			kept = append(kept, o)
		}
	}
	*all = kept
}

// line returns the value of the Cookie header of a request; "" for none.
func (all cookies) line(to place) string {
	var b strings.Builder
	for _, c := range all {
		if c.secure && !to.secure || c.exact && c.domain != to.host || !within(to.host, c.domain) ||
			!strings.HasPrefix(to.path, c.path) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.name + "=" + c.value)
	}
	return b.String()
}

// within reports whether a host is a domain or below it. A domain of one label, such as
// "com", holds no host.
func within(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain) && strings.Contains(domain, ".")
}
