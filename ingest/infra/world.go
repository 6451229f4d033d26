package infra

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// What is in every answer, so that its mere presence tells nothing. Via and Server are
// among them although some providers can be told by them: then by a pattern of their
// value.
var commonHeaders = map[string]bool{
	"Accept-Ranges": true, "Age": true, "Cache-Control": true, "Connection": true, "Content-Encoding": true,
	"Content-Length": true, "Content-Type": true, "Date": true, "Etag": true, "Expires": true, "Last-Modified": true,
	"Location": true, "Server": true, "Set-Cookie": true, "Strict-Transport-Security": true, "Transfer-Encoding": true,
	"Vary": true, "Via": true, "X-Cache": true, "X-Powered-By": true,
}

// reservedASN are the numbers that nobody's network has (RFC 7607, RFC 6793,
// RFC 7300).
var reservedASN = map[uint32]bool{0: true, 23456: true, math.MaxUint16: true, math.MaxUint32: true}

// checkRules says which rules of a signature can't be read, and which would match
// the whole world.
func (s *Signature) checkRules() error {
	var problems []error
	for _, list := range [][]string{s.CNAME, s.NS} {
		for _, suffix := range list {
			problems = append(problems, checkSuffix(suffix))
		}
	}
	for _, list := range [][]uint32{s.ASN, s.NSASN} {
		for _, asn := range list {
			if reservedASN[asn] {
				problems = append(problems, fmt.Errorf("asn %d is nobody's network", asn))
			}
		}
	}
	for _, r := range s.Ranges {
		p, err := netip.ParsePrefix(r)
		switch {
		case err != nil || p.Masked().String() != r:
			problems = append(problems, fmt.Errorf("range %q is not a canonical address prefix", r))
		case tooWide(p):
			problems = append(problems, fmt.Errorf("range %q holds more of the internet than anybody has", r))
		}
	}
	for _, issuer := range s.Issuers {
		if strings.TrimSpace(issuer) != issuer || issuer == "" {
			problems = append(problems, fmt.Errorf("issuer %q is empty or has spaces around it", issuer))
		}
	}
	for _, h := range s.Headers {
		problems = append(problems, h.check())
	}
	return errors.Join(problems...)
}

// check refuses a header that every answer has.
func (h HeaderMatch) check() error {
	switch {
	case h.Name == "" || strings.ContainsAny(h.Name, " \t:\r\n"):
		return fmt.Errorf("header %q is not the name of a header", h.Name)
	case commonHeaders[http.CanonicalHeaderKey(h.Name)] && h.match != nil && h.match.MatchString(""):
		return fmt.Errorf("header %s with the pattern %q is in every answer", h.Name, h.Match)
	}
	return nil
}

// checkSuffix refuses what is no end of a host name, and what many owners' names
// end in: the labels behind the last hole must be more than a public suffix.
func checkSuffix(suffix string) error {
	if suffix != strings.ToLower(suffix) || strings.Contains(suffix, "..") ||
		strings.Trim(suffix, ".") != suffix || suffix == "" {
		return fmt.Errorf("suffix %q is not the lower-case end of a host name", suffix)
	}
	labels := strings.Split(suffix, ".")
	fixed := len(labels)
	for fixed > 0 && !isHole(labels[fixed-1]) {
		fixed--
	}
	rest := strings.Join(labels[fixed:], ".")
	public, icann := publicsuffix.PublicSuffix(rest)
	if rest == "" || public == rest && (icann || !strings.Contains(rest, ".")) {
		return fmt.Errorf("suffix %q is what names of many owners end in", suffix)
	}
	return nil
}

// minLiteral is how many characters a label with a hole must fix to stand for one
// owner, as awsdns-* does.
const minLiteral = 4

// isHole reports whether a label of a suffix may be almost anything.
func isHole(label string) bool {
	literal := strings.NewReplacer("{}", "", "*", "").Replace(label)
	return literal != label && len(literal) < minLiteral
}

// checkNetworks refuses networks that nobody has, and those without an owner.
func (s Signatures) checkNetworks() error {
	for _, n := range s.Networks {
		if reservedASN[n.ASN] {
			return fmt.Errorf("networks: asn %d is nobody's network", n.ASN)
		}
		if strings.TrimSpace(n.Owner) == "" {
			return fmt.Errorf("networks: asn %d has no owner", n.ASN)
		}
	}
	return nil
}
