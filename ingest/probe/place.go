package probe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"

	"faultline"
)

var noAddr netip.Addr

// choose picks the addresses to try: one of the family that is wanted, then one
// of the other, else a second one of the same. Those that must not be connected
// to are left out here already; the guard looks again at every connection.
func (l *look) choose(addrs []netip.Addr) []netip.Addr {
	var v4, v6 []netip.Addr
	for _, a := range l.c.guard.allowed(append([]netip.Addr(nil), addrs...)) {
		if a.Is4() {
			v4 = append(v4, a)
		} else {
			v6 = append(v6, a)
		}
	}
	shuffle(v4)
	shuffle(v6)
	wanted, other := v4, v6
	if l.task.IPv6 {
		wanted, other = v6, v4
	} else if len(v4) > 0 {
		other = nil // whether IPv6 works from here is not known
	}
	switch {
	case len(wanted) == 0:
		return other[:min(2, len(other))]
	case len(other) == 0:
		return wanted[:min(2, len(wanted))]
	}
	return []netip.Addr{wanted[0], other[0]}
}

func shuffle(a []netip.Addr) {
	rand.Shuffle(len(a), func(i, j int) { a[i], a[j] = a[j], a[i] })
}

// placeOf reads an absolute URL; false: it is none that a look goes to.
func placeOf(text string) (place, bool) {
	u, err := url.Parse(text)
	if err != nil || text == "" {
		return place{}, false
	}
	return placeAt(u)
}

// sentOn says where an answer leads, if to a place that a look goes to: over
// HTTP, to a name and not an address, on the standard port, and never from a
// secure place to one that is not.
func (l *look) sentOn(a answer) (place, bool) {
	switch a.status {
	case 301, 302, 303, 307, 308:
	default:
		return place{}, false
	}
	if a.location == "" || len(a.location) > maxLocation {
		return place{}, false
	}
	base, err := url.Parse(l.at.url())
	if err != nil {
		return place{}, false
	}
	u, err := base.Parse(a.location)
	if err != nil {
		return place{}, false
	}
	p, ok := placeAt(u)
	return p, ok && (p.secure || !l.at.secure)
}

func placeAt(u *url.URL) (place, bool) {
	p := place{secure: u.Scheme == "https", host: strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")}
	standard := map[bool]string{true: "443", false: "80"}[p.secure]
	if !p.secure && u.Scheme != "http" || u.User != nil || u.Port() != "" && u.Port() != standard || !isHost(p.host) {
		return place{}, false
	}
	p.path = u.EscapedPath()
	if p.path == "" {
		p.path = "/"
	}
	if u.RawQuery != "" {
		p.path += "?" + u.RawQuery
	}
	if p.path[0] != '/' || len(p.path) > maxLocation || !printable(p.path) || strings.Contains(p.path, " ") {
		return place{}, false
	}
	return p, true
}

// isHost reports whether s is a name that may be asked for: letters, digits,
// hyphens, underscores, at least one dot, and no address.
func isHost(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	_, err := netip.ParseAddr(s)
	return err != nil && len(s) <= 253 && strings.Contains(s, ".")
}

// Details of connections that could not be made.
const (
	connectRefused     = "refused"
	connectReset       = "reset"
	connectUnreachable = "unreachable"
	detailGuard        = "guard" // it leads where we do not go
)

// judgeError makes the outcome of a look that got no answer.
func judgeError(ctx context.Context, err error) (faultline.Symptom, string) {
	var (
		dns     *DNSError
		guarded *guardedError
		broken  *brokenAt
		timeout net.Error
	)
	switch {
	case errors.As(err, &guarded):
		return faultline.SymptomBlocked, detailGuard
	case errors.As(err, &dns):
		return faultline.SymptomDNS, dns.Kind
	case errors.As(err, &broken):
	case ctx.Err() != nil:
		return faultline.SymptomTimeout, "dns"
	default:
		return faultline.SymptomOther, ""
	}
	if errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return faultline.SymptomTimeout, [...]string{layerConnect: "connect", layerTLS: "tls", layerHTTP: "http"}[broken.layer]
	}
	if word := errorWord(err); word != "" {
		return faultline.SymptomConnect, word
	}
	switch {
	case broken.layer == layerConnect:
		return faultline.SymptomConnect, ""
	case broken.layer == layerTLS:
		return faultline.SymptomTLS, tlsDetail(err)
	case errors.Is(err, errFlood):
		return faultline.SymptomContent, detailFlood
	}
	return faultline.SymptomContent, detailGarbage
}

// errorWord says in a word why there is no connection any more; empty: there is.
func errorWord(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return connectRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return connectReset
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return connectUnreachable
	}
	return ""
}

// declines asks the site's robots.txt (RFC 9309) whether it wants to be probed.
// We look at one page as a visitor does and crawl nothing, so that rules for
// crawlers at large are not meant for us: only a group that names us is.
func (l *look) declines(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, consentLimit)
	defer cancel()
	a, err := l.follow(ctx, l.starts("/robots.txt"))
	no := err == nil && a.status == http.StatusOK && namesUs(a.body)
	l.ph, l.note, l.obs = Phases{}, "", Observation{}
	return no
}

// robotName is what a robots.txt calls us.
const robotName = "faultline"

// namesUs reports whether a robots.txt has a group for us that disallows
// everything.
func namesUs(text []byte) bool {
	ours, rules := false, false
	for line := range bytes.Lines(text) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		key, value, _ := strings.Cut(string(line), ":")
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		switch key {
		case "user-agent":
			if rules { // rules end a group
				ours, rules = false, false
			}
			ours = ours || strings.EqualFold(value, robotName)
		case "disallow", "allow":
			if rules = true; ours && key == "disallow" && value == "/" {
				return true
			}
		}
	}
	return false
}
