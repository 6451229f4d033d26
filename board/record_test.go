package board

import (
	"testing"
	"time"

	"faultline"
	"faultline/board/page"
)

func TestConcentrationCountsPartsAndFirebreaks(t *testing.T) {
	x := NewIndex()
	for site, on := range map[string][]faultline.Component{
		"a.example": {"cdn:fastly"}, "b.example": {"cdn:fastly", "cdn:akamai"}, "c.example": {"cdn:akamai"},
		"d.example": {"cdn:fastly"}, "e.example": {"dns:dyn"},
	} {
		x.Put(faultline.SiteRecord{Site: site, Rank: 5, Components: on})
	}
	c := Concentrations(x, nil, Part{}, 10)[0]
	if c.Kind != faultline.KindCDN || c.Known != 4 || c.Sites != 5 || c.Firebreak != 1 || *c.HHI != 5313 ||
		*c.Coverage != 0.8 {
		t.Errorf("counted %+v", c)
	}
	if first := c.Providers[0]; first.Provider != "Fastly" || first.Sites != 3 || first.Alone != 2 ||
		first.Share != 0.625 {
		t.Errorf("the largest is %+v", first)
	}
	r := BlastRadius(x, "cdn:fastly", Part{}, 2)
	if r.Sites != 3 || r.Alone != 2 || r.Known != 4 || len(r.Most) != 2 || r.Ranks[0].Sites != 3 {
		t.Errorf("the blast radius is %+v", r)
	}
}

// ranked4 is a list of four sites in two countries, of which a.example is visited most.
func ranked4() *Index {
	x := NewIndex()
	for i, on := range [][]faultline.Component{
		{"cdn:fastly"}, {"cdn:fastly", "cdn:akamai"}, {"cdn:akamai"}, {"dns:dyn"},
	} {
		site := string(rune('a'+i)) + ".example"
		x.Put(faultline.SiteRecord{Site: site, Rank: 1 << i, Components: on})
		x.Describe(site, About{Country: []string{"GB", "US"}[i%2], Service: "news"})
	}
	x.Put(faultline.SiteRecord{Site: "unranked.example", Components: []faultline.Component{"cdn:akamai"}})
	return x
}

func TestConcentrationWeighsByRankWhatHasOne(t *testing.T) {
	c := Concentrations(ranked4(), nil, Part{}, 10)[0]
	// Ranks 1, 2 and 4 weigh 1, ½ and ¼: Fastly has 1 + ¼ of 1 ¾, Akamai ½.
	if c.Known != 4 || c.Ranked != 3 || *c.HHIRanked != 5918 {
		t.Errorf("counted %+v with an index of %d", c, *c.HHIRanked)
	}
	if first := c.Providers[0]; first.Provider != "Akamai" || *first.RankedShare != 2./7 {
		t.Errorf("by sites the largest is %+v", first)
	}
	if band := c.Ranks[0]; band != (FirebreakBand{Top: 100, Known: 4, Firebreak: 1}) {
		t.Errorf("of the most visited sites %+v", band)
	}
	for _, k := range Concentrations(ranked4(), nil, Part{Service: "none"}, 10) {
		if k.Coverage != nil || k.HHI != nil || k.HHIRanked != nil {
			t.Errorf("of no sites it says %+v", k)
		}
	}
}

func TestConcentrationOfEachCountryApart(t *testing.T) {
	groups, ungrouped := Groups(ranked4(), nil, Part{}, ByCountry)
	if len(groups) != 2 || ungrouped != 1 {
		t.Fatalf("%d groups, %d in none", len(groups), ungrouped)
	}
	gb, us := groups[0].Kinds[0], groups[1].Kinds[0]
	if groups[0].Group != "GB" || gb.Known != 2 || *gb.HHI != 5000 || gb.Firebreak != 0 {
		t.Errorf("of Britain %+v", gb)
	}
	if groups[1].Group != "US" || us.Known != 1 || us.Sites != 2 || us.Firebreak != 1 {
		t.Errorf("of the United States %+v", us)
	}
	if one := Concentrations(ranked4(), nil, Part{Country: "GB"}, 10)[0]; *one.HHI != *gb.HHI || one.Sites != gb.Sites {
		t.Errorf("asked for alone it is %+v, among others %+v", one, gb)
	}
}

func TestFirebreaksNameWhatIsNotKnownToo(t *testing.T) {
	sites := Firebreaks(ranked4(), nil, Part{}, 4)
	if len(sites) != 4 || sites[0].Site != "a.example" || sites[0].Kinds[0].Second || !sites[1].Kinds[0].Second {
		t.Errorf("the most visited sites are %+v", sites)
	}
	if dns := sites[3].Kinds; len(dns) != 1 || dns[0].Kind != faultline.KindDNS {
		t.Errorf("a site without a known CDN has %+v", dns)
	}
}

