package infra

import (
	"cmp"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"faultline"
)

// Bounds of what is read of one observation. The rest is ignored: it comes from servers
// and vantages that may send anything.
const (
	maxChain       = 16
	maxNameServers = 16
	maxAddrs       = 16
	maxHeaderLines = 8 // of one name
	maxEvidence    = 8 // of one component
)

// Network is the network that an address is announced from.
type Network struct {
	ASN    uint32
	Org    string // who it is registered to; empty: unknown
	Prefix netip.Prefix
}

// Networks returns the network of an address. [MMDB] implements it.
type Networks interface {
	Network(netip.Addr) (Network, bool)
}

// Sources are what a [Matcher] asks besides its table. All may be left out.
type Sources struct {
	Networks Networks
	Ranges   *Ranges
	// Owner is who runs a site, as the catalogue writes owners; empty: unknown.
	Owner func(site string) string
}

// Matcher finds out what a site depends on. It is safe for concurrent use. Its tables
// are made once from the signatures, so that an observation costs a few look-ups and
// not a walk through thousands of rules.
type Matcher struct {
	from    Sources
	cname   suffixTable
	ns      suffixTable
	ranges  *Ranges
	asn     map[uint32]*Signature
	nsASN   map[uint32]*Signature
	issuers map[string]*Signature
	headers []*Signature // that have any
	own     map[uint32]string
	exact   map[faultline.Component]bool // that a signature stands for as they are
	hollow  []*Signature                 // of which an observation fills a part of the name
}

// NewMatcher makes one of a table. The error names every signature that is wrong.
func NewMatcher(s Signatures, from Sources) (*Matcher, error) {
	m := &Matcher{from: from, ranges: &Ranges{}, asn: map[uint32]*Signature{}, nsASN: map[uint32]*Signature{},
		issuers: map[string]*Signature{}, own: map[uint32]string{},
		exact: map[faultline.Component]bool{}}
	var complaints []string
	for i := range s.List {
		sig := s.List[i] // a copy: patterns are compiled into it
		err := sig.prepare()
		if err == nil {
			err = m.add(&sig)
		}
		if err != nil && len(complaints) < maxNamedComplaints {
			complaints = append(complaints, fmt.Sprintf("%s: %v", sig.Component, err))
		}
	}
	if complaints != nil {
		return nil, fmt.Errorf("%s", strings.Join(complaints, "; "))
	}
	for _, n := range s.Networks {
		m.own[n.ASN] = n.Owner
	}
	return m, nil
}

// add enters a signature into the tables by which it is found. An ASN or issuer that two signatures
// claim is refused, because the answer would depend on their order.
//
// Addresses in ranges are the exception: the longer prefix wins, whichever signature it
// is from.
func (m *Matcher) add(sig *Signature) error {
	if sig.hollow() {
		m.hollow = append(m.hollow, sig)
	} else {
		m.exact[sig.Component] = true
	}
	for _, suffix := range sig.CNAME {
		if err := m.cname.add(suffix, sig); err != nil {
			return err
		}
	}
	for _, suffix := range sig.NS {
		if err := m.ns.add(suffix, sig); err != nil {
			return err
		}
	}
	for _, r := range sig.Ranges {
		m.ranges.insert(netip.MustParsePrefix(r), sig.Component)
	}
	if len(sig.Headers) > 0 {
		m.headers = append(m.headers, sig)
	}
	for _, asn := range sig.ASN {
		if other := m.asn[asn]; other != nil {
			return fmt.Errorf("asn %d stands for %s already", asn, other.Component)
		}
		m.asn[asn] = sig
	}
	for _, asn := range sig.NSASN {
		if other := m.nsASN[asn]; other != nil {
			return fmt.Errorf("ns_asn %d stands for %s already", asn, other.Component)
		}
		m.nsASN[asn] = sig
	}
	for _, issuer := range sig.Issuers {
		if other := m.issuers[strings.ToLower(issuer)]; other != nil {
			return fmt.Errorf("issuer %q stands for %s already", issuer, other.Component)
		}
		m.issuers[strings.ToLower(issuer)] = sig
	}
	return nil
}

