package node

import (
	"context"
	"slices"

	"faultline"
	"faultline/ingest/pages"
	"faultline/replica"
)

// pagesDuty reads what the pages of the catalogue's sites use, while this node leads and probes.
// The prober is made after the duties, and before anything runs.
func (n *Node) pagesDuty() []replica.Duty {
	cfg := n.cfg
	if cfg.Schedule.Pages == 0 || cfg.Prober == nil {
		return nil
	}
	metrics := pages.NewMetrics(cfg.Registry)
	return []replica.Duty{{Name: "pages", Run: func(ctx context.Context, _ *replica.Term) error {
		if n.eyes == nil {
			<-ctx.Done()
			return ctx.Err()
		}
		return pages.New(pages.Config{Sites: n.pageSites(), Every: cfg.Schedule.Pages, Transport: n.eyes.Transport(),
			Agent: n.eyes.Agent(), Now: cfg.Now, Log: cfg.Log, Metrics: metrics, Found: n.maps.Uses,
			Place: func(ctx context.Context, host string) []faultline.Component {
				answer, err := n.eyes.Resolve(ctx, host)
				if err != nil {
					return nil // who serves a host without an address is not known
				}
				return n.maps.ServedBy(host, answer.Chain, answer.Addrs)
			}}).Run(ctx)
	}}}
}

// pageSites are the sites of the catalogue whose pages are read, the most visited first. Those
// that are not checked are left alone, and so are hosts that programs call.
func (n *Node) pageSites() []string {
	listed := map[string]bool{}
	for _, r := range n.cfg.Catalogue {
		listed[r.Site] = !slices.Contains(n.cfg.Schedule.Exclude, r.Site) && !faultline.APIHost(r.Site)
	}
	return slices.DeleteFunc(slices.Clone(n.index.Sites()), func(site string) bool { return !listed[site] })
}
