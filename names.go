package faultline

import (
	"fmt"
	"slices"
	"strings"
)

// DisplayName is a component's name as a person would write it: Fastly for cdn:fastly,
// AWS us-east-1 for cloud:aws/us-east-1, Rogers (AS812) for isp:AS812. Names come from
// the tables of signatures and of providers; a provider that neither knows is written
// with a capital letter.
func (c Component) DisplayName() string {
	name := c.Name()
	switch c.Kind() {
	case KindSite, KindPrefix:
		return name
	case KindTLD:
		return "." + name
	case KindASN, KindISP:
		if owner, ok := networkNames[name]; ok {
			return fmt.Sprintf("%s (%s)", owner, name)
		}
		return name
	}
	provider, rest, nested := strings.Cut(name, "/")
	shown, ok := providerNames[c.Kind()+":"+provider]
	if !ok && provider != "" {
		shown = strings.ToUpper(provider[:1]) + provider[1:]
	}
	if nested {
		return shown + " " + rest
	}
	return shown
}

// RunsSite reports whether the provider that runs a component runs a site itself, by the
// tables of providers and of sites. That such a site answers does not clear it of what
// its owner runs: aws.amazon.com stays up while AWS us-east-1 fails.
func (c Component) RunsSite(site string) bool {
	key := c.Name()
	if c.Kind() != KindASN && c.Kind() != KindISP {
		provider, _, _ := strings.Cut(key, "/")
		key = c.Kind() + ":" + provider
	}
	slug, known := componentProviders[key]
	return known && slices.Contains(strings.Fields(ownSites[site]), slug)
}
