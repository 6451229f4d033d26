package infra

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"faultline"
)

// canonical says how a name of each kind is written. Kinds that are missing can't stand
// in a catalogue: tld is derived, isp is the viewer's side, and site is a site's own
// fault. A component is compared as a string everywhere, so there must be one way to
// write it.
var canonical = map[string]*regexp.Regexp{
	faultline.KindCDN:    regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`),
	faultline.KindCloud:  regexp.MustCompile(`^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*$`),
	faultline.KindDNS:    regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`),
	faultline.KindASN:    regexp.MustCompile(`^AS[1-9][0-9]{0,9}$`),
	faultline.KindPrefix: regexp.MustCompile(`^[0-9a-f.:]+/[0-9]+$`),
	faultline.KindPOP:    regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*/[a-z0-9][a-z0-9-]*$`),
	faultline.KindCA:     regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`),
}

var (
	// labels of 1 to 63 characters, two or more (RFC 1035), and underscores, which some
	// hosts have
	host     = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
	category = regexp.MustCompile(`^[a-z]+$`)
	country  = regexp.MustCompile(`^[A-Z]{2}$`)
	status   = regexp.MustCompile(`^https://[a-z0-9.-]+(/\S*)?$`)
	// what a person types into the search box: words without capitals, one space
	// between them
	alias = regexp.MustCompile(`^[^\s\p{Lu}]+( [^\s\p{Lu}]+)*$`)
)

// check says everything that is wrong with an entry on its own, so that its author sees
// all of it at once.
//
// The checks are strict because a catalogue is read by people and compared by machines.
// A name with a space after it would look right in every review and match nothing.
func (e Entry) check(sources map[string]Provenance) error {
	problems := []error{checkSite(e.Site)}
	if e.Name == "" || strings.TrimSpace(e.Name) != e.Name {
		problems = append(problems, fmt.Errorf("name %q is empty or has spaces around it", e.Name))
	}
	if e.Rank < 1 {
		problems = append(problems, fmt.Errorf("rank %d is not 1 or more", e.Rank))
	}
	if !category.MatchString(e.Category) {
		problems = append(problems, fmt.Errorf("category %q is not one word in lower case", e.Category))
	}
	problems = append(problems, e.checkNames())
	if len(e.Components) > maxComponents {
		problems = append(problems, fmt.Errorf("more than %d components", maxComponents))
	}
	for i, c := range e.Components {
		problems = append(problems, checkComponent(c))
		if slices.Contains(e.Components[:i], c) {
			problems = append(problems, fmt.Errorf("component %q stands twice", c))
		}
	}
	for _, s := range e.Sources {
		if _, ok := sources[s]; !ok {
			problems = append(problems, fmt.Errorf("source %q is not among the catalogue's sources", s))
		}
	}
	return errors.Join(problems...)
}

// checkNames says what is wrong with what else an entry is called and where it is
// at home. All of it may be missing.
func (e Entry) checkNames() error {
	var problems []error
	if e.Country != "" && !country.MatchString(e.Country) {
		problems = append(problems, fmt.Errorf("country %q is not two capital letters", e.Country))
	}
	if e.Status != "" && !status.MatchString(e.Status) {
		problems = append(problems, fmt.Errorf("status %q is not the https address of a page", e.Status))
	}
	if len(e.Hosts) > maxOtherNames || len(e.Aliases) > maxOtherNames {
		problems = append(problems, fmt.Errorf("more than %d hosts or aliases", maxOtherNames))
	}
	for _, h := range e.Hosts {
		if err := checkSite(h); err != nil {
			problems = append(problems, fmt.Errorf("host %q: %w", h, err))
		}
	}
	for _, a := range e.Aliases {
		if len(a) > maxAlias || !alias.MatchString(a) {
			problems = append(problems, fmt.Errorf("alias %q is not words in lower case", a))
		}
	}
	return errors.Join(problems...)
}

// maxAlias bounds an alias, in bytes.
const maxAlias = 64

// checkSite refuses what ingest would never make of a name, for such an entry could
// never be found again. The bounds are those of RFC 1035: 253 characters for a whole
// name.
func checkSite(site string) error {
	if len(site) > 253 || !host.MatchString(site) {
		return errors.New("site is not the ASCII lower-case name of a host")
	}
	// Only suffixes of the ICANN section are refused. Those of the private section,
	// such as github.io, are somebody's site and may fail like one.
	if suffix, icann := publicsuffix.PublicSuffix(site); icann && suffix == site {
		return errors.New("site is a public suffix; its www. host may be one")
	}
	if rest, ok := strings.CutPrefix(site, "www."); ok {
		if suffix, _ := publicsuffix.PublicSuffix(rest); suffix != rest {
			return fmt.Errorf("site has a www. too many: write %s", rest)
		}
	}
	return nil
}

// checkComponent refuses a component that a catalogue cannot hold, or that is not written in the
// one way that is compared.
func checkComponent(c faultline.Component) error {
	pattern, ok := canonical[c.Kind()]
	if !ok || !c.Valid() {
		return fmt.Errorf("component %q has no kind that stands in a catalogue", c)
	}
	if !pattern.MatchString(c.Name()) {
		return fmt.Errorf("component %q is not in canonical form", c)
	}
	if c.Kind() == faultline.KindPrefix {
		// A prefix with bits set behind its length is the same network as the one
		// without, and would be a second component beside it.
		if p, err := netip.ParsePrefix(c.Name()); err != nil || p.Masked().String() != c.Name() {
			return fmt.Errorf("component %q is not a canonical address prefix", c)
		} else if tooWide(p) {
			return fmt.Errorf("component %q holds more of the internet than anybody has", c)
		}
	}
	return nil
}

// seen remembers what must stand only once in a catalogue.
type seen struct {
	sites map[string]bool
	ranks map[int]string
	names map[string]string // hosts and aliases → whose they are
}

// newSeen returns the memory of a catalogue of about n entries, still empty.
func newSeen(n int) seen {
	return seen{sites: make(map[string]bool, n), ranks: make(map[int]string, n), names: make(map[string]string, n)}
}

// add notes an entry, and returns what it has in common with an earlier one: each site,
// rank and name may occur once. It notes the entry even when something is twice, so
// that one mistake is told once and not again at each entry after it.
func (s seen) add(e Entry) error {
	var twice []error
	if s.sites[e.Site] {
		twice = append(twice, errors.New("site stands twice"))
	}
	if other, ok := s.ranks[e.Rank]; ok {
		twice = append(twice, fmt.Errorf("rank %d is that of %s", e.Rank, other))
	}
	for _, name := range slices.Concat(e.Hosts, e.Aliases) {
		if other, ok := s.names[name]; ok {
			twice = append(twice, fmt.Errorf("%q leads to %s already", name, other))
		}
		s.names[name] = e.Site
	}
	s.sites[e.Site] = true
	s.ranks[e.Rank] = e.Site
	return errors.Join(twice...)
}

// hidden says which hosts and aliases are sites themselves. A person who types such a
// name gets the site of that name, so the alias would never lead anywhere.
func (s seen) hidden() error {
	var hidden []error
	for _, name := range slices.Sorted(maps.Keys(s.names)) {
		if s.sites[name] && len(hidden) < maxNamedComplaints {
			hidden = append(hidden, fmt.Errorf("%q leads to %s and is a site", name, s.names[name]))
		}
	}
	return errors.Join(hidden...)
}
