package correlate

import (
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/net/publicsuffix"

	"faultline"
)

// Whoever controls a registrable domain, or gives names away below a private suffix
// such as github.io, decides how all of its names answer. To fail them costs one
// person nothing, so the sites of one owner count as one site wherever several sites
// are asked for.

// ownerName returns whose a site is: its registrable domain by the suffixes of
// registries alone. All names below one private suffix of the public suffix list
// (https://publicsuffix.org) therefore have one owner.
func ownerName(site string) string {
	for rest := site; ; {
		suffix, registry := publicsuffix.PublicSuffix(rest)
		if registry || !strings.Contains(suffix, ".") { // a suffix that no list has is a top-level domain
			if domain, err := publicsuffix.EffectiveTLDPlusOne(rest); err == nil {
				return domain
			}
			return rest // a public suffix itself
		}
		// A private suffix belongs to somebody: it is a name below the suffix of a registry.
		_, above, _ := strings.Cut(suffix, ".")
		if outer, _ := publicsuffix.PublicSuffix(above); outer == above {
			return suffix
		}
		rest = above
	}
}

// owners knows the sites of owners that have more than their registrable domain. It is
// derived from the names of sites.
type owners struct {
	group map[uint64]int // owner → its place in sites
	sites [][]uint32     // ascending
}

// noteOwner remembers whose a new site is.
func (e *Engine) noteOwner(id uint32) {
	o, s := &e.s.owners, e.sites.rows[id]
	name := ownerName(s.Name)
	s.owner = xxhash.Sum64String(name)
	at, known := o.group[s.owner]
	if !known {
		if name == s.Name {
			return // the domain itself, as most sites are
		}
		at = len(o.sites)
		if o.group == nil {
			o.group = map[uint64]int{}
		}
		o.group[s.owner], o.sites = at, append(o.sites, nil)
		if domain, ok := e.sites.find(name); ok {
			o.sites[at] = append(o.sites[at], domain)
			e.sites.rows[domain].kin = true
		}
	}
	o.sites[at] = append(o.sites[at], id)
	s.kin = true
}

// sameOwner reports whether two sites have one owner.
func (e *Engine) sameOwner(a, b uint32) bool {
	return e.sites.rows[a].owner == e.sites.rows[b].owner
}

// sitesFor counts sites that fail by a cause: those of one owner once, unless the cause
// is the owner itself.
func (e *Engine) sitesFor(cause faultline.Component, sites []uint32) int {
	if traitsOf(cause).Own {
		return len(sites)
	}
	return e.distinctOwners(sites)
}

// distinctOwners counts sites, those of one owner once.
func (e *Engine) distinctOwners(sites []uint32) int {
	n := 0
	var seen []uint64
	for _, id := range sites {
		s := e.sites.rows[id]
		if !s.kin {
			n++
			continue
		}
		seen = append(seen, s.owner)
	}
	slices.Sort(seen)
	return n + len(slices.Compact(seen))
}

// ownership is who runs a site, by its record.
type ownership struct {
	Owner string
	Runs  []faultline.Component // by the owner, beside what the table of providers has
}

// noteOwnership remembers who runs a site.
func (e *Engine) noteOwnership(site uint32, r faultline.SiteRecord) {
	delete(e.owned, site)
	if r.Owner != "" || len(r.Runs) > 0 {
		e.owned[site] = ownership{r.Owner, slices.Clone(r.Runs)}
	}
}

// runsSite reports whether whoever runs a component runs a site too: by the site's
// record, which is in the log, or by the built-in tables where the record says nothing.
func (e *Engine) runsSite(c faultline.Component, site uint32) bool {
	by, said := e.owned[site]
	if !said {
		return c.RunsSite(e.sites.rows[site].Name)
	}
	p, known := e.cfg.Providers.Of(c)
	return known && p.Owner != "" && p.Owner == by.Owner || faultline.SiteRecord{Runs: by.Runs}.OwnerRuns(c)
}

// ownerFails reports whether something that a site's owner runs is the cause of an open
// incident. People who report the site may mean that, and nobody can say that they err.
func (e *Engine) ownerFails(site uint32) bool {
	return slices.ContainsFunc(e.incidents, func(in *incident) bool {
		return in.State.Open() && e.runsSite(in.Cause, site)
	})
}
