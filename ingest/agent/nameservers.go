package agent

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"faultline/ingest/infra"
	"faultline/ingest/probe"
)

// zoneAsker asks the resolvers for name servers, each in its turn. Two answers, which
// must agree, so come from two resolvers where there are two.
type zoneAsker struct {
	resolvers []*Observer
	turn      atomic.Uint64
}

// NewNameServers remembers the name servers of sites, as the resolvers know them;
// without any those of the machine, and a public one of another operator, are asked.
func NewNameServers(resolvers []netip.AddrPort, now func() time.Time) (*infra.NameServers, error) {
	if len(resolvers) == 0 {
		own, err := machineResolvers()
		if err != nil {
			return nil, fmt.Errorf("find resolvers: %w", err)
		}
		resolvers = probe.DefaultResolvers(own)
	}
	asker := &zoneAsker{}
	for _, addr := range resolvers {
		l, err := NewObserver(addr.String(), "")
		if err != nil {
			return nil, err
		}
		asker.resolvers = append(asker.resolvers, l)
	}
	if len(asker.resolvers) == 0 {
		return nil, errors.New("find name servers: there is no resolver")
	}
	return infra.NewNameServers(asker, now), nil
}

// NameServers implements [infra.ZoneAsker].
func (z *zoneAsker) NameServers(ctx context.Context, site string) ([]infra.NameServer, error) {
	l := z.resolvers[z.turn.Add(1)%uint64(len(z.resolvers))]
	var o infra.Observation
	err := l.nameServers(ctx, site, &o)
	return o.NS, err
}

// WithNameServers has name servers asked for as long as run runs; nil servers are
// nobody's to ask for.
func WithNameServers(ctx context.Context, servers *infra.NameServers, run func(context.Context) error) error {
	if servers == nil {
		return run(ctx)
	}
	asking, stop := context.WithCancel(ctx)
	var asker sync.WaitGroup
	asker.Go(func() { _ = servers.Run(asking) }) // it ends with its context
	err := run(ctx)
	stop()
	asker.Wait()
	return err
}
