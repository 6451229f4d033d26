package accuracy

import (
	"fmt"
	"time"

	"faultline/scenario"
)

// Calm is a long stretch of time in which nothing fails that anybody should be
// told of: whatever is confirmed in it is false.
type Calm struct {
	Seed          uint64
	Sites, Probed int
	CadenceS      int // seconds between two probes of one site at one vantage
	Days          int
}

// What is wrong on a good day: shares of the probed sites, of all probes, and how
// the rate of a site's reports varies from minute to minute.
const (
	deadSites    = 0.005 // fail for the probes for good
	flakySites   = 0.02  // fail now and then, for good
	falseAlarms  = 0.01  // of all probes
	calmBursts   = 1.0   // σ of a log-normal factor
	fewestProbed = 41    // below that the odd unpopular site is not among them
)

// DrawCalm draws it: sites as in every scenario, more of them; probes that fail by
// chance, sites that are dead or flaky for the probes alone, people who grumble by
// rank, by the hour and in bursts.
func DrawCalm(c Calm) (scenario.Spec, error) {
	if c.Sites < densely || c.Probed < fewestProbed || c.Probed > c.Sites/2 || c.CadenceS < 1 || c.Days < 1 {
		return scenario.Spec{},
			fmt.Errorf("a calm of %d sites (%d or more), %d probed (%d to half), every %d s, %d days",
				c.Sites, densely, c.Probed, fewestProbed, c.CadenceS, c.Days)
	}
	d := emptyDraft("calm", c.Seed)
	d.populate(c.Sites, c.Probed*40/41)
	for i := range d.spec.Vantages {
		d.spec.Vantages[i].CadenceS = c.CadenceS
	}
	d.spec.Noise.ProbeFailure = falseAlarms
	d.spec.Crowd.Bursts = calmBursts
	d.length(c.Days * int(24*time.Hour/time.Minute))
	for range int(deadSites * float64(c.Probed)) {
		d.unwell([]int{d.watched()}, 0.97)
	}
	for range int(flakySites * float64(c.Probed)) {
		d.unwell([]int{d.watched()}, 0.04+0.14*d.rng.Float64())
	}
	d.spec.Sites = d.sites
	if err := d.spec.Check(); err != nil {
		return scenario.Spec{}, fmt.Errorf("a calm of seed %d: %w", c.Seed, err)
	}
	return d.spec, nil
}
