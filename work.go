package faultline

// WorkAnswer is what one vantage should check now.
type WorkAnswer struct {
	Vantage string `json:"vantage"`  // who asked, by its token
	PeriodS int    `json:"period_s"` // seconds between two checks of a site
	// Page explains the checks to the owners of sites; its address belongs into
	// the User-Agent. Empty: the server does not know its own.
	Page string `json:"page,omitempty"`
	// Revision is to be sent with the next request.
	Revision string `json:"revision"`
	// Sites are its share of the schedule, unless they are the same as before.
	Sites         []WorkSite     `json:"sites"`
	SameSites     bool           `json:"same_sites"`
	CheckRequests []CheckRequest `json:"wishes"` // to be checked at once, and every 30 s until they end
}

// WorkSite is one site to check, with what budgets are counted by.
type WorkSite struct {
	Site       string      `json:"site"`
	Components []Component `json:"components,omitempty"`
}
