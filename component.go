package faultline

import (
	"slices"
	"strings"
)

// Component is a piece of shared infrastructure, written kind:name, such as
// cdn:fastly, cloud:aws/us-east-1 or asn:AS54113. On the viewer's side there is
// isp:AS812; a site's own fault is site:reddit.com. The empty value stands for
// no component at all.
type Component string

// The kinds of component.
const (
	KindCDN    = "cdn"
	KindCloud  = "cloud"
	KindDNS    = "dns"
	KindASN    = "asn"
	KindPrefix = "prefix"
	KindPOP    = "pop"
	KindCA     = "ca"
	KindTLD    = "tld"
	KindISP    = "isp"
	KindSite   = "site"
)

// Kinds lists every kind, those that a person would name first in front: a
// provider before an ASN before a prefix.
var Kinds = []string{KindCDN, KindCloud, KindDNS, KindCA, KindTLD, KindPOP, KindASN, KindPrefix, KindISP, KindSite}

// NewComponent joins a kind and a name.
func NewComponent(kind, name string) Component { return Component(kind + ":" + name) }

// Kind returns the part before the first colon.
func (c Component) Kind() string { k, _, _ := strings.Cut(string(c), ":"); return k }

// Name returns the part after the first colon: for asn:AS54113, AS54113.
func (c Component) Name() string { _, n, _ := strings.Cut(string(c), ":"); return n }

// covers reports whether c, which may be a pattern that ends in "/*", is or stands for
// another component.
func (c Component) covers(other Component) bool {
	prefix, below := strings.CutSuffix(string(c), "*")
	return c == other || below && strings.HasPrefix(string(other), prefix)
}

// Valid reports whether c has a known kind and a printable name of at most 253
// bytes without spaces.
func (c Component) Valid() bool {
	kind, name, ok := strings.Cut(string(c), ":")
	if !ok || name == "" || len(name) > 253 || !slices.Contains(Kinds, kind) {
		return false
	}
	for _, r := range name {
		if r <= ' ' || r == 0x7f || r == '~' {
			return false
		}
	}
	return true
}

// Path returns kind/name as it stands in URLs: a slash inside the name is
// written as a tilde.
func (c Component) Path() string {
	return c.Kind() + "/" + strings.ReplaceAll(c.Name(), "/", "~")
}

// AsWritten is a component as it is usually written, whatever the case that its name was asked
// for in: in small letters, but for AS64500.
func (c Component) AsWritten() Component {
	switch c.Kind() {
	case KindASN, KindISP:
		return NewComponent(c.Kind(), strings.ToUpper(c.Name()))
	}
	return NewComponent(c.Kind(), strings.ToLower(c.Name()))
}

// ComponentFromPath is the inverse of [Component.Path]. It returns the empty
// component when kind and name make no valid one.
func ComponentFromPath(kind, name string) Component {
	c := NewComponent(kind, strings.ReplaceAll(name, "~", "/"))
	if !c.Valid() {
		return ""
	}
	return c
}
