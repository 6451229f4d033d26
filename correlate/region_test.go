package correlate

import (
	"slices"
	"testing"

	"faultline"
)

// historyOf is what the people of a crowd's networks complain of on any day.
func historyOf(w *world, c crowdOf) crowdOf {
	return crowdOf{sites: w.all(), to: 35, perMinute: 1, asns: c.asns, country: c.country}
}

// A vantage that sees what others do not is confirmed by people of where it is,
// on networks from which people complain on any day. A crowd that complains wherever probes find
// the sites well contradicts it instead.
func TestACrowdElsewhereDoesNotAgreeWithAVantage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		crowds    []crowdOf
		newcomers bool // their networks have never reported before
		confirmed bool
	}{
		"people of its country":                  {[]crowdOf{{country: "SG", asns: asns(4000, 6)}}, false, true},
		"people of a country unknown":            {[]crowdOf{{country: "??unknown", asns: asns(4000, 6)}}, false, true},
		"people of a country that none is":       {[]crowdOf{{country: "JP", asns: asns(4000, 6)}}, false, true},
		"people where others find it well":       {[]crowdOf{{country: "GB", asns: asns(4000, 6)}}, false, false},
		"people of networks that never reported": {[]crowdOf{{country: "SG", asns: asns(4000, 6)}}, true, false},
		"people everywhere": {[]crowdOf{
			{country: "SG", asns: asns(4000, 6)}, {country: "GB", asns: asns(4100, 6)},
			{country: "US", asns: asns(4200, 6)},
		}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := regionalOutage()
			for _, crowd := range c.crowds {
				crowd.sites, crowd.from, crowd.to, crowd.perMinute, crowd.symptom = w.on("dns:q"), 36, 45, 20, "dns"
				w.crowds = append(w.crowds, crowd)
				if c.newcomers {
					crowd.asns = asns(4300, 6) // others live there
				}
				w.crowds = append(w.crowds, historyOf(w, crowd))
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

// Two of five vantages whose networks alone see a failure are not enough, when three find
// the same sites well: they may both be wrong, or lie. People of their countries decide.
func TestAFewVantagesNeedPeopleWhereMostFindTheSitesWell(t *testing.T) {
	t.Parallel()
	for name, confirmed := range map[string]bool{"nobody complains": false, "people of their countries": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := regionalOutage()
			w.vantages = append(w.vantages, faultline.Vantage{Vantage: "fra-1", ASN: 24940, Country: "DE"},
				faultline.Vantage{Vantage: "syd-1", ASN: 1221, Country: "AU"})
			w.faults[0].vantages = []string{"sgp-1", "syd-1"}
			if confirmed {
				crowd := crowdOf{sites: w.on("dns:q"), from: 36, to: 45, perMinute: 20, asns: asns(4000, 6),
					symptom: "dns", country: "AU"}
				w.crowds = append(w.crowds, crowd, historyOf(w, crowd))
			}
			if s := w.run(t); confirmed {
				s.wantOne(t, "dns:q")
			} else {
				s.wantNone(t)
			}
		})
	}
}

// One of three vantages that finds everything well, because it lies or is answered from a cache,
// hides no outage that the two others see and of which people complain wherever they live.
// People of the two vantages' countries who say nothing leave it open.
func TestAVantageThatFindsAllWellHidesNoOutage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		complain  []string // the countries in which people do
		confirmed bool
	}{
		"people everywhere":               {[]string{"SG", "GB", "US"}, true},
		"people where it is found well":   {[]string{"GB"}, false},
		"people where it is seen to fail": {[]string{"SG", "US"}, true},
		"nobody":                          {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := regionalOutage()
			w.faults[0].vantages = []string{"sgp-1", "nyc-1"}
			for i, country := range []string{"SG", "GB", "US"} {
				crowd := crowdOf{sites: w.on("dns:q"), from: 36, to: 45, perMinute: 20, symptom: "dns",
					country: country, asns: asns(uint32(4000+100*i), 6)}
				if slices.Contains(c.complain, country) {
					w.crowds = append(w.crowds, crowd)
				}
				w.crowds = append(w.crowds, historyOf(w, crowd))
			}
			if s := w.run(t); c.confirmed {
				s.wantOne(t, "dns:q")
			} else {
				s.wantNone(t)
			}
		})
	}
}

// A crowd that begins with the lie of a vantage, and complains of everything that depends on
// a component, confirms nothing that other vantages find well: neither before these have
// checked, nor once the vantage has stopped lying and only people are left.
func TestLyingVantagesAndACrowdConfirmNothingThatOthersFindWell(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		more     []faultline.Vantage
		liars    []string
		unprobed int // of the sites that depend on the component
	}{
		"one of three": {nil, []string{"sgp-1"}, 0},
		"one of three, most sites are not probed": {nil, []string{"sgp-1"}, 30},
		"two of five": {[]faultline.Vantage{{Vantage: "tyo-1", ASN: 63949, Country: "JP"},
			{Vantage: "par-1", ASN: 12876, Country: "FR"}}, []string{"sgp-1", "tyo-1"}, 0},
		"two of four": {[]faultline.Vantage{{Vantage: "tyo-1", ASN: 63949, Country: "JP"}},
			[]string{"sgp-1", "tyo-1"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietTown(200, 62)
			w.vantages = append(w.vantages, c.more...)
			on := w.on("dns:q")
			w.blind(on[:c.unprobed])
			w.faults = []fault{{sites: on, vantages: c.liars, from: 35, to: 48, symptom: "dns"}}
			w.crowds = []crowdOf{
				{sites: on, from: 35, to: 42, perMinute: 60, asns: asns(6000, 30), symptom: "dns"},
				historyOf(w, crowdOf{asns: asns(4000, 6), country: "SG"}),
			}
			w.run(t).wantNone(t)
		})
	}
}

// People where probes find the sites well contradict a vantage by all that depends on the
// cause, and not by the sites alone that fail at it: a liar chooses those.
func TestACrowdElsewhereContradictsByAllThatDependsOnTheCause(t *testing.T) {
	t.Parallel()
	w := regionalOutage()
	on := w.on("dns:q")
	failing, rest := on[:len(on)/2], on[len(on)/2:]
	w.faults[0].sites = failing
	for i, country := range []string{"SG", "GB", "US"} {
		crowd := crowdOf{sites: rest, from: 36, to: 45, perMinute: 20, country: country, symptom: "dns",
			asns: asns(uint32(4000+100*i), 6)}
		if country == "SG" {
			crowd.sites = failing
		}
		w.crowds = append(w.crowds, crowd, historyOf(w, crowd))
	}
	w.run(t).wantNone(t)
}
