package correlate

import (
	"slices"
	"strings"

	"faultline"
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

// runs reports whether a provider runs any component of a kind.
func runs(p faultline.Provider, kind string) bool {
	return slices.ContainsFunc(p.Components, func(c string) bool { return strings.HasPrefix(c, kind+":") })
}
