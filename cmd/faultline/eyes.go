package main

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"faultline/ingest/agent"
	"faultline/ingest/infra"
	"faultline/ingest/probe"
)

// eyesFlags say how a vantage checks sites: by which resolvers, through which ports, into
// which networks, and by which sites it knows that it sees the internet at all. Nodes and
// agents share them, so that both check alike.
type eyesFlags struct {
	Resolver   []string `sep:"," placeholder:"ADDR" env:"FAULTLINE_RESOLVER" help:"Recursive resolvers for probes, ADDRESS or ADDRESS:PORT, separated by commas. By default those of /etc/resolv.conf and a public one of another operator, so that a fault of one resolver is not mistaken for a fault of the sites."`
	Canaries   []string `sep:"," placeholder:"SITE" env:"FAULTLINE_CANARIES" help:"Sites of unrelated owners, separated by commas. If fewer than two of them answer, the prober reports that it is blind. By default five of the best reachable sites."`
	ProbeAllow []string `sep:"," placeholder:"CIDR" env:"FAULTLINE_PROBE_ALLOW" help:"Networks outside the public internet that may be probed, such as 10.20.0.0/16, separated by commas. Anybody who can name sites can then make this prober connect into them."`
	ProbePorts []uint16 `sep:"," default:"80,443" env:"FAULTLINE_PROBE_PORTS" help:"Ports of HTTP and HTTPS. Others than 80,443 only with --probe-allow."`
}

// check refuses ports, networks and resolvers that cannot be meant. Ports other than 80 and 443
// need a network of the operator's own: on the public internet a prober must not become a port
// scanner.
func (f eyesFlags) check() error {
	if len(f.ProbePorts) != 2 || f.ProbePorts[0] == 0 || f.ProbePorts[1] == 0 {
		return usageError{errors.New("--probe-ports: must be two ports, of HTTP and of HTTPS, such as 80,443")}
	}
	if f.ports() != probe.StandardPorts && len(f.ProbeAllow) == 0 {
		return usageError{errors.New("--probe-ports: only 80,443 are allowed for the public internet; name your own " +
			"networks in --probe-allow to use others")}
	}
	for _, n := range f.ProbeAllow {
		if _, err := netip.ParsePrefix(n); err != nil {
			return usageError{fmt.Errorf("--probe-allow: %q is not a network such as 10.20.0.0/16", n)}
		}
	}
	for _, r := range f.Resolver {
		if _, err := resolverAddr(r); err != nil {
			return usageError{fmt.Errorf("--resolver: %q is neither an address nor ADDRESS:PORT", r)}
		}
	}
	return nil
}

// ports are those of HTTP and HTTPS, which check has counted.
func (f eyesFlags) ports() probe.Ports {
	return probe.Ports{HTTP: f.ProbePorts[0], HTTPS: f.ProbePorts[1]}
}

// canaries are the sites by which a prober knows whether it sees the internet. Only the sites
// that must answer can be replaced; the name that must not resolve is the same everywhere.
func (f eyesFlags) canaries() probe.Canaries {
	c := probe.DefaultCanaries
	if len(f.Canaries) > 0 {
		c.Pass = f.Canaries
	}
	return c
}

// resolverAddr reads the address of a resolver. Port 53 is meant unless it says another (RFC
// 1035).
func resolverAddr(s string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a, 53), nil
	}
	return netip.ParseAddrPort(s)
}

// parseResolvers reads the addresses of --resolver, in their order, which is the order in
// which they are asked. None means the resolvers of the system.
func parseResolvers(named []string) (all []netip.AddrPort, err error) {
	for _, r := range named {
		a, err := resolverAddr(r)
		if err != nil {
			return nil, usageError{fmt.Errorf("--resolver: %w", err)}
		}
		all = append(all, a)
	}
	return all, nil
}

// nameServers remembers which name servers sites have. They are looked up rarely and kept for
// long: the operator of a site's DNS is a fact about its infrastructure, not part of each
// check.
func (f eyesFlags) nameServers() (*infra.NameServers, error) {
	resolvers, err := parseResolvers(f.Resolver)
	if err != nil {
		return nil, err
	}
	return agent.NewNameServers(resolvers, time.Now)
}

// eyes makes the checker that sends a vantage's checks. page is the address that the user
// agent names, where site owners read what the checks are; empty means that no such page is
// known. grounds are what a check hands on about a site's infrastructure.
func (f eyesFlags) eyes(page string, grounds probe.Grounds) (*probe.Checker, error) {
	resolvers, err := parseResolvers(f.Resolver)
	if err != nil {
		return nil, err
	}
	cfg := agent.EyesConfig{Resolvers: resolvers, Ports: f.ports(), Page: page, Grounds: grounds, Now: time.Now}
	for _, n := range f.ProbeAllow {
		cfg.Allow = append(cfg.Allow, netip.MustParsePrefix(n)) // check has parsed it
	}
	return agent.NewEyes(cfg)
}
