package agent

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"faultline/ingest/probe"
)

// EyesConfig says how a vantage checks sites.
type EyesConfig struct {
	// Resolvers are asked for names; none: those of the machine, and a public one of
	// another operator.
	Resolvers []netip.AddrPort
	Allow     []netip.Prefix // networks that may be checked although they are not public
	Ports     probe.Ports    // of HTTP and HTTPS
	Page      string         // where the checks are explained; empty: nowhere that is known
	Grounds   probe.Grounds
	Now       func() time.Time
}

// NewEyes makes what sends the checks of a vantage. It fails on a machine that names no
// resolver.
func NewEyes(cfg EyesConfig) (*probe.Checker, error) {
	servers := cfg.Resolvers
	if len(servers) == 0 {
		own, err := machineResolvers()
		if err != nil {
			return nil, fmt.Errorf("find resolvers: %w", err)
		}
		servers = probe.DefaultResolvers(own)
	}
	resolver, err := probe.NewResolver(servers...)
	if err != nil {
		return nil, fmt.Errorf("find resolvers: %w", err)
	}
	own, err := probe.OwnAddresses()
	if err != nil {
		return nil, err
	}
	return probe.NewChecker(probe.CheckerConfig{Resolver: resolver, Guard: probe.NewGuard(cfg.Allow, own, cfg.Ports),
		Ports: cfg.Ports, Agent: proberAgent(cfg.Page), Grounds: cfg.Grounds, Now: cfg.Now}), nil
}

// resolvConf is where a Unix machine names its resolvers (resolv.conf(5)).
const resolvConf = "/etc/resolv.conf"

// machineResolvers are those that the machine names.
func machineResolvers() (all []netip.AddrPort, err error) {
	conf, err := dns.ClientConfigFromFile(resolvConf)
	if err != nil {
		return nil, err
	}
	for _, s := range conf.Servers {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return nil, err
		}
		all = append(all, netip.AddrPortFrom(a, dnsPort))
	}
	return all, nil
}

// dnsPort is where resolvers answer.
const dnsPort = 53

// proberAgent is the User-Agent of checks. It says who we are, and where a site's owner
// reads how to be left alone: the page of the service, or the rule for robots.txt where
// no page is known.
func proberAgent(page string) string {
	where := "robots.txt: User-agent: faultline"
	if page != "" {
		where = "+" + page
	}
	return "Faultline/1.0 (outage monitor; " + where + ")"
}

// PageOf is where the service at a base address explains its checks; empty for an
// empty one.
func PageOf(base string) string {
	if base == "" {
		return ""
	}
	return strings.TrimRight(base, "/") + "/prober"
}
