package node

import (
	"cmp"
	"context"
	"slices"
	"time"

	"faultline"
	"faultline/dump"
	"faultline/ingest/infra"
	"faultline/record"
	"faultline/replica"
	"faultline/store/archive"
)

// Dumps say whether a node writes down each day what is public of it.
type Dumps struct {
	Dir  string // where; empty: it writes none
	Keep int    // how many days it keeps
}

// openDumps finds the days that were written before. A drill writes none, and neither does
// what nothing outlives.
func (n *Node) openDumps() (err error) {
	cfg := n.cfg
	if cfg.Dumps.Dir == "" || cfg.Dumps.Keep <= 0 || cfg.Drill != nil || !cfg.Store.Durable() {
		return nil
	}
	n.dumps, err = dump.OpenDaily(dump.DailyConfig{Dir: cfg.Dumps.Dir, Keep: cfg.Dumps.Keep,
		From:   dumpSource{n.stored(), n.cfg.KnownLog},
		Sites:  func() []dump.Site { return DumpedSites(cfg.Catalog, n.sites.Sorted()) },
		Record: func() *record.Keeper { return n.keeper },
		Began: func(ctx context.Context) (time.Time, error) {
			began, err := cfg.Store.LogStart(ctx)
			if err == nil {
				err = cfg.KnownLog.Check(ctx, cfg.Store)
			}
			return began, err
		},
		Folded: func() time.Time { return n.replica.Status().Clock },
		Now:    cfg.Now, Log: cfg.Log, Registry: cfg.Registry})
	return err
}

// dumpSource is what a dump is made of, as long as Redis holds the log that this node knows.
// It is asked after each read, so that a Redis that came back empty makes no day one on
// which nothing happened.
type dumpSource struct {
	archive.Source
	known *replica.KnownLog
}

func (s dumpSource) Older(ctx context.Context, onset time.Time, id string, limit int) ([]faultline.Incident, error) {
	list, err := s.Source.Older(ctx, onset, id, limit)
	if err == nil {
		err = s.known.Check(ctx, s.Store)
	}
	return list, err
}

// DumpedSites are the sites of a dump, in order of their names: those of the catalogue, and
// those that the log has. What a site depends on has the source of the catalogue where the
// catalogue says it too, and else that of the record.
func DumpedSites(catalog infra.MergedCatalog, records []faultline.SiteRecord) []dump.Site {
	known := map[string]faultline.SiteRecord{}
	for _, r := range append(catalog.Records(), records...) {
		known[r.Site] = r
	}
	entries := map[string]infra.Entry{}
	for _, e := range catalog.Entries() {
		entries[e.Site] = e
	}
	sites := make([]dump.Site, 0, len(known))
	for name, r := range known {
		e := entries[name]
		s := dump.Site{Site: name, Name: e.Name, Rank: cmp.Or(r.Rank, e.Rank), Country: e.Country,
			DependsOn: make([]dump.Dependency, 0, len(r.Components))}
		facts := catalog.Known(name)
		for _, c := range slices.Sorted(slices.Values(r.Components)) {
			s.DependsOn = append(s.DependsOn, dependency(c, r, facts))
		}
		sites = append(sites, s)
	}
	slices.SortFunc(sites, func(a, b dump.Site) int { return cmp.Compare(a.Site, b.Site) })
	return sites
}

func dependency(c faultline.Component, r faultline.SiteRecord, facts []infra.Fact) dump.Dependency {
	for _, f := range facts {
		if f.Component == c {
			return dump.Dependency{Component: c, Source: f.Text, Date: f.Date, Confidence: f.Confidence}
		}
	}
	d := dump.Dependency{Component: c}
	if r.Source == faultline.SourceObserved {
		d.Source = "observed by probes"
		if !r.At.IsZero() {
			d.Date = r.At.UTC().Format(time.DateOnly)
		}
	}
	return d
}