// Infer returns what an observation says that its site depends on, in order of
// component, each with the evidence for it. It does not decide what is true: package
// infra's [Map] weighs findings over time and vantages.
func (m *Matcher) Infer(o Observation) []Finding {
	owner := ""
	if m.from.Owner != nil {
		owner = m.from.Owner(o.Site)
	}
	// Each finding has a share from 0 to 1 and the evidence for it. What two kinds of evidence show
	// becomes one finding with both.
	f := findings{owner: owner}
	// The top-level domain follows from the name and needs no observation. A site whose domain is
	// down has no other sign to give.
	if strings.Contains(o.Site, ".") {
		f.note(tld(o.Site), 1, false, Evidence{BySuffix, o.Site, "." + tld(o.Site).Name()})
	}
	m.names(&f, o)
	m.nameServers(&f, o)
	m.addresses(&f, o.Addrs)
	m.responses(&f, o)
	if sig := m.issuers[strings.ToLower(strings.TrimSpace(o.Issuer))]; sig != nil {
		f.add(sig, "", 1, Evidence{ByIssuer, o.Issuer, sig.Component.Name()})
	}
	for _, c := range o.Via[:min(len(o.Via), maxComponents)] {
		if m.Recognises(o.Site, o.Via, c) {
			f.note(c, 1, false, Evidence{ByVia, string(c), o.Vantage})
		}
	}
	return f.sorted()
}

// names compares the name itself with the suffixes below which providers give out names, and the
// aliases (CNAME) that it leads through.
//
// A provider's own site ends in the provider's suffix as well. It is told apart by
// depth: the name that its owner registered must be below the suffix, as in
// shop.example-host.net, and not above it.
func (m *Matcher) names(f *findings, o Observation) {
	host := cmp.Or(o.Host, o.Site)
	for _, hit := range m.cname.find(host) {
		if domain := registrable(host); strings.Count(domain, ".") >= hit.depth { // else it is the provider's own site
			f.add(hit.entry, hit.capture, 1, Evidence{ByName, host, hit.suffix})
		}
	}
	// The whole chain counts and not only its end. A site may go through one provider
	// to another, and fails when either fails.
	for _, alias := range o.CNAME[:min(len(o.CNAME), maxChain)] {
		for _, hit := range m.cname.find(alias) {
			f.add(hit.entry, hit.capture, 1, Evidence{ByCNAME, strings.TrimSuffix(alias, "."), hit.suffix})
		}
	}
}

// nameServers gives each provider its part of the name servers. Customers may give
// their provider's servers names of their own, so a server that no suffix matches is
// recognised by the network of its address. One in the site's own domain is the site's
// own. The parts add up to one, so a site with servers at two providers depends on each
// by half. That is what keeps a failure of one from being blamed on both.
func (m *Matcher) nameServers(f *findings, o Observation) {
	servers := o.NS[:min(len(o.NS), maxNameServers)]
	for _, ns := range servers {
		host, part := strings.TrimSuffix(ns.Host, "."), 1/float64(len(servers))
		hits := m.ns.find(host)
		for _, hit := range hits {
			f.add(hit.entry, hit.capture, part, Evidence{ByNS, host, hit.suffix})
		}
		if len(hits) > 0 {
			continue
		}
		if sig, ev := m.standsAt(ns.Addrs); sig != nil {
			ev.Saw = host + " " + ev.Saw
			f.add(sig, "", part, ev)
		} else if domain := registrable(host); domain != "" && domain == registrable(o.Site) {
			f.note(faultline.NewComponent(faultline.KindDNS, domain), part, true, Evidence{ByNS, host, ownByZone})
		}
	}
}

// standsAt recognises a name server by the network of its addresses.
func (m *Matcher) standsAt(addrs []netip.Addr) (*Signature, Evidence) {
	if m.from.Networks == nil {
		return nil, Evidence{}
	}
	// The first network that the table knows decides: the addresses of one name server are of one
	// provider as a rule.
	for _, addr := range addrs[:min(len(addrs), maxAddrs)] {
		if n, ok := m.from.Networks.Network(addr); ok && m.nsASN[n.ASN] != nil {
			return m.nsASN[n.ASN], Evidence{ByASN, addr.String(), asnName(n.ASN)}
		}
	}
	return nil, Evidence{}
}

