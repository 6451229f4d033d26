package scenario

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"time"

	"faultline"
)

// Bounds of a scenario, so that a spec can't ask for more than a machine has.
const (
	maxLength     = 60 * 24 * time.Hour
	maxSites      = 1 << 20
	maxComponents = 32 // of one site
	maxVantages   = 64
	maxFailures   = 1_000
	maxPoints     = 1_000 // of one curve
	maxEchoes     = 1_000
	maxStatements = 1_000
	maxNetworks   = 10_000
	maxPrefixes   = 1 << 16 // of one network
	maxRate       = 100_000.
	maxFactor     = 10_000.
	maxOwnFaults  = 24. // of one site a day
	// Shares are written in decimals, whose sum is rarely exactly 1 in binary.
	mixTolerance    = 1e-6
	maxTextBytes    = 2_000
	maxCadence      = 3_600
	maxLatency      = 10_000
	maxMeanLag      = 3_600.
	maxWeary        = 1e6
	maxFaultMinutes = 1_440.
	maxBursts       = 3.
	maxClock        = 86_400
	maxLateS        = 3_600
	maxPeople       = 1_000_000 // of one attack
	minStatus       = 100
	maxStatus       = 999
)

var (
	// A name becomes a file name and a part of an address.
	slug    = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	host    = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
	country = regexp.MustCompile(`^[A-Z]{2}$`)
)

// Check says everything that makes no sense in a spec, each with its place as a JSON
// pointer, or nil. A spec that was made in code is to be checked before its events are
// asked for. All complaints come at once, because a scenario is written by hand.
func (s Spec) Check() error {
	var c complaints
	s.checkHead(&c)
	s.checkVantages(&c)
	s.Noise.check(&c)
	s.Crowd.check(&c)
	// Before all that names sites: what follows is checked against this list.
	known := s.checkSites(&c)
	c.count("/failures", len(s.Failures), 0, maxFailures)
	for i, f := range s.Failures {
		s.checkFailure(&c, fmt.Sprintf("/failures/%d", i), f, known)
	}
	c.count("/echoes", len(s.Echoes), 0, maxEchoes)
	for i, e := range s.Echoes {
		s.checkEcho(&c, fmt.Sprintf("/echoes/%d", i), e, known)
	}
	c.count("/attacks", len(s.Attacks), 0, maxEchoes)
	for i, a := range s.Attacks {
		s.checkAttack(&c, fmt.Sprintf("/attacks/%d", i), a, known)
	}
	s.Dirt.check(&c)
	s.Readers.check(&c, s.holds)
	c.count("/statements", len(s.Statements), 0, maxStatements)
	for i, st := range s.Statements {
		s.checkStatement(&c, fmt.Sprintf("/statements/%d", i), st)
	}
	s.checkRecord(&c, known)
	return errors.Join(c...)
}

// checkHead checks names, texts and the order of times.
func (s Spec) checkHead(c *complaints) {
	c.add(slug.MatchString(s.Name), "/name", "%q is not of lower-case words with hyphens", s.Name)
	c.add(s.Title != "" && len(s.Title) <= maxTextBytes, "/title", "is missing or too long")
	c.add(s.Why != "" && len(s.Why) <= maxTextBytes, "/why", "is missing or too long")
	c.add(!s.Start.IsZero(), "/start", "is missing")
	// An engine must have seen how it was before, or it can tell no outage from the
	// usual.
	c.add(s.Onset.After(s.Start), "/onset", "is not after start")
	c.add(s.End.After(s.Onset), "/end", "is not after onset")
	c.add(s.End.Sub(s.Start) <= maxLength, "/end", "is more than %v after start", maxLength)
}

