package verdict

// What a verdict asks for before it speaks.
const (
	// What a verdict asks for before it says anything. All are chosen by hand: a wrong
	// "everyone else is fine" is the worst answer, so that it needs the most.
	verdictProbes = 3  // of the site, all well, to say that everyone else is fine
	verdictSites  = 10 // reported by one network, to say that it is the network
	verdictRise   = 5. // times what is expected of that network
	verdictOthers = 3  // reports of the site beyond what is usual that need no explaining
)