// addresses finds who announces the addresses, and in whose published ranges they are.
//
// Three kinds of component come out of one address: the provider by its published
// ranges or by its network, the network (AS) itself, and the prefix that is announced.
// They fail separately: a wrong route takes a prefix away and leaves the network well.
func (m *Matcher) addresses(f *findings, addrs []netip.Addr) {
	addrs = addrs[:min(len(addrs), maxAddrs)]
	for _, addr := range addrs {
		// Each address has an equal part of the site: which of them a visitor gets is not known.
		addr, part := addr.Unmap().WithZone(""), 1/float64(len(addrs))
		for _, ranges := range []*Ranges{m.from.Ranges, m.ranges} { // what was fetched beats what was shipped
			if c, in, ok := ranges.Lookup(addr); ok {
				f.note(c, part, false, Evidence{ByRange, addr.String(), in.String()})
				break
			}
		}
		if m.from.Networks == nil {
			continue
		}
		n, ok := m.from.Networks.Network(addr)
		if !ok || n.ASN == 0 {
			continue
		}
		// A site in the network of its own owner depends on nobody by that. Marked as
		// its own, the network is no suspect when other sites fail.
		own := f.owner != "" && (m.own[n.ASN] == f.owner || sameOwner(n.Org, f.owner))
		f.note(faultline.NewComponent(faultline.KindASN, asnName(n.ASN)), part, own,
			Evidence{ByASN, addr.String(), strings.TrimSpace(asnName(n.ASN) + " " + n.Org)})
		if n.Prefix.IsValid() {
			f.note(faultline.NewComponent(faultline.KindPrefix, n.Prefix.Masked().String()), part, own,
				Evidence{ByPrefix, addr.String(), n.Prefix.Masked().String()})
		}
		if sig := m.asn[n.ASN]; sig != nil {
			f.add(sig, "", part, Evidence{ByASN, addr.String(), asnName(n.ASN)})
		}
	}
}

// Headers names the response headers that signatures use, in canonical form, each once.
func (m *Matcher) Headers() []string {
	var names []string
	for _, sig := range m.headers {
		for _, h := range sig.Headers {
			names = append(names, http.CanonicalHeaderKey(h.Name))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// responses compares headers with those that providers add to a response on its way.
// Each header may have many lines and its values come from a stranger, so both are
// bounded before the patterns run.
func (m *Matcher) responses(f *findings, o Observation) {
	if len(o.Header) == 0 {
		return
	}
	for _, sig := range m.headers {
		for _, h := range sig.Headers {
			values := o.Header.Values(h.Name)
			for _, v := range values[:min(len(values), maxHeaderLines)] {
				h.find(f, sig, v)
			}
		}
	}
}

// find adds what a signature says of one value of the header. A group in the pattern is
// part of the component's name, such as the point of presence in a CDN's header. A name
// that the signature does not allow is left out.
func (h *HeaderMatch) find(f *findings, sig *Signature, value string) {
	groups := h.match.FindStringSubmatch(value)
	if groups == nil {
		return
	}
	capture := ""
	if len(groups) > 1 {
		capture = strings.ToLower(groups[1])
	}
	if sig.takes(capture) {
		f.add(sig, capture, 1,
			Evidence{ByHeader, clip(h.Name + ": " + value), strings.TrimSpace(h.Name + " " + h.Match)})
	}
}

// asnName writes the number of an autonomous system as components have it.
func asnName(asn uint32) string { return "AS" + strconv.FormatUint(uint64(asn), 10) }

// registrable is the domain that a host's owner registered; empty: none. It follows the
// public suffix list (publicsuffix.org), because no rule of dots says that
// example.co.uk is registered and co.uk is not.
func registrable(host string) string {
	domain, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(host))
	if err != nil {
		return ""
	}
	return domain
}

// sameOwner reports whether a network is registered to a site's owner: its name begins
// with the owner's, as a whole word. A site in its owner's own network depends on
// nobody by that, and no other site shares it.
func sameOwner(org, owner string) bool {
	org, owner = strings.ToLower(org), strings.ToLower(owner)
	rest, ok := strings.CutPrefix(org, owner)
	// Owners of one or two letters would match the beginnings of names that have
	// nothing to do with them.
	return ok && len(owner) > 2 && (rest == "" || strings.ContainsAny(rest[:1], " ,.-("))
}
