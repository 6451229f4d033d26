package main

import (
	"faultline"
	"faultline/ingest/infra"
	"faultline/ingest/probe"
)

// grounds tells a prober what the site that it looked at stands on.
type grounds struct {
	vantage string
	matcher *infra.Matcher
	infer   func(infra.Observation) []faultline.Component
}

// matcherGrounds asks the signatures alone.
func matcherGrounds(vantage string, m *infra.Matcher) grounds {
	return grounds{vantage, m, func(o infra.Observation) []faultline.Component { return infra.Via(m.Infer(o)) }}
}

// Headers implements [probe.Grounds].
func (g grounds) Headers() []string { return g.matcher.Headers() }

// Via implements [probe.Grounds]. Where a redirect led to is another site's.
func (g grounds) Via(o *probe.Observation) []faultline.Component {
	seen := infra.Observation{Site: o.Site, At: o.At, Vantage: g.vantage, Host: o.Host}
	if o.Host == "" || o.Host == o.Site || o.Host == "www."+o.Site {
		seen.CNAME, seen.Addrs, seen.Header, seen.Issuer = o.Chain, o.Addrs, o.Header, o.Issuer
	}
	return g.infer(seen)
}
