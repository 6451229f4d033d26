package infra

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of [NameServers].
const (
	maxZones     = 1 << 17 // sites whose name servers are remembered
	zonesWaiting = 4096    // that wait to be asked for; further ones are asked for later
	zoneAskers   = 4       // at one time
	zoneLimit    = 10 * time.Second
	zonePause    = 20 * time.Millisecond // between two questions of one asker
)

// How long an answer is good for. A delegation changes rarely; what could not be
// found out is tried again soon.
const (
	zoneLife  = 6 * time.Hour
	zoneRetry = 5 * time.Minute
)

// ZoneAsker finds the name servers of the zone that a site lies in.
type ZoneAsker interface {
	NameServers(ctx context.Context, site string) ([]NameServer, error)
}

// NameServers remembers the name servers of sites for observations, which are made
// far more often than a delegation changes. An answer is believed once a second
// one agrees with it, for it is used by many checks in a row. It is safe for
// concurrent use; its goroutines are those of [NameServers.Run].
type NameServers struct {
	ask   ZoneAsker
	now   func() time.Time
	queue chan string

	mu    sync.Mutex
	zones map[string]*zone
}

// zone is what is known of one site's name servers.
type zone struct {
	servers []NameServer
	good    time.Time // until when it need not be asked for again
	waits   bool      // it is in the queue, or being asked for
}

// NewNameServers returns an empty memory.
func NewNameServers(ask ZoneAsker, now func() time.Time) *NameServers {
	return &NameServers{ask: ask, now: now, queue: make(chan string, zonesWaiting), zones: map[string]*zone{}}
}

// Of returns what is known of a site's name servers, without waiting: none before
// they were asked for. They are asked for in the background when that is due.
func (n *NameServers) Of(site string) []NameServer {
	n.mu.Lock()
	defer n.mu.Unlock()
	z := n.zones[site]
	if z == nil {
		if len(n.zones) >= maxZones {
			return nil
		}
		z = &zone{}
		n.zones[strings.Clone(site)] = z
	}
	if !z.waits && !n.now().Before(z.good) {
		select {
		case n.queue <- site:
			z.waits = true
		default: // it is asked for at one of the next checks
		}
	}
	return z.servers
}

// Run asks for name servers until ctx ends.
func (n *NameServers) Run(ctx context.Context) error {
	var askers sync.WaitGroup
	for range zoneAskers {
		askers.Go(func() { n.work(ctx) })
	}
	askers.Wait()
	return nil
}

// work asks for one zone after the other, with a pause between them, until ctx ends: name servers
// change rarely, and resolvers must not be flooded.
func (n *NameServers) work(ctx context.Context) {
	pause := time.NewTicker(zonePause)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case site := <-n.queue:
			servers, ok := n.twice(ctx, site)
			n.settle(site, servers, ok)
		}
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

// twice asks until two answers agree, three times at most. A forged or stale answer is
// rarely the same twice.
func (n *NameServers) twice(ctx context.Context, site string) (servers []NameServer, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, zoneLimit)
	defer cancel()
	var before [][]string
	for range 3 {
		answer, err := n.ask.NameServers(ctx, site)
		if err != nil || len(answer) == 0 {
			continue
		}
		hosts := hostsOf(answer)
		if slices.ContainsFunc(before, func(other []string) bool { return slices.Equal(other, hosts) }) {
			return answer, true
		}
		before = append(before, hosts)
	}
	return nil, false
}

// hostsOf are the names of servers, in one order and spelling.
func hostsOf(servers []NameServer) []string {
	hosts := make([]string, len(servers))
	for i, s := range servers {
		hosts[i] = strings.ToLower(strings.TrimSuffix(s.Host, "."))
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// settle notes what came of asking. Servers that can't be found again stay known.
func (n *NameServers) settle(site string, servers []NameServer, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	z := n.zones[site] // Of has made it
	z.waits, z.good = false, n.now().Add(zoneRetry)
	if ok {
		z.servers, z.good = servers, n.now().Add(zoneLife)
	}
}
