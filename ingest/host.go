package ingest

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Bounds of a name, in bytes. What people paste is a whole URL at times.
const (
	maxInput = 2048
	maxHost  = 253
)

// lookup maps a host as a browser does before it looks the name up (UTS 46,
// non-transitional), and besides refuses empty and overlong labels. Hyphens at
// places 3 and 4 stay allowed: real hosts have them.
var lookup = idna.New(
	idna.MapForLookup(), idna.BidiRule(), idna.CheckHyphens(false), idna.VerifyDNSLength(true),
	idna.StrictDomainName(false), // isHost is stricter, and lets the underscore through
)

// specialTLDs never lead to a public web site: RFC 6761, 6762, 7686, 8375,
// 9476, what ICANN has set aside for private use, and what routers and offices
// make up. The list of public suffixes holds some of them.
var specialTLDs = map[string]bool{
	"alt": true, "arpa": true, "corp": true, "example": true, "home": true,
	"internal": true, "intranet": true, "invalid": true, "lan": true,
	"local": true, "localdomain": true, "localhost": true, "onion": true,
	"private": true, "test": true,
}

var (
	errNoName    = errors.New("names no site")
	errTooLong   = fmt.Errorf("is longer than %d bytes", maxInput)
	errUserinfo  = errors.New("carries a user name or password; give the site's name alone")
	errPort      = errors.New("carries a port that is not a number")
	errAddress   = errors.New("is an address, not the name of a site")
	errNotDomain = errors.New("is not a domain name")
	errOneLabel  = errors.New("is a single word, not a domain name such as bbc.co.uk")
	errPrivate   = errors.New("is not a public name")
)

// parseHost takes what a person typed or pasted down to its host in ASCII
// lower case: no scheme, path, query, port or trailing dot. It refuses what can
// be no public host.
func parseHost(input string) (string, error) {
	if len(input) > maxInput {
		return "", errTooLong
	}
	authority := strings.TrimSpace(input)
	if scheme, rest, ok := strings.Cut(authority, "://"); ok && isScheme(scheme) {
		authority = rest
	} else {
		authority = strings.TrimPrefix(authority, "//")
	}
	if end := strings.IndexAny(authority, "/?#"); end >= 0 {
		authority = authority[:end]
	}
	if strings.ContainsRune(authority, '@') {
		return "", errUserinfo
	}
	if strings.HasPrefix(authority, "[") || strings.Count(authority, ":") > 1 {
		return "", errAddress // IPv6
	}
	host, port, _ := strings.Cut(authority, ":")
	if strings.Trim(port, "0123456789") != "" || len(port) > 5 {
		return "", errPort
	}
	if host == "" {
		return "", errNoName
	}
	mapped, err := lookup.ToASCII(host)
	if err != nil || !utf8.ValidString(host) {
		return "", errNotDomain
	}
	mapped = strings.TrimSuffix(mapped, ".")
	if !isHost(mapped) {
		return "", errNotDomain
	}
	if err := checkHost(mapped); err != nil {
		return mapped, err
	}
	return mapped, checkScripts(mapped)
}

// isHost reports whether a mapped name is made of what names of hosts hold in DNS:
// letters, digits, hyphens, and the underscore that some services use.
func isHost(mapped string) bool {
	for _, c := range []byte(mapped) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

// checkHost refuses addresses and private names. It runs on the mapped host,
// because mapping turns full-width digits and dots into an address.
func checkHost(host string) error {
	if len(host) > maxHost || host == "" || strings.HasSuffix(host, ".") {
		return errNotDomain
	}
	dot := strings.LastIndexByte(host, '.')
	last := host[dot+1:]
	if _, err := netip.ParseAddr(host); err == nil || isNumber(last) {
		return errAddress
	}
	if specialTLDs[last] {
		return errPrivate
	}
	if dot < 0 {
		return errOneLabel
	}
	if suffix, icann := publicsuffix.PublicSuffix(host); !icann && !strings.Contains(suffix, ".") {
		return errPrivate // no such top-level domain
	}
	return nil
}

// isScheme follows RFC 3986 section 3.1.
func isScheme(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return false
		}
	}
	return s != ""
}

// isNumber reports whether a last label makes browsers and resolvers read the
// whole host as an IPv4 address (WHATWG URL, "ends in a number").
func isNumber(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}