// checkVantages checks that vantages have names, networks and countries, each name
// once. A scenario may have no vantage at all: then reports are all there is.
func (s Spec) checkVantages(c *complaints) {
	c.count("/vantages", len(s.Vantages), 0, maxVantages)
	seen := map[string]bool{}
	for i, v := range s.Vantages {
		// A JSON pointer (RFC 6901), by which an editor finds the place.
		at := fmt.Sprintf("/vantages/%d", i)
		c.add(slug.MatchString(v.Vantage) && !seen[v.Vantage], at+"/vantage",
			"%q stands twice or is not of lower-case words with hyphens", v.Vantage)
		c.add(v.ASN > 0, at+"/asn", "is missing")
		c.add(country.MatchString(v.Country), at+"/country", "%q is no country code", v.Country)
		c.within(at+"/cadence_s", float64(v.CadenceS), 1, maxCadence)
		c.within(at+"/latency_ms", float64(v.LatencyMS), 1, maxLatency)
		c.within(at+"/clock_s", float64(v.ClockS), -maxClock, maxClock)
		seen[v.Vantage] = true
	}
}

// check checks the rates of noise.
func (n Noise) check(c *complaints) {
	c.within("/noise/probe_failure", n.ProbeFailure, 0, 1)
	c.within("/noise/own_faults_per_day", n.OwnFaultsPerDay, 0, maxOwnFaults)
	c.within("/noise/own_fault_minutes", n.OwnFaultMinutes, 0, maxFaultMinutes)
	c.add(n.OwnFaultsPerDay == 0 || n.OwnFaultMinutes > 0, "/noise/own_fault_minutes", "is missing")
	n.Symptoms.check(c, "/noise/symptoms")
}

// check checks the rates and shares of the crowd.
func (cr Crowd) check(c *complaints) {
	c.within("/crowd/rate", cr.Rate, 0, maxRate)
	c.within("/crowd/exponent", cr.Exponent, 0, 2)
	c.within("/crowd/quiet", cr.Quiet, 0, 1)
	c.within("/crowd/weary_s", cr.WearyS, 0, maxWeary)
	c.within("/crowd/lag_shape", cr.LagShape, 0.1, 100)
	c.within("/crowd/lag_mean_s", cr.LagMeanS, 0.001, maxMeanLag)
	c.within("/crowd/home", cr.Home, 0, 1)
	c.within("/crowd/silent", cr.Silent, 0, 1)
	c.within("/crowd/vague", cr.Vague, 0, 1)
	c.within("/crowd/quiet_exponent", cr.QuietExponent, 0, 2)
	c.within("/crowd/day", cr.Day, 0, 1)
	c.within("/crowd/bursts", cr.Bursts, 0, maxBursts)
	cr.Complaint.check(c, "/crowd/complaints")
	c.networks("/crowd/networks", cr.Networks)
}

// networks checks a list of networks of reporters. At least one is needed, because
// every report comes from some network.
func (c *complaints) networks(pointer string, networks []Network) {
	c.count(pointer, len(networks), 1, maxNetworks)
	for i, n := range networks {
		at := fmt.Sprintf("%s/%d", pointer, i)
		c.add(n.ASN > 0, at+"/asn", "is missing")
		c.add(country.MatchString(n.Country), at+"/country", "%q is no country code", n.Country)
		c.add(n.Share > 0 && !math.IsInf(n.Share, 0), at+"/share", "%v is not above 0", n.Share)
		c.within(at+"/prefixes", float64(n.Prefixes), 1, maxPrefixes)
	}
}

// check refuses a mix that does not share out everything. A mix that adds up to less
// would let some failures have no symptom.
func (m Mix) check(c *complaints, at string) {
	total := 0.
	for symptom, share := range m {
		p := at + "/" + pointerToken(string(symptom))
		c.add(symptom.Known() && symptom != faultline.SymptomOK, p, "%q is no symptom of failing", symptom)
		c.within(p, share, 0, 1)
		total += share
	}
	c.add(math.Abs(total-1) < mixTolerance, at, "the shares add up to %.6g, not to 1", total)
}
