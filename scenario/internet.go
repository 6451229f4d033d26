package scenario

import (
	"math/rand/v2"
	"time"

	"faultline"
)

// Internet answers checks of the sites of a scenario whenever somebody makes them,
// where [Spec.Events] makes them at the cadence of the spec. The same checks in the
// same order get the same answers. It is not safe for concurrent use.
type Internet struct {
	watch watch
	sites map[string]*watched
	rng   *rand.Rand
}

// Internet makes the sites of the scenario ready to be checked. The spec must pass
// [Spec.Check].
func (s Spec) Internet() *Internet {
	w := newWorld(&s)
	n := &Internet{watch: w.watch, sites: map[string]*watched{}, rng: source(s.Seed, "internet", "")}
	for i := range n.watch.sites {
		n.sites[n.watch.sites[i].site] = &n.watch.sites[i]
	}
	return n
}

// Check is one probe of a site from the vantage of that index in the spec, with its
// latency in milliseconds. Sites that are not probed have no answer: false.
func (n *Internet) Check(site string, vantage int, at time.Time) (faultline.Probe, bool) {
	line := n.sites[site]
	if line == nil || vantage < 0 || vantage >= len(n.watch.vantages) {
		return faultline.Probe{}, false
	}
	return n.watch.ask(line, vantage, at.UnixMilli(), n.rng), true
}
