package infra

import (
	"net/netip"
	"slices"
	"unique"

	"faultline"
)

// ServedBy returns which CDNs and clouds serve a host, by its name, the names that it stands for
// and its addresses, and the site of the list that it belongs to.
func (m *Mapper) ServedBy(host string, chain []string, addrs []netip.Addr) []faultline.Component {
	var all []faultline.Component
	for _, f := range m.matcher.Infer(Observation{Host: host, CNAME: chain, Addrs: addrs}) {
		if kind := f.Component.Kind(); kind == faultline.KindCDN || kind == faultline.KindCloud {
			all = append(all, f.Component)
		}
	}
	domain := registrable(host)
	if _, listed := m.believed(domain); listed && domain != "" {
		all = append(all, faultline.NewComponent(faultline.KindSite, domain))
	}
	return all
}

// Uses takes what the page of a site uses, as this node read it. The next record of the site has
// it; a record is made for it once the site was checked often enough to have one. It is
// forgotten while this node does not lead.
func (m *Mapper) Uses(site string, uses []faultline.Component) {
	own := faultline.NewComponent(faultline.KindSite, registrable(site))
	uses = slices.DeleteFunc(slices.Clone(uses), func(c faultline.Component) bool { return c == own })
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, listed := m.believed(site); m.term != nil && listed {
		m.term.Uses(site, uses)
	}
}

// Uses takes what the page of a site uses, in order. It goes into the next record of the site.
func (m *Map) Uses(site string, uses []faultline.Component) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.sites[site]
	if p == nil {
		if len(m.sites) >= maxMapped {
			return
		}
		p = &place{}
		m.sites[unique.Make(site).Value()] = p
	}
	p.pageRead, p.uses, p.stale = true, uses, true
}
