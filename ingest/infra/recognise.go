package infra

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"faultline"
)

// The shortest prefixes that a component may name: nobody announces more of the
// internet at once.
const (
	shortestPrefix4 = 8
	shortestPrefix6 = 16
)

// Recognises reports whether a component that a vantage names for a site can be there:
// a name of the signature table, the site's own name servers or top-level domain, and
// networks as the address database has them. Via is all that the vantage named: a
// network is believed where one of its prefixes stands beside it. Whatever else
// somebody makes up never becomes a component. Components of vantages with a token pass
// here before anything else: an invented CDN that a hundred sites share would look like
// a cause.
func (m *Matcher) Recognises(site string, via []faultline.Component, c faultline.Component) bool {
	if !c.Valid() {
		return false
	}
	switch c.Kind() {
	case faultline.KindTLD:
		return c == tld(site)
	case faultline.KindASN:
		return m.recognisesASN(via, c)
	case faultline.KindPrefix:
		n, ok := m.announced(c)
		// Exactly the announced prefix: a wider or narrower one would be another component with the
		// same members.
		return ok && n.Prefix.Masked().String() == c.Name()
	case faultline.KindDNS:
		if domain := registrable(site); domain != "" && domain == c.Name() {
			return true // the site's own name servers
		}
	// An ISP is on the viewer's side and a site is no infrastructure. A vantage that names one is
	// wrong or lying.
	case faultline.KindISP, faultline.KindSite:
		return false
	}
	return m.inTable(c)
}

// inTable reports whether a signature stands for a component.
func (m *Matcher) inTable(c faultline.Component) bool {
	if m.exact[c] {
		return true
	}
	return slices.ContainsFunc(m.hollow, func(sig *Signature) bool {
		before, after, _ := strings.Cut(string(sig.Component), "{}")
		rest, ok := strings.CutPrefix(string(c), before)
		if !ok || !strings.HasSuffix(rest, after) || len(rest) <= len(after) {
			return false
		}
		return sig.takes(strings.TrimSuffix(rest, after))
	})
}

// recognisesASN reports whether a network is one of the table, or announces a
// prefix that is named beside it.
func (m *Matcher) recognisesASN(via []faultline.Component, c faultline.Component) bool {
	digits, ok := strings.CutPrefix(c.Name(), "AS")
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil || n == 0 || n == math.MaxUint32 || asnName(uint32(n)) != c.Name() {
		return false
	}
	asn := uint32(n)
	if m.asn[asn] != nil || m.nsASN[asn] != nil || m.own[asn] != "" {
		return true
	}
	return slices.ContainsFunc(via, func(beside faultline.Component) bool {
		if beside.Kind() != faultline.KindPrefix {
			return false
		}
		network, ok := m.announced(beside)
		return ok && network.ASN == asn
	})
}

// announced is the network that a prefix component lies in, by the address
// database.
func (m *Matcher) announced(c faultline.Component) (Network, bool) {
	p, err := netip.ParsePrefix(c.Name())
	if err != nil || m.from.Networks == nil || tooWide(p) {
		return Network{}, false
	}
	return m.from.Networks.Network(p.Addr())
}

// tooWide reports whether a prefix holds more of the internet than anybody
// announces at once.
func tooWide(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() < shortestPrefix4
	}
	return p.Bits() < shortestPrefix6
}
