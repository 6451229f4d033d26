package scenario

import (
	"slices"
	"strings"

	"faultline"
)

// Weight is the share of a site's traffic that a failure of c concerns.
func (s Site) Weight(c faultline.Component) float64 {
	switch c.Kind() {
	case faultline.KindISP:
		return 1
	case faultline.KindSite:
		if s.Site == c.Name() || strings.HasSuffix(s.Site, "."+c.Name()) {
			return 1
		}
		return 0
	case faultline.KindTLD:
		if tld(s.Site) == c {
			return 1
		}
		return 0
	}
	if !slices.Contains(s.Components, c) {
		return 0
	}
	if share, ok := s.Shares[c]; ok {
		return share
	}
	left, heirs := 1., 0.
	for _, other := range s.Components {
		if other.Kind() != c.Kind() {
			continue
		}
		if share, ok := s.Shares[other]; ok {
			left -= share
		} else {
			heirs++
		}
	}
	return max(left, 0) / heirs
}

// tld is the top-level domain that a site depends on.
func tld(site string) faultline.Component {
	return faultline.NewComponent(faultline.KindTLD, site[strings.LastIndexByte(site, '.')+1:])
}
