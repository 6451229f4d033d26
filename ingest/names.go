package ingest

import (
	"errors"
	"hash/maphash"
	"strings"
	"sync"

	"golang.org/x/net/publicsuffix"
)

// maxNames bounds the sites that a node knows by name.
const maxNames = 1 << 20

// errSuffix refuses names such as co.uk: a report of one would be of nobody's site.
var errSuffix = errors.New("is a suffix under which others register names, not a site")

// Names knows which sites there are and reads what people call them. It is safe
// for concurrent use.
type Names struct {
	mu    sync.RWMutex
	known map[string]string // each name to itself, so that readers share one copy

	aliases   map[string]string // other names, to the known ones that they lead to
	seed      maphash.Seed
	skeletons map[uint64]struct{} // of known names: a hash of the skeleton, where that is another word
}

// NewNames returns a Names that knows the given sites.
func NewNames(sites ...string) *Names {
	n := &Names{known: make(map[string]string, len(sites)), seed: maphash.MakeSeed(), skeletons: map[uint64]struct{}{}}
	for _, site := range sites {
		n.Add(site)
	}
	return n
}

// Add makes a site known. It must be written as [Names.Normalise] writes sites:
// ASCII lower case, no leading www. unless a public suffix follows. Anything
// else, and a name beyond the bound of 1,048,576, is not added and reported as
// false.
func (n *Names) Add(site string) bool {
	if n.Known(site) {
		return true
	}
	host, err := parseHost(site)
	if err != nil || host != site {
		return false
	}
	if suffix, icann := publicsuffix.PublicSuffix(site); icann && suffix == site {
		return false
	}
	if rest, ok := strings.CutPrefix(site, "www."); ok && !isSuffix(rest) {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.known) >= maxNames {
		return false
	}
	site = strings.Clone(site)
	n.known[site] = site
	// A name that is its own skeleton is found in known, and needs no place here.
	if skeletal := skeleton(site); skeletal != site {
		n.skeletons[maphash.String(n.seed, skeletal)] = struct{}{}
	}
	return true
}

// Len is how many sites are known.
func (n *Names) Len() int {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return len(n.known)
}

// Known reports whether the map or the catalogue names the site.
func (n *Names) Known(site string) bool {
	_, ok := n.find(site)
	return ok
}

// find is the site that a name leads to, if it is known.
func (n *Names) find(site string) (string, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	name, ok := n.known[site]
	return name, ok
}

// findAny finds a site by its name, or by another that leads to it.
func (n *Names) findAny(name string) (string, bool) {
	if site, ok := n.find(name); ok {
		return site, true
	}
	return n.alias(name)
}

// Normalise returns the site that a person or an agent means by input, a name
// or a URL: case, IDNA, scheme, path, port and a trailing dot are taken off, a
// leading www. is dropped unless what remains is a public suffix, and a deeper
// host counts for its registrable domain unless it is known itself. What is another
// name of a site ([Names.Alias]) is that site. The site
// need not be known. The error says why input names none; it completes a
// sentence that begins with the input.
//
// Public suffixes are those of publicsuffix.org, the private ones included:
// below github.io each name is somebody's own, so foo.github.io is registrable.
// A private suffix itself (blogspot.com) is a site only when it is known.
//
// A name of which a label mixes scripts is refused, and so is one that is not
// known and looks like one that is (UTS 39): it would be shown beside it.
func (n *Names) Normalise(input string) (string, error) {
	site, _, err := n.read(input)
	return site, err
}

// read is Normalise that also says whether the site is known.
func (n *Names) read(input string) (site string, known bool, err error) {
	if site, ok := n.findAny(input); ok {
		return site, true, nil
	}
	// The order matters: what is known by exactly this name comes before any rule, as an
	// operator may have listed a host or a suffix.
	host, err := parseHost(input)
	if err != nil {
		return "", false, err
	}
	if site, ok := n.findAny(host); ok {
		return site, true, nil
	}
	rest, www := strings.CutPrefix(host, "www.")
	if isSuffix(rest) {
		return n.underSuffix(rest, www)
	}
	if site, ok := n.findAny(rest); ok {
		return site, true, nil
	}
	site, err = publicsuffix.EffectiveTLDPlusOne(rest)
	if err != nil {
		return "", false, errNotDomain
	}
	suffix, icann := publicsuffix.PublicSuffix(site)
	// Below a private suffix others make up names by their own rules, in which
	// underscores occur.
	if icann && strings.Contains(strings.TrimSuffix(site, suffix), "_") {
		return "", false, errNotDomain // no registry gives such a name out
	}
	if bare, ok := strings.CutPrefix(site, "www."); ok && isSuffix(bare) {
		return n.underSuffix(bare, true)
	}
	if known, ok := n.findAny(site); ok {
		return known, true, nil
	}
	if n.resembles(site) || n.resembles(rest) {
		return "", false, errLookalike
	}
	return site, false, nil
}

// resembles reports whether an unknown name looks like a known one.
func (n *Names) resembles(site string) bool {
	skeletal := skeleton(site)
	n.mu.RLock()
	defer n.mu.RUnlock()
	if _, ok := n.skeletons[maphash.String(n.seed, skeletal)]; ok {
		return true
	}
	_, ok := n.known[skeletal]
	return ok && skeletal != site
}

// underSuffix reads a bare public suffix and its www. host, which are one site:
// the one that is known.
func (n *Names) underSuffix(suffix string, www bool) (site string, known bool, err error) {
	if site, ok := n.find("www." + suffix); ok {
		return site, true, nil
	}
	if site, ok := n.find(suffix); ok {
		return site, true, nil
	}
	if !www {
		return "", false, errSuffix
	}
	return "www." + suffix, false, nil
}

// isSuffix reports whether a name is a public suffix itself.
func isSuffix(host string) bool {
	suffix, _ := publicsuffix.PublicSuffix(host)
	return suffix == host
}
