package main

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"faultline/ingest"
	"faultline/ingest/agent"
	"faultline/ingest/infra"
)

// infraExplainCmd checks one site and prints what it depends on, each component with the
// evidence for it: the name, header, address range or certificate that gave it away. It is
// the tool to try a new signature with, and to answer "why does Faultline think that this
// site uses X?".
type infraExplainCmd struct {
	Site       string        `arg:"" help:"The site, as a person would name it, such as ft.com."`
	Resolver   []string      `sep:"," placeholder:"ADDR" env:"FAULTLINE_RESOLVER" help:"Name server to ask, ADDRESS or ADDRESS:PORT. Of several, separated by commas, the first is used. By default the first one of the system."`
	AddressDB  []string      `name:"address-db" sep:"," placeholder:"FILE" env:"FAULTLINE_ADDRESS_DB" help:"Databases (MMDB) that map addresses to networks; the first that has an answer is used."`
	Catalog    []string      `sep:"," placeholder:"FILE" env:"FAULTLINE_CATALOG" help:"Catalogue of sites (JSON) that adds to or replaces entries of the built-in one, separated by commas."`
	ProbeAllow []string      `sep:"," placeholder:"CIDR" env:"FAULTLINE_PROBE_ALLOW" help:"Networks outside the public internet that may be contacted."`
	Timeout    time.Duration `default:"15s" env:"FAULTLINE_EXPLAIN_TIMEOUT" help:"How long the check may take, 1s to 5m."`
	infraFlags
	stateFlags
}

// AfterApply checks networks and the time limit.
func (c infraExplainCmd) AfterApply() error {
	for _, n := range c.ProbeAllow {
		if _, err := netip.ParsePrefix(n); err != nil {
			return usageError{fmt.Errorf("--probe-allow: %q is not a network such as 10.20.0.0/16", n)}
		}
	}
	return within("timeout", c.Timeout, time.Second, 5*time.Minute)
}

// Run needs no Redis and no server: it uses the same tables and the same rules as a node. An
// error of the check is returned after what was found is printed, since a site that fails in
// part still shows most of what it uses.
func (c infraExplainCmd) Run(ctx context.Context, w world) error {
	catalog, err := loadCatalogs(c.Catalog)
	if err != nil {
		return err
	}
	from := infra.Sources{Owner: catalog.Owner}
	networks, err := infra.OpenNetworks(c.AddressDB)
	if err != nil {
		return usageError{fmt.Errorf("--address-db: %w", err)}
	}
	if networks != nil {
		defer networks.Close()
		from.Networks = networks
	}
	matcher, err := c.matcher(from, c.StateDir)
	if err != nil {
		return err
	}
	site, err := namesOf(catalog).Normalise(c.Site)
	if err != nil {
		return usageError{fmt.Errorf("%s %w", c.Site, err)}
	}
	resolvers, err := parseResolvers(c.Resolver)
	if err != nil {
		return err
	}
	server := "" // the system's
	if len(resolvers) > 0 {
		server = resolvers[0].String()
	}
	observer, err := agent.NewObserver(server, userAgent())
	if err != nil {
		return usageError{fmt.Errorf("--%w", err)}
	}
	for _, n := range c.ProbeAllow {
		observer.Allow = append(observer.Allow, netip.MustParsePrefix(n)) // AfterApply has parsed it
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	o, failed := observer.Observe(ctx, site)
	o.Site, o.At = site, time.Now()
	infra.Print(w.stdout, catalog, o, matcher.Infer(o))
	return failed
}

// namesOf knows the sites of the catalogues by all that they are called, so that a person may
// type "bbc" here as in the search box.
func namesOf(catalog infra.MergedCatalog) *ingest.Names {
	names := ingest.NewNames(catalog.Sites()...)
	catalog.Teach(names)
	return names
}
