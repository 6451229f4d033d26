package board

import (
	"maps"
	"slices"
	"strings"
)

// About is what our list says of a site beside what it depends on.
type About struct {
	Country string // where the service is at home, ISO 3166-1 alpha-2; empty: not known
	Service string // what kind of service it is, one word in lower case; empty: not known
}

// Describe sets what our list says of a site. It is not in the log, so that each node knows
// it from its own list.
func (x *Index) Describe(site string, about About) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.about == nil {
		x.about = map[string]About{}
	}
	x.about[site] = About{strings.ToUpper(about.Country), about.Service}
}

// About returns what our list says of a site.
func (x *Index) About(site string) About {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.about[site]
}

// Part is a part of our list of sites. An empty word takes every site.
type Part struct {
	Country string `json:"country"` // ISO 3166-1 alpha-2
	Service string `json:"service"` // kind of service
}

// takes reports whether a site belongs to the part.
func (p Part) takes(a About) bool {
	return (p.Country == "" || p.Country == a.Country) && (p.Service == "" || p.Service == a.Service)
}

// The ways to group sites.
const (
	ByCountry = "country"
	ByService = "service"
)

// Groupings are all ways to group sites.
var Groupings = []string{ByCountry, ByService}

// group is the name of a site's group; empty: not known.
func (a About) group(by string) string {
	if by == ByService {
		return a.Service
	}
	return a.Country
}

// Values are the countries or kinds of service that sites of the list have, in order.
func (x *Index) Values(by string) []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	seen := map[string]bool{}
	for site := range x.sites {
		if name := x.about[site].group(by); name != "" {
			seen[name] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
