package cause

// Explanation is what a search found. It is good until its solver searches again.
type Explanation struct {
	// Causes are the components that explain what Held does not, in the order in which
	// they were found.
	Causes []Cause
	// Unmapped is what no component explains; its Sites are empty if there is no such thing.
	Unmapped Unmapped
	// Considered are the components that could have explained what Held does not, each as if
	// there were no other one, the likeliest first. Those that were found are among them.
	Considered []Considered

	solver *Solver
}

// Cause is a component that explains failures since one of the windows.
type Cause struct {
	Component uint32
	Window    int
	// Q is the likeliest fraction of the component that fails.
	Q float64
	// Gain is its log-odds, by which is decided: a published cause pays no prior.
	Gain float64
	// Evident is what the evidence alone says: the log-odds at the full prior.
	Evident float64
	// Sites are the members whose failure must be accounted for, by the caller's numbers,
	// ascending. Own are those of them that nothing else explained when it was found.
	Sites, Own []uint32
	// Alternatives explain the same failures nearly as well.
	Alternatives []Alternative
}

// Considered is a component that the search considered.
type Considered struct {
	Component uint32
	Evident   float64 // its log-odds at the full prior, by the histograms of evidence
}

// Alternative is a component that may be the cause instead.
type Alternative struct {
	Component uint32
	Evident   float64 // its log-odds at the full prior
	Near      bool    // it may as well be the cause, whatever is published
	Same      bool    // the same members: nothing tells the two apart
}

// Unmapped is sites that fail since one window because of something that no component
// stands for.
type Unmapped struct {
	Sites  []uint32 // by the caller's numbers, ascending
	Window int
	Gain   float64 // log-odds, the prior included
	Lead   float64 // how much more it explains than the components do
}

// Explained reports whether a site, by its position, more likely fails by what is held
// or was found than not.
func (x *Explanation) Explained(site int32) bool { return x.background(site) > ExplainedFrom }

// background is the probability that a site fails without any further cause; 0 for one that
// the search did not have.
func (x *Explanation) background(site int32) float64 {
	if x.solver == nil || int(site) >= len(x.solver.sites) {
		return 0
	}
	return x.solver.sites[site].p0
}

// Follows reports whether another site of its owner speaks for a site in a window.
func (x *Explanation) Follows(site int32, window int) bool {
	return x.solver != nil && int(site) < len(x.solver.sites) && x.solver.sites[site].follows>>window&1 == 1
}

// Evident is what the evidence says for one more component in a window beside all that
// was found: its log-odds at the full prior.
func (x *Explanation) Evident(component uint32, window int) float64 {
	_, gain := x.solver.exact(component, window)
	return x.solver.evident(component, gain)
}
