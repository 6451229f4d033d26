package infra

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"faultline"
)

// canonical says how a name of each kind is written. Kinds that are missing
// can't stand in a catalogue: tld is derived, isp is the viewer's side, and
// site is a site's own fault.
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
	host     = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
	category = regexp.MustCompile(`^[a-z]+$`)
)

// check says everything that is wrong with an entry on its own.
func (e Entry) check(sources map[string]string) error {
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

// checkSite refuses what the door would never make of a name, for such an entry
// could never be found again.
func checkSite(site string) error {
	if len(site) > 253 || !host.MatchString(site) {
		return errors.New("site is not the ASCII lower-case name of a host")
	}
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

func checkComponent(c faultline.Component) error {
	pattern, ok := canonical[c.Kind()]
	if !ok || !c.Valid() {
		return fmt.Errorf("component %q has no kind that stands in a catalogue", c)
	}
	if !pattern.MatchString(c.Name()) {
		return fmt.Errorf("component %q is not in canonical form", c)
	}
	if c.Kind() == faultline.KindPrefix {
		if p, err := netip.ParsePrefix(c.Name()); err != nil || p.Masked().String() != c.Name() {
			return fmt.Errorf("component %q is not a canonical address prefix", c)
		}
	}
	return nil
}

// seen remembers what must stand only once in a catalogue.
type seen struct {
	sites map[string]bool
	ranks map[int]string
}

func newSeen(n int) seen {
	return seen{sites: make(map[string]bool, n), ranks: make(map[int]string, n)}
}

func (s seen) add(e Entry) error {
	var twice []error
	if s.sites[e.Site] {
		twice = append(twice, errors.New("site stands twice"))
	}
	if other, ok := s.ranks[e.Rank]; ok {
		twice = append(twice, fmt.Errorf("rank %d is that of %s", e.Rank, other))
	}
	s.sites[e.Site] = true
	s.ranks[e.Rank] = e.Site
	return errors.Join(twice...)
}
