package correlate

import (
	"slices"
	"strings"

	"faultline"
	"faultline/correlate/cause"
)

// A provider's own network is another name of what it runs there, and no rival of it.

// sameProvider reports whether one of two components is a network of the provider that
// runs the other one.
func (e *Engine) sameProvider(a, b faultline.Component) bool {
	if a.Kind() != faultline.KindASN && b.Kind() != faultline.KindASN {
		return false
	}
	one, known := e.cfg.Providers.Of(a)
	other, too := e.cfg.Providers.Of(b)
	return known && too && one.Slug == other.Slug
}

// traitsFor are the traits of a component: of its kind, but for the networks of edges.
func (e *Engine) traitsFor(name faultline.Component) *traits {
	if name.Kind() == faultline.KindASN {
		if p, ok := e.cfg.Providers.Of(name); ok && runs(p, faultline.KindCDN) && !runs(p, faultline.KindCloud) {
			return &edgeNetwork
		}
	}
	return traitsOf(name)
}

// excludes reports whether how a site fails proves that a component did not cause it.
func (e *Engine) excludes(c, site uint32, step faultline.Layer) bool {
	return e.components.rows[c].kind.Excluded(step) || step == cause.StepOrigin && e.fronts(c, site)
}

// fronts reports whether a component is, for one site, a network of the edge in front of
// it. The list of sites has the network of the address that answers, which is the edge's
// where a CDN answers. The same network may hold the origin too if its provider runs the
// site's cloud, and is the host's if its provider runs none of the site's CDNs.
func (e *Engine) fronts(c, site uint32) bool {
	row := e.components.rows[c]
	if !row.kind.network {
		return false
	}
	edge, ours, cloud, hosted := false, false, false, false
	for _, d := range e.sites.rows[site].Deps {
		o := e.components.rows[d.C()]
		same := row.runBy != "" && o.runBy == row.runBy
		switch {
		case o.kind.Edge && !o.kind.network:
			edge, ours = true, ours || same
		case o.kind.kind == faultline.KindCloud:
			cloud, hosted = true, hosted || same
		}
	}
	if row.runBy == "" {
		return edge && !cloud
	}
	return ours && !hosted
}

// runBy is the slug of the provider that runs a component, empty if nobody known does.
func (e *Engine) runBy(name faultline.Component) string {
	p, _ := e.cfg.Providers.Of(name)
	return p.Slug
}

// runs reports whether a provider runs any component of a kind.
func runs(p faultline.Provider, kind string) bool {
	return slices.ContainsFunc(p.Components, func(c string) bool { return strings.HasPrefix(c, kind+":") })
}
