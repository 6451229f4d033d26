package faultline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Provider is who runs shared infrastructure, or an internet service provider: what
// people call it, the components that it runs, its own networks and its own sites.
type Provider struct {
	Slug    string   `json:"slug"`    // in addresses: amazon-web-services
	Name    string   `json:"name"`    // as a person would write it
	Owner   string   `json:"owner"`   // as the catalogue writes owners; empty: nobody's sites are its own by that
	Aliases []string `json:"aliases"` // what people type for it, in lower case
	// Components are those that it runs. One that ends in "/*" stands for every
	// component below it: cloud:aws/*.
	Components []string `json:"components"`
	Networks   []uint32 `json:"networks"` // autonomous systems that it runs for itself
	Sites      []string `json:"sites"`    // that it runs itself
	ISP        bool     `json:"isp"`      // people reach the internet through its networks
	Country    string   `json:"country,omitempty"`
	Status     string   `json:"status,omitempty"` // the address of its status page
}

// Runs reports whether a component is the provider's: one that the table names, or
// one of its networks, seen from the sites' side or from the viewers'.
func (p Provider) Runs(c Component) bool {
	return p.ownNetwork(c) ||
		slices.ContainsFunc(p.Components, func(pattern string) bool { return Component(pattern).covers(c) })
}

// All are the components that the provider runs, its networks as components too, from
// the sites' side and from the viewers'.
func (p Provider) All() []Component {
	var all []Component
	for _, c := range p.Components {
		all = append(all, Component(c))
	}
	for _, asn := range p.Networks {
		name := fmt.Sprintf("AS%d", asn)
		all = append(all, NewComponent(KindASN, name), NewComponent(KindISP, name))
	}
	return all
}

// ownNetwork reports whether a component is one of the provider's own networks.
func (p Provider) ownNetwork(c Component) bool {
	if c.Kind() != KindASN && c.Kind() != KindISP {
		return false
	}
	number, ok := strings.CutPrefix(c.Name(), "AS")
	asn, err := strconv.ParseUint(number, 10, 32)
	return ok && err == nil && slices.Contains(p.Networks, uint32(asn))
}

// Providers finds providers by what they run. The zero value knows none.
type Providers struct {
	list      []Provider
	bySlug    map[string]int
	byName    map[string]int // slug, name and aliases in lower case
	byNetwork map[uint32]int
	bySite    map[string][]int
	exact     map[Component]int
	below     map[string]int // the part of a pattern before its star
}

// NewProviders indexes a table. Where two entries claim one thing, the first has it;
// a site may have several, such as the clouds of one owner.
func NewProviders(list []Provider) *Providers {
	p := &Providers{list: slices.Clone(list), bySlug: map[string]int{}, byName: map[string]int{},
		byNetwork: map[uint32]int{},
		bySite:    map[string][]int{}, exact: map[Component]int{}, below: map[string]int{}}
	for i, one := range p.list {
		first(p.bySlug, one.Slug, i)
		first(p.byName, one.Slug, i)
		for _, asn := range one.Networks {
			first(p.byNetwork, asn, i)
		}
		for _, site := range one.Sites {
			p.bySite[site] = append(p.bySite[site], i)
		}
		for _, c := range one.Components {
			if prefix, ok := strings.CutSuffix(c, "*"); ok {
				first(p.below, prefix, i)
			} else {
				first(p.exact, Component(c), i)
			}
		}
	}
	p.addNames()
	return p
}

func first[K comparable](m map[K]int, key K, i int) {
	if _, taken := m[key]; !taken {
		m[key] = i
	}
}

// addNames lets a name or alias lead to a provider whose slug is another's no less.
func (p *Providers) addNames() {
	for i, one := range p.list {
		first(p.byName, strings.ToLower(one.Name), i)
		for _, alias := range one.Aliases {
			first(p.byName, alias, i)
		}
	}
}

// All returns the table in its own order.
func (p *Providers) All() []Provider {
	if p == nil {
		return nil
	}
	return p.list
}

// Slug returns the provider of that slug.
func (p *Providers) Slug(slug string) (Provider, bool) {
	if p == nil {
		return Provider{}, false
	}
	i, ok := p.bySlug[slug]
	return p.at(i, ok)
}

// Named returns the provider that somebody calls by that slug, name or alias, whatever
// the case.
func (p *Providers) Named(text string) (Provider, bool) {
	if p == nil {
		return Provider{}, false
	}
	i, ok := p.byName[strings.ToLower(strings.TrimSpace(text))]
	return p.at(i, ok)
}

// Of returns the provider that runs a component.
func (p *Providers) Of(c Component) (Provider, bool) {
	if p == nil {
		return Provider{}, false
	}
	if c.Kind() == KindASN || c.Kind() == KindISP {
		number, _ := strings.CutPrefix(c.Name(), "AS")
		asn, err := strconv.ParseUint(number, 10, 32)
		i, ok := p.byNetwork[uint32(asn)]
		return p.at(i, ok && err == nil)
	}
	if i, ok := p.exact[c]; ok {
		return p.at(i, true)
	}
	cut := strings.IndexByte(string(c), '/')
	if cut < 0 {
		return Provider{}, false
	}
	i, ok := p.below[string(c)[:cut+1]]
	return p.at(i, ok)
}

// Running returns the providers that run a site themselves.
func (p *Providers) Running(site string) []Provider {
	if p == nil {
		return nil
	}
	var out []Provider
	for _, i := range p.bySite[site] {
		out = append(out, p.list[i])
	}
	return out
}

func (p *Providers) at(i int, ok bool) (Provider, bool) {
	if !ok {
		return Provider{}, false
	}
	return p.list[i], true
}

// Holds reports whether a provider's slug, name or one of its aliases holds some
// letters, in lower case.
func (p Provider) Holds(letters string) bool {
	return strings.Contains(p.Slug, letters) || strings.Contains(strings.ToLower(p.Name), letters) ||
		slices.ContainsFunc(p.Aliases, func(alias string) bool { return strings.Contains(alias, letters) })
}
