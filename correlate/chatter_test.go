package correlate

import (
	"testing"

	"faultline"
)

// In the first hour of a log nothing is known of how much people complain. As long as they say
// no more than before, they agree with no vantage: neither where one of three lies, nor where
// two of five do.
func TestPeopleWhoAreAsLoudAsBeforeAgreeWithNoVantage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		vantages []faultline.Vantage
		liars    []string
	}{
		"one of three": {threeVantages(), []string{"nyc-1"}},
		"two of five":  {fiveVantages(), []string{"nyc-1", "par-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loudTown(c.vantages, c.liars).run(t).wantNone(t)
		})
	}
}

// A crowd that grows is still heard in a town as loud.
func TestPeopleWhoAreLouderThanBeforeAgree(t *testing.T) {
	t.Parallel()
	w := loudTown(threeVantages(), []string{"nyc-1"})
	w.crowds = append(w.crowds, crowdOf{sites: w.on("cdn:x"), from: 35.5, to: 50, perMinute: 40,
		asns: asns(3000, 40), country: "US"})
	w.run(t).wantOne(t, "cdn:x")
}

// loudTown is a town where people of one country complain ten times as much as the sites'
// ranks suggest, whether anything fails or not, and where some vantages see a CDN fail.
func loudTown(vantages []faultline.Vantage, see []string) *world {
	w := quietTown(150, 60)
	w.vantages = vantages
	w.crowds = []crowdOf{{sites: w.all(), to: 60, perMinute: 20, asns: asns(3000, 40), country: "US"}}
	w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 58, symptom: "http_503", vantages: see}}
	return w
}

// How loud people are is told by those who have no reason to complain, and by no few of them more
// than they are worth.
func TestHowLoudPeopleAre(t *testing.T) {
	t.Parallel()
	e := settled(1)
	for name, c := range map[string]struct {
		perNet map[uint32]int
		normal float64
		want   float64
	}{
		"as ever":                {map[uint32]int{0: 2, 1: 1}, 3, 1},
		"fewer":                  {nil, 3, 1},
		"twice as many":          {map[uint32]int{0: 3, 1: 3, 2: 3}, 4, 2},
		"an army of one network": {map[uint32]int{0: 300}, 3, 1},
		"hardly any are usual":   {map[uint32]int{0: 1}, 0, 2},
	} {
		for id := range c.perNet {
			for uint32(len(e.networks.rows)) <= id {
				e.network(faultline.Report{ASN: uint32(len(e.networks.rows) + 1), Country: "US"})
			}
		}
		p := pooled{perNet: c.perNet, normal: c.normal}
		for _, n := range c.perNet {
			p.total += float64(n)
		}
		near(t, name, e.loudness(p), c.want)
	}
}
