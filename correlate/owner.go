package correlate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/net/publicsuffix"

	"faultline"
)

// Whoever controls a registrable domain, or gives names away below a private suffix
// such as github.io, decides how all of its names answer. To fail them costs one
// person nothing, so the sites of one owner count as one site wherever several sites
// are asked for. So do sites of several domains that one owner runs, by the list of sites or
// the table of providers.

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

// owners knows which sites have an owner that runs others too. It is derived from the names
// of sites, their records and the table of providers.
type owners struct {
	several map[uint64]bool   // owners, by the name, that have more than their registrable domain
	named   map[uint64]uint64 // owner by the name → who runs the domain, where that is known
	all     [][]uint32        // the sites of whoever has several, nil if they must be gathered again
}

// noteOwner remembers whose a new site is.
func (e *Engine) noteOwner(id uint32) {
	o, s := &e.s.owners, e.sites.rows[id]
	name := ownerName(s.Name)
	s.owner = xxhash.Sum64String(name)
	e.nameOwner(id)
	if !o.several[s.owner] {
		if name == s.Name {
			return // the domain itself, as most sites are
		}
		if o.several == nil {
			o.several = map[uint64]bool{}
		}
		o.several[s.owner] = true
		if domain, ok := e.sites.find(name); ok {
			e.sites.rows[domain].kin = true
		}
	}
	s.kin = true
}

// nameOwner notes who runs a site's domain: by the site's record, or by the table of
// providers where that says nothing. It holds for all names below the domain.
func (e *Engine) nameOwner(id uint32) {
	o, s := &e.s.owners, e.sites.rows[id]
	o.all = nil
	if xxhash.Sum64String(s.Name) != s.owner {
		return
	}
	owner := e.owned[id].Owner
	for _, p := range e.cfg.Providers.Running(s.Name) {
		owner = cmp.Or(owner, p.Owner)
	}
	delete(o.named, s.owner)
	if owner != "" {
		if o.named == nil {
			o.named = map[uint64]uint64{}
		}
		o.named[s.owner] = ownerNamed(owner)
	}
}

// ownerNamed is the number of an owner that is known by name, which no domain's is.
func ownerNamed(owner string) uint64 { return xxhash.Sum64String("owner " + owner) }

// ownerOf is the number of the owner of whoever runs a component, 0 if none is known.
func (e *Engine) ownerOf(c faultline.Component) uint64 {
	if p, ok := e.cfg.Providers.Of(c); ok && p.Owner != "" {
		return ownerNamed(p.Owner)
	}
	return 0
}

// ownerKey is one number for all sites of one owner.
func (e *Engine) ownerKey(id uint32) uint64 {
	by := e.sites.rows[id].owner
	if named, ok := e.s.owners.named[by]; ok {
		return named
	}
	return by
}

// groupsOfOwners lists the sites of each owner that has several, ascending.
func (e *Engine) groupsOfOwners() [][]uint32 {
	o := &e.s.owners
	if o.all != nil {
		return o.all
	}
	o.all = [][]uint32{}
	of := map[uint64][]uint32{}
	for id, s := range e.sites.rows {
		if key := e.ownerKey(uint32(id)); s.kin || key != s.owner {
			of[key] = append(of[key], uint32(id))
		}
	}
	for _, key := range sortedKeys(of) {
		if len(of[key]) > 1 {
			o.all = append(o.all, of[key])
		}
	}
	return o.all
}

// ownerRuns reports whether whoever owns a site runs a component.
func (e *Engine) ownerRuns(c, site uint32) bool {
	row := e.components.rows[c]
	return row.owner != 0 && row.owner == e.ownerKey(site) || e.runsSite(row.Name, site)
}

// sameOwner reports whether two sites have one owner.
func (e *Engine) sameOwner(a, b uint32) bool { return e.ownerKey(a) == e.ownerKey(b) }

// sitesFor counts sites that fail by a cause: those of one owner once, unless the cause
// is the owner itself. Of what the owner runs each of its domains counts.
func (e *Engine) sitesFor(cause faultline.Component, sites []uint32) int {
	if traitsOf(cause).Own {
		return len(sites)
	}
	c, known := e.components.find(string(cause))
	return e.countOwners(sites, func(id uint32) uint64 {
		if known && e.ownerRuns(c, id) {
			return e.sites.rows[id].owner
		}
		return e.ownerKey(id)
	})
}

// distinctOwners counts sites, those of one owner once.
func (e *Engine) distinctOwners(sites []uint32) int { return e.countOwners(sites, e.ownerKey) }

// countOwners counts sites, those with the same number once.
func (e *Engine) countOwners(sites []uint32, key func(uint32) uint64) int {
	seen := make([]uint64, 0, len(sites))
	for _, id := range sites {
		seen = append(seen, key(id))
	}
	slices.Sort(seen)
	return len(slices.Compact(seen))
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
	e.nameOwner(site)
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
