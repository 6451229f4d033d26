package probe

import (
	"bytes"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// leads is where a redirect leads, if not to another page that can be asked for.
type leads int

const (
	leadsNowhere leads = iota // it is none: the answer is what there is
	leadsOn
	leadsWrong // to what is no address
	leadsAway  // to where a check does not go: another port, scheme or a bare IP address
)

// maxLocation bounds an address, in bytes.
const maxLocation = 8 << 10

// sentOn says where an answer leads: the statuses of redirects (RFC 9110, 15.4) with a
// Location, and none other. A refresh in a page's HTML is not followed.
func (l *checkRun) sentOn(a *answer) (place, leads) {
	switch a.status {
	// 300 and 304 to 306 are no redirects to one place, and browsers show what came with
	// them.
	case 301, 302, 303, 307, 308:
	default:
		return place{}, leadsNowhere
	}
	to := a.header.get("Location")
	switch {
	case to == "":
		return place{}, leadsNowhere
	// Longer addresses exist and browsers follow them. Not following is no evidence, and bounds
	// what one site can make us carry.
	case len(to) > maxLocation:
		return place{}, leadsAway
	}
	return resolveLocation(l.at, to)
}

// resolveLocation reads a Location header as browsers do, by the WHATWG URL
// standard: backslashes are slashes, bytes that are no UTF-8 are escaped, a host
// of another script is written in ASCII.
func resolveLocation(base place, to string) (place, leads) {
	if !utf8.ValidString(to) {
		to = escape(to, func(c byte) bool { return c >= 0x80 })
	}
	// Leading and trailing controls and spaces are dropped, and tabs and line ends anywhere, as the
	// URL standard says. The fragment never reaches a server.
	to = strings.TrimFunc(to, func(r rune) bool { return r <= ' ' })
	to = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(to)
	to, _, _ = strings.Cut(to, "#")
	p := place{secure: base.secure, host: base.host}
	if scheme, rest, ok := cutScheme(to); ok {
		if scheme != "http" && scheme != "https" {
			return place{}, leadsAway
		}
		if p.secure = scheme == "https"; p.secure != base.secure || startsWithSlash(rest) {
			return p.withAuthority(strings.TrimLeft(rest, `/\`))
		}
		to = rest // of the same scheme, without slashes: as if it were relative
	}
	if len(to) > 1 && startsWithSlash(to) && startsWithSlash(to[1:]) {
		return p.withAuthority(strings.TrimLeft(to, `/\`))
	}
	// What follows is "relative" resolution of RFC 3986 section 5.2.
	path, query, asked := strings.Cut(to, "?")
	oldPath, oldQuery, hadQuery := strings.Cut(base.path, "?")
	switch {
	case path == "" && !asked:
		path, query, asked = oldPath, oldQuery, hadQuery
	case path == "":
		path = oldPath
	case !startsWithSlash(path):
		path = oldPath[:strings.LastIndexByte(oldPath, '/')+1] + path
	}
	return p.withPath(path, query, asked)
}

// startsWithSlash takes a backslash for a slash, as browsers do.
func startsWithSlash(s string) bool { return s != "" && (s[0] == '/' || s[0] == '\\') }

// cutScheme splits an address at the colon of its scheme (RFC 3986, 3.1); ok is false
// when it has none.
func cutScheme(s string) (scheme, rest string, ok bool) {
	for i, c := range []byte(s) {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z':
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		case i > 0 && c == ':':
			return strings.ToLower(s[:i]), s[i+1:], true
		default:
			return "", s, false
		}
	}
	return "", s, false
}

// hostProfile writes names of other scripts as DNS has them (UTS 46).
var hostProfile = idna.New(
	idna.MapForLookup(),
	idna.Transitional(false),
	idna.StrictDomainName(false),
	idna.CheckHyphens(false),
)

// withAuthority reads host, port and what follows. An address in place of a name, and
// any port but the usual one, lead away: a check goes to public web sites alone, or
// others could aim it at what they like.
func (p place) withAuthority(s string) (place, leads) {
	authority, rest := s, ""
	if i := strings.IndexAny(s, `/\?`); i >= 0 {
		authority, rest = s[:i], s[i:]
	}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		authority = authority[at+1:] // we have no name and no password
	}
	if strings.HasPrefix(authority, "[") {
		if inside, _, ok := strings.Cut(authority[1:], "]"); ok {
			if _, err := netip.ParseAddr(inside); err == nil {
				return place{}, leadsAway
			}
		}
		return place{}, leadsWrong
	}
	host, port, _ := strings.Cut(authority, ":")
	// A host may be percent-encoded; browsers decode it before they apply IDNA.
	if plain, err := url.PathUnescape(host); err == nil {
		host = plain
	}
	host, err := hostProfile.ToASCII(host)
	if host = strings.TrimSuffix(host, "."); err != nil || host == "" {
		return place{}, leadsWrong
	}
	standard := map[bool]string{true: "443", false: "80"}[p.secure]
	switch number := readDigits([]byte(port)); {
	case port != "" && (number < 0 || number > 65535):
		return place{}, leadsWrong
	case port != "" && port != standard, !isHost(host):
		return place{}, leadsAway
	}
	p.host = host
	path, query, asked := strings.Cut(rest, "?")
	return p.withPath(path, query, asked)
}

// withPath writes path and query as a request has them, by the URL standard's sets of
// bytes that are percent-encoded.
func (p place) withPath(path, query string, asked bool) (place, leads) {
	path = escape(withoutDots(strings.ReplaceAll(path, `\`, "/")), func(c byte) bool {
		return c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>`{}^", c) >= 0
	})
	if asked {
		path += "?" + escape(
			query,
			func(c byte) bool { return c <= ' ' || c >= 0x7f || strings.IndexByte(`"<>'`, c) >= 0 },
		)
	}
	if len(path) > maxLocation {
		return place{}, leadsAway
	}
	p.path = path
	return p, leadsOn
}

// withoutDots resolves . and .. in a path.
func withoutDots(path string) string {
	var kept []string
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, part := range parts {
		plain := strings.ReplaceAll(strings.ToLower(part), "%2e", ".")
		switch {
		// %2e counts as a dot, and a ".." above the root stays at the root (URL standard,
		// "double-dot path segment").
		case plain == ".." && len(kept) > 0:
			kept = kept[:len(kept)-1]
		case plain != "." && plain != "..":
			kept = append(kept, part)
			continue
		}
		if i == len(parts)-1 {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}

// escape writes each byte that which picks as %XX.
func escape(s string, which func(byte) bool) string {
	var b bytes.Buffer
	for i := range len(s) {
		if c := s[i]; which(c) {
			b.WriteString("%" + string("0123456789ABCDEF"[c>>4]) + string("0123456789ABCDEF"[c&15]))
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
