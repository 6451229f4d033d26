package agent

import (
	"faultline"
	"faultline/ingest/infra"
	"faultline/ingest/probe"
)

// Grounds gives a prober what the site that it checked depends on.
type Grounds struct {
	Vantage string
	Matcher *infra.Matcher
	Infer   func(infra.Observation) []faultline.Component
	Servers *infra.NameServers // nil: nobody asks for name servers
}

// MatcherGrounds goes by the signatures alone.
func MatcherGrounds(vantage string, m *infra.Matcher, servers *infra.NameServers) Grounds {
	infer := func(o infra.Observation) []faultline.Component { return infra.Via(m.Infer(o)) }
	return Grounds{vantage, m, infer, servers}
}

// Headers implements [probe.Grounds].
func (g Grounds) Headers() []string { return g.Matcher.Headers() }

// Via implements [probe.Grounds]. What was seen of another host, to which a redirect
// led, is left out: it is that site's infrastructure and not this one's.
func (g Grounds) Via(o *probe.Observation) []faultline.Component {
	seen := infra.Observation{Site: o.Site, At: o.At, Vantage: g.Vantage, Host: o.Host}
	if o.Host == "" || o.Host == o.Site || o.Host == "www."+o.Site {
		seen.CNAME, seen.Addrs, seen.Header, seen.Issuer = o.Chain, o.Addrs, o.Header, o.Issuer
	}
	if g.Servers != nil {
		seen.NS = g.Servers.Of(o.Site)
	}
	return g.Infer(seen)
}
