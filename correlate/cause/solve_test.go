package cause

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"faultline"
)

// wellElsewhere is healthy sites on a few providers.
func wellElsewhere() []group {
	return []group{
		{n: 20, on: "cdn:z dns:p tld:com", l: -3}, {n: 20, on: "dns:q tld:com", l: -3},
		{n: 20, on: "dns:q tld:org", l: -3},
	}
}

// problems are small ones, each of which asks for one part of the method.
var problems = map[string]struct {
	town town
	want said
}{
	"nothing fails": {town{groups: wellElsewhere()}, said{}},
	"one provider": {
		town{groups: append(wellElsewhere(), group{n: 10, on: "cdn:x dns:p tld:com", l: 6})},
		said{Causes: []blamed{{Name: "cdn:x", Sites: 10, Own: 10}}},
	},
	"two providers at once": {
		town{groups: append(wellElsewhere(),
			group{n: 10, on: "cdn:x dns:p tld:com", l: 6}, group{n: 10, on: "cdn:y dns:q tld:org", l: 6})},
		said{Causes: []blamed{{Name: "cdn:x", Sites: 10, Own: 10}, {Name: "cdn:y", Sites: 10, Own: 10}}},
	},
	"a quarter of a provider's sites": {
		town{groups: append(wellElsewhere(),
			group{n: 10, on: "cdn:x dns:p tld:com", l: 6}, group{n: 30, on: "cdn:x dns:q tld:com", l: -3})},
		said{Causes: []blamed{{Name: "cdn:x", Sites: 10, Own: 10}}},
	},
	"one in fifteen of a provider's sites": {
		town{groups: append(wellElsewhere(),
			group{n: 10, on: "cdn:x", l: 6}, group{n: 140, on: "cdn:x", l: -3})},
		said{Causes: []blamed{{Name: "cdn:x", Sites: 10, Own: 10}}},
	},
	"most of what fails of a network is its provider's fault": {
		town{groups: append(wellElsewhere(), group{n: 12, on: "cdn:x", l: 6}, group{n: 8, on: "cdn:x asn:AS1", l: 6},
			group{n: 2, on: "dns:q asn:AS1", l: 6})},
		said{Causes: []blamed{{Name: "cdn:x", Sites: 20, Own: 20}}},
	},
	"a site here and there fails on its own": {
		town{groups: append(wellElsewhere(),
			group{n: 1, on: "cdn:x dns:p tld:com", l: 6}, group{n: 30, on: "cdn:x dns:p tld:com", l: -3},
			group{n: 1, on: "cdn:y dns:q tld:com", l: 6}, group{n: 30, on: "cdn:y dns:q tld:com", l: -3})},
		said{},
	},
	"three sites, where sites seldom fail": {
		town{leak: 0.0005, groups: append(wellElsewhere(), group{n: 3, on: "cdn:x dns:p tld:com", l: 3.5, since: 7})},
		said{Causes: []blamed{{Name: "cdn:x", Sites: 3, Own: 3}}},
	},
	"three sites, where sites often fail": {
		town{leak: 0.2, groups: append(wellElsewhere(), group{n: 3, on: "cdn:x dns:p tld:com", l: 3.5, since: 7})},
		said{},
	},
	"two narrow causes fill a wide one": {
		town{groups: []group{
			{n: 15, on: "cdn:x tld:com", l: 9}, {n: 15, on: "cdn:y tld:com", l: 9},
			{n: 15, on: "cdn:z tld:com", l: -3}, {n: 15, on: "tld:com", l: -3}, {n: 20, on: "tld:org", l: -3},
		}},
		said{Causes: []blamed{{Name: "cdn:x", Sites: 15, Own: 15}, {Name: "cdn:y", Sites: 15, Own: 15}}},
	},
	"two with equal members": {
		town{groups: append(wellElsewhere(), group{n: 10, on: "cdn:x asn:AS1", l: 6, class: ClassVague})},
		said{Causes: []blamed{{Name: "cdn:x", Sites: 10, Own: 10, Like: []string{"asn:AS1="}}}},
	},
	"the symptom tells which of two": {
		town{groups: append(wellElsewhere(),
			group{n: 10, on: "cdn:x dns:r", l: 6, class: ClassDNS, step: faultline.LayerResolved})},
		said{Causes: []blamed{{Name: "dns:r", Sites: 10, Own: 10}}},
	},
	"an answer proves that its name was resolved": {
		town{groups: append(wellElsewhere(),
			group{n: 10, on: "dns:r", l: 6, class: ClassVague, step: faultline.LayerAnswered})},
		said{Unmapped: 10},
	},
	"what failed at an unknown step proves nothing": {
		town{groups: append(wellElsewhere(), group{n: 10, on: "dns:r", l: 6, class: ClassVague})},
		said{Causes: []blamed{{Name: "dns:r", Sites: 10, Own: 10}}},
	},
	"an unlikely cause": {
		town{more: 30, groups: append(wellElsewhere(), group{n: 3, on: "cdn:x dns:p", l: 2.5})},
		said{},
	},
	"an unlikely cause that is published": {
		town{more: 30, published: []string{"cdn:x"}, groups: append(wellElsewhere(),
			group{n: 3, on: "cdn:x dns:p", l: 2.5})},
		said{Causes: []blamed{{Name: "cdn:x", Sites: 3, Own: 3}}},
	},
	"what an open incident explains": {
		town{held: []held{{on: "cdn:x", part: 0.9}}, groups: append(wellElsewhere(),
			group{n: 10, on: "cdn:x asn:AS1", l: 6})},
		said{},
	},
	"a second cause beside an open incident": {
		town{held: []held{{on: "cdn:x", part: 0.9}}, groups: append(wellElsewhere(),
			group{n: 10, on: "cdn:x asn:AS1", l: 6}, group{n: 10, on: "asn:AS1", l: 6})},
		said{Causes: []blamed{{Name: "asn:AS1", Sites: 20, Own: 10}}},
	},
	"many sites of one owner": {
		town{groups: append(wellElsewhere(), group{n: 8, on: "cdn:x site:o", l: 6, owner: "o"},
			group{n: 9, on: "cdn:x", l: -3})},
		said{Causes: []blamed{{Name: "site:o", Sites: 8, Own: 8}}},
	},
	"as many of several owners": {
		town{groups: append(wellElsewhere(), group{n: 8, on: "cdn:x", l: 6}, group{n: 9, on: "cdn:x", l: -3})},
		said{Causes: []blamed{{Name: "cdn:x", Sites: 8, Own: 8}}},
	},
	"sites that share nothing known": {
		town{groups: append(wellElsewhere(), group{n: 5, on: "cdn:z dns:q", l: 6},
			group{n: 5, on: "dns:p", l: 6},
			group{n: 5, on: "tld:com dns:q", l: 6}, group{n: 40, on: "dns:p", l: -3},
			group{n: 40, on: "dns:q", l: -3})},
		said{Unmapped: 15},
	},
	"those that people alone complain of": {
		town{groups: append(wellElsewhere(), group{n: 8, l: 6, people: true})},
		said{},
	},
	"healthy sites speak without being asked": {
		town{groups: []group{{n: 3, on: "cdn:x", l: 3}, {n: 400, on: "cdn:x", l: -6, settled: true}}},
		said{},
	},
}

func TestSolve(t *testing.T) {
	t.Parallel()
	for name, c := range problems {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := c.town.build()
			if diff := cmp.Diff(c.want, c.town.said(Solve(p))); diff != "" {
				t.Errorf("found other than wanted (-want +got):\n%s", diff)
			}
		})
	}
}