func TestBlastRadiusByCountryAndWeight(t *testing.T) {
	r := BlastRadius(ranked4(), "cdn:fastly", Part{}, 2)
	if r.Ranked != 3 || *r.RankedShare != 6./7 || *r.RankedAlone != 4./7 || r.ListSites != 5 {
		t.Errorf("the blast radius is %+v", r)
	}
	if len(r.Countries) != 2 || r.Countries[0] != (RadiusGroup{"GB", 2, 1, 1}) ||
		r.Countries[1] != (RadiusGroup{"US", 1, 1, 0}) || r.Services[0] != (RadiusGroup{"news", 3, 2, 1}) {
		t.Errorf("by country %+v, by service %+v", r.Countries, r.Services)
	}
	both := faultline.Provider{Components: []string{"cdn:fastly", "cdn:akamai"}}
	if r := ProviderRadius(ranked4(), both, faultline.KindCDN, Part{}, 2); r.Sites != 4 || r.Alone != 4 {
		t.Errorf("of a provider of both it is %+v", r)
	}
}

func TestScorecardGradesWhatIsOver(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	confirmed := at.Add(30 * time.Second)
	over := faultline.Incident{State: faultline.StateResolved, ConfirmedAt: &confirmed, Onset: faultline.Onset{At: at},
		Cause:      &faultline.Cause{Component: "cdn:fastly", Confidence: 0.97},
		Statements: []faultline.SaidStatement{{At: at.Add(11 * time.Minute)}}}
	wrong := over
	wrong.State, wrong.Statements, wrong.Corrections = faultline.StateRetracted, nil, []faultline.Correction{{By: "x"}}
	open := over
	open.State = faultline.StateConfirmed
	unlisted := over
	unlisted.ConfirmedAt = nil
	s := Grade([]*faultline.Incident{&over, &wrong, &open, &unlisted}, nil)
	if s.Incidents != 2 || s.Named != 2 || s.Held != 1 || s.Retracted != 1 || s.Corrected != 1 || s.Before != 1 {
		t.Errorf("graded %+v", s)
	}
	if *s.MedianSeconds != 30 || *s.MedianAhead != 11 || s.Calibration[4].Incidents != 2 || s.Calibration[4].Held != 1 {
		t.Errorf("after %d s, %d min ahead, %+v", *s.MedianSeconds, *s.MedianAhead, s.Calibration)
	}
	if none := Grade(nil, nil); none.MedianSeconds != nil || none.MedianAhead != nil {
		t.Errorf("nothing is graded %+v", none)
	}
}

// How late a provider spoke is said by month; what was withdrawn counts for nobody, and as false
// where a person withdrew it.
func TestScorecardSaysHowLateProvidersSpoke(t *testing.T) {
	providers := faultline.NewProviders([]faultline.Provider{{Slug: "fastly", Name: "Fastly",
		Components: []string{"cdn:fastly"}}, {Slug: "dyn", Name: "Dyn", Components: []string{"dns:dyn"}}})
	var list []*faultline.Incident
	add := func(month time.Month, cause faultline.Component, lag int) *faultline.Incident {
		at := time.Date(2026, month, 3, 0, 0, 0, 0, time.UTC)
		inc := &faultline.Incident{State: faultline.StateResolved, ConfirmedAt: &at, Onset: faultline.Onset{At: at},
			Cause: &faultline.Cause{Component: cause}}
		if lag != 0 {
			inc.Statements = []faultline.SaidStatement{{At: at.Add(time.Hour)},
				{At: at.Add(time.Duration(lag) * time.Minute)}}
		}
		list = append(list, inc)
		return inc
	}
	add(2, "dns:dyn", 9)
	add(3, "cdn:fastly", 11)
	add(1, "cdn:fastly", 4)
	add(1, "cdn:fastly", 8)
	add(1, "cdn:fastly", 0)
	add(1, "cdn:nobody", 5)
	withdrawn := add(3, "cdn:fastly", 50)
	withdrawn.State = faultline.StateRetracted
	withdrawn.Corrections = []faultline.Correction{{By: "x", State: faultline.StateRetracted}}
	add(3, "cdn:fastly", 50).State = faultline.StateRetracted // by the evidence
	s := Grade(list, providers)
	text, err := page.Render(s.Providers)
	const want = `[{"slug":"fastly","provider":"Fastly","incidents":4,"spoken":3,"median_minutes":8,"months":[` +
		`{"month":"2026-01","incidents":3,"spoken":2,"median_minutes":4},` +
		`{"month":"2026-03","incidents":1,"spoken":1,"median_minutes":11}]},` +
		`{"slug":"dyn","provider":"Dyn","incidents":1,"spoken":1,"median_minutes":9,` +
		`"months":[{"month":"2026-02","incidents":1,"spoken":1,"median_minutes":9}]}]`
	if err != nil || string(text) != want {
		t.Errorf("%s\nwant %s, %v", text, want, err)
	}
	if s.False != 1 || s.Retracted != 2 {
		t.Errorf("%d are false, %d were withdrawn", s.False, s.Retracted)
	}
	for i := range 60 { // five years
		add(time.Month(i), "dns:dyn", 1)
	}
	months := Grade(list, providers).Providers[0].Months
	if len(months) != maxLagMonths || months[maxLagMonths-1].Month != "2030-11" {
		t.Errorf("%d months are said, up to %+v", len(months), months[len(months)-1])
	}
}
