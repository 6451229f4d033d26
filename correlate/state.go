package correlate

import "faultline"

// state is everything that the fold must remember: whatever a later event may depend
// on and no evaluation makes again. A checkpoint is the whole of it, and a test zeroes
// each of its fields to see that the checkpoint's bytes change. What can be made from
// it is in derived.
type state struct {
	epoch       string
	clock       int64 // last tick, Unix milliseconds; 0 before the first
	start       int64 // first tick
	eval        int64 // last evaluation
	stableUntil int64 // until when the causes of young incidents stay as they are, see noteStable

	sites      table[site]
	components table[component] // their members follow from the sites
	vantages   table[vantage]
	networks   table[network]
	shares     map[uint32][]recordShare         // of sites whose records name any
	owned      map[uint32]ownership             // of sites whose records say who runs them
	uses       map[uint32][]faultline.Component // of sites whose records say what their pages use
	active     []uint32                         // sites with probes or reports in reach, ascending after weighing

	reportLag lag   // of people's reports: what a right clock looks like
	clocksSet int64 // when the vantages' clocks were last compared

	repeats   repeats
	readers   readership
	crowdBase globalBase
	leak      float64 // π₀, the chance that a site fails on its own just now
	// reportRate is how many reports a minute all networks bring when all is well, as of
	// the last evaluation: what a network's share is taken of until the next one.
	reportRate float64

	incidents  []*incident // open ones and those final for less than a day, by ordinal
	ordinal    int64       // incidents made so far
	pending    []pendingCause
	unattached []faultline.Statement // of components that nothing is known to be wrong with
	counters   faultline.Counters
}

// newState is the state of an engine that has seen nothing.
func newState() state {
	return state{
		leak: leakStart, shares: map[uint32][]recordShare{}, owned: map[uint32]ownership{},
		uses: map[uint32][]faultline.Component{}, repeats: newRepeats(),
		sites:      newTable(maxSites, func(s *site) string { return s.Name }),
		components: newTable(maxComponents, func(c *component) string { return string(c.Name) }),
		vantages:   newTable(maxVantages, func(v *vantage) string { return v.ID }),
		networks:   newTable(maxNetworks, func(n *network) string { return n.Name }),
	}
}
