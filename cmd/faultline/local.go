package main

import (
	"faultline/ingest/agent"
	"fmt"
	"regexp"
	"time"

	"faultline"
)

// Roles of a node.
const (
	roleAll   = "all"   // takes and answers requests, may lead, and probes
	roleServe = "serve" // all but probing
	roleProbe = "probe" // probes, and does not lead
)

// localFlags say what part a node takes, and what its own prober is called. The name, network
// and country go into every probe of it: a node in one country must not be named after
// another, or failures are published for the wrong one.
type localFlags struct {
	Role           string        `default:"all" enum:"all,serve,probe" env:"FAULTLINE_ROLE" help:"What this node does: all; serve, which does not probe; or probe, which probes and never leads."`
	Vantage        string        `placeholder:"NAME" env:"FAULTLINE_VANTAGE" help:"Name of the vantage that this node probes from; without it the name of the machine."`
	VantageASN     uint32        `name:"vantage-asn" placeholder:"NUMBER" env:"FAULTLINE_VANTAGE_ASN" help:"Number of the autonomous system that the vantage is in."`
	VantageCountry string        `placeholder:"XX" env:"FAULTLINE_VANTAGE_COUNTRY" help:"Country that the vantage is in, two capital letters (ISO 3166-1)."`
	ProbePeriod    time.Duration `default:"1m" env:"FAULTLINE_PROBE_PERIOD" help:"Time between two checks of a site from one vantage, for agents too. 10s to 1h."`
	ProbeExclude   []string      `sep:"," placeholder:"SITE" env:"FAULTLINE_PROBE_EXCLUDE" help:"Sites of the list that are not probed, separated by commas."`
	Pages          bool          `default:"true" negatable:"" env:"FAULTLINE_PAGES" help:"Read once a day which hosts serve scripts, styles and fonts of each catalogue site's page, where robots.txt allows it. --no-pages reads none."`
	eyesFlags
}

// pageEvery is how long it is between two requests for the page of one site.
const pageEvery = 24 * time.Hour

// pages is how often pages are read; 0: never.
func (f localFlags) pages() time.Duration {
	if !f.Pages {
		return 0
	}
	return pageEvery
}

// countryForm is the form of an ISO 3166-1 alpha-2 code. Whether the country exists is not
// checked.
var countryForm = regexp.MustCompile(`^[A-Z]{2}$`)

// check refuses a name, a country or a period that the API would refuse later.
func (f localFlags) check() error {
	if f.Vantage != "" && !agent.ValidName(f.Vantage) {
		return usageError{
			fmt.Errorf("--vantage: %q is not 1 to 64 letters, digits, dots, - and _, a letter or digit first",
				f.Vantage)}
	}
	if f.VantageCountry != "" && !countryForm.MatchString(f.VantageCountry) {
		return usageError{fmt.Errorf("--vantage-country: %q is not two capital letters", f.VantageCountry)}
	}
	if err := within("probe-period", f.ProbePeriod, 10*time.Second, time.Hour); err != nil {
		return err
	}
	return f.eyesFlags.check()
}

// vantage is how this node names itself as a vantage: by --vantage, or by its host name. Two
// nodes of one name would be taken for one vantage, and could not confirm each other.
func (f localFlags) vantage() faultline.Vantage {
	name := f.Vantage
	if name == "" {
		name = agent.MachineName()
	}
	return faultline.Vantage{Vantage: name, ASN: f.VantageASN, Country: f.VantageCountry}
}
