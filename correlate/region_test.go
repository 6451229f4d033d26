package correlate

import "testing"

// A vantage that sees what others do not is confirmed by people of where it is. A crowd
// that complains wherever probes find the sites well contradicts it instead.
func TestACrowdElsewhereDoesNotAgreeWithAVantage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		crowds    []crowdOf
		confirmed bool
	}{
		"people of its country":            {[]crowdOf{{country: "SG", asns: asns(4000, 6)}}, true},
		"people of a country unknown":      {[]crowdOf{{country: "??unknown", asns: asns(4000, 6)}}, true},
		"people of a country that none is": {[]crowdOf{{country: "JP", asns: asns(4000, 6)}}, true},
		"people where others find it well": {[]crowdOf{{country: "GB", asns: asns(4000, 6)}}, false},
		"people everywhere": {[]crowdOf{
			{country: "SG", asns: asns(4000, 6)}, {country: "GB", asns: asns(4100, 6)},
			{country: "US", asns: asns(4200, 6)},
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := regionalOutage()
			for _, crowd := range c.crowds {
				crowd.sites, crowd.from, crowd.to, crowd.perMinute, crowd.symptom = w.on("dns:q"), 36, 45, 20, "dns"
				w.crowds = append(w.crowds, crowd)
			}
			s := w.run(t)
			if c.confirmed {
				s.wantOne(t, "dns:q")
			} else {
				s.wantNone(t)
			}
		})
	}
}
