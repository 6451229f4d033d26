package correlate

import (
	"testing"
	"time"

	"faultline"
	"faultline/correlate/cause"
	"faultline/correlate/evidence"
)

// A revision is made at once when an incident says something else: an onset by more
// than 10 s, a number failing by more than 10 %.
func TestWhatMakesARevision(t *testing.T) {
	t.Parallel()
	base := faultline.Incident{State: faultline.StateConfirmed, Title: "a", Onset: faultline.Onset{At: dawn},
		Impact: faultline.Impact{Failing: 20}}
	for name, c := range map[string]struct {
		change func(*faultline.Incident)
		want   bool
	}{
		"nothing":                {func(*faultline.Incident) {}, false},
		"an onset by 10 s":       {func(in *faultline.Incident) { in.Onset.At = dawn.Add(10 * time.Second) }, false},
		"by more":                {func(in *faultline.Incident) { in.Onset.At = dawn.Add(10*time.Second + 1) }, true},
		"by more, before":        {func(in *faultline.Incident) { in.Onset.At = dawn.Add(-11 * time.Second) }, true},
		"a tenth of the failing": {func(in *faultline.Incident) { in.Impact.Failing = 22 }, false},
		"more of them":           {func(in *faultline.Incident) { in.Impact.Failing = 23 }, true},
		"fewer":                  {func(in *faultline.Incident) { in.Impact.Failing = 17 }, true},
		"state":                  {func(in *faultline.Incident) { in.State = faultline.StateRecovering }, true},
		"cause": {func(in *faultline.Incident) { in.Cause = &faultline.Cause{Component: "cdn:x"} },
			true},
		"title":     {func(in *faultline.Incident) { in.Title = "b" }, true},
		"worldwide": {func(in *faultline.Incident) { in.Scope.Worldwide = true }, true},
		"countries": {func(in *faultline.Incident) { in.Scope.Countries = []string{"GB"} }, true},
		"networks":  {func(in *faultline.Incident) { in.Scope.ISPs = []string{"AS812"} }, true},
		"statements": {func(in *faultline.Incident) { in.Statements = make([]faultline.SaidStatement, 1) },
			true},
		"corrections": {func(in *faultline.Incident) { in.Corrections = make([]faultline.Correction, 1) },
			true},
		"evidence alone": {func(in *faultline.Incident) { in.Evidence.Probes = 1000 }, false},
	} {
		other := base
		c.change(&other)
		if got := differs(base, other); got != c.want || differs(other, base) != c.want &&
			name != "a tenth of the failing" {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	none := base
	none.Impact.Failing = 0
	one := base
	if one.Impact.Failing = 1; !differs(none, one) {
		t.Error("the first that fails tells nothing")
	}
	in := &incident{Detected: 0}
	if in.pause(hour) != minute || in.pause(hour+1) != 5*minute {
		t.Errorf("pauses of %d and %d ms", in.pause(hour), in.pause(hour+1))
	}
}

// An interval of onset grows by its rounding to whole seconds and never shrinks.
func TestOnsetsArePublishedInWholeSeconds(t *testing.T) {
	t.Parallel()
	on := wholeSeconds([3]int64{10_999, 12_500, 13_001})
	if !on.Earliest.Equal(ms(10_000)) || !on.At.Equal(ms(13_000)) || !on.Latest.Equal(ms(14_000)) {
		t.Errorf("%v", on)
	}
	if on = wholeSeconds([3]int64{10_000, 12_499, 13_000}); !on.Earliest.Equal(ms(10_000)) ||
		!on.At.Equal(ms(12_000)) || !on.Latest.Equal(ms(13_000)) {
		t.Errorf("%v", on)
	}
}

// An incident is felt where a vantage sees a quarter of what the one that sees most
// of it does, once each has checked, five times at least.
func TestScopeIsWhereItIsFelt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failed, probes int // of the second vantage; of the first 40 of 50 fail
		age            int64
		countries      int
		worldwide      bool
	}{
		"a quarter of the most":       {10, 50, hour, 0, true},
		"less":                        {9, 50, hour, 1, false},
		"four looks tell nothing":     {0, 4, hour, 0, true},
		"five do":                     {0, 5, hour, 1, false},
		"two minutes after its onset": {9, 50, 2 * minute, 1, false},
		"before it nothing is said":   {9, 50, 2*minute - 1, 0, false},
	} {
		e := settled(60)
		in := e.open("cdn:x", 0)
		in.Onset[2], in.PeakFraction = e.clock-c.age, 0.456
		for v, country := range []string{"GB", "US"} {
			id, _ := e.vantage(country)
			e.vantages.rows[id].Country = country
			seen := seenFrom{Vantage: id, Probes: 50, Failed: 40}
			if v == 1 {
				seen = seenFrom{Vantage: id, Probes: c.probes, Failed: c.failed}
			}
			in.ByVantage = append(in.ByVantage, seen)
		}
		if sc := e.scope(in); len(sc.Countries) != c.countries || sc.Worldwide != c.worldwide || sc.Fraction != 0.46 {
			t.Errorf("%s: %+v", name, sc)
		}
	}
}

// Alternatives share the confidence by their odds; those with the same members have it all.
func TestAlternativesShareTheConfidence(t *testing.T) {
	t.Parallel()
	e := settled(60)
	in := e.open("cdn:x", 9)
	in.Others = []other{{Component: "asn:AS1", LogOdds: 9, Near: true, Same: true},
		{Component: "dns:y", LogOdds: 8, Near: true, Same: false},
		{Component: "dns:z", LogOdds: 20, Near: true, Same: false}}
	c := e.renderCause(in)
	weight := 1 + 0.36787944 + 1
	all := 1 / (1 + 0.04978707)
	if c.Confidence != round(all/weight, 2) || c.Alternatives[0].Confidence != c.Confidence || c.LogOdds != 9 ||
		c.Alternatives[1].Confidence != round(all*0.36787944/weight, 2) ||
		c.Alternatives[2].Confidence != round(all/weight, 2) ||
		c.Alternatives[0].Reason != "same members" || c.Alternatives[1].Reason != "explains nearly as much" {
		t.Errorf("%+v", c)
	}
}

// How sure the cause was that an incident had before says nothing of the one it has now.
func TestANewNameIsAsSureAsItsOwnEvidence(t *testing.T) {
	t.Parallel()
	e := settled(60)
	sites := []uint32{put(e, "a.example", 5, "cdn:x"), put(e, "b.example", 5, "cdn:x")}
	in := e.open("dns:q", 40)
	for _, id := range sites {
		in.join(id)
	}
	c, _ := e.components.find("cdn:x")
	in.LogOdds, in.Cause, in.RenameTo = 1, unattributed, "cdn:x"
	e.considerRename(in, cause.Cause{Component: c, Gain: 9, Evident: 9, Sites: sites})
	if in.Cause != "cdn:x" || in.PeakOdds != 9 {
		t.Errorf("%s at %v nats", in.Cause, in.PeakOdds)
	}
}

// Sites are listed by rank, those without one last and by name.
func TestSitesAreListedByRank(t *testing.T) {
	t.Parallel()
	e := settled(60)
	in := e.open("cdn:x", 0)
	for _, s := range []struct {
		name string
		rank int
	}{{"z.example", 0}, {"d.example", 40}, {"b.example", 0}, {"c.example", 2}} {
		id := put(e, s.name, 0)
		e.sites.rows[id].Rank = int32(s.rank)
		in.join(id)
	}
	got := ""
	for _, s := range e.renderSites(in) {
		got += s.Site[:1]
	}
	if got != "cdbz" {
		t.Errorf("order %s", got)
	}
}

// Exonerated is who eight people report, four times as many as usual, and the
// probes find well, two minutes after the onset.
func TestExonerated(t *testing.T) {
	t.Parallel()
	w := evidence.WindowOf(8 * minute)
	for name, c := range map[string]struct {
		people int
		change func(e *Engine, in *incident, j *siteEvidence)
		want   bool
	}{
		"eight people": {8, nil, true},
		"seven":        {7, nil, false},
		"not unusual": {8, func(e *Engine, _ *incident, j *siteEvidence) {
			e.sites.rows[j.id].Crowd.Base = evidence.Rate{N: 1e6 * 2.01 / 8, T: 1e6}
		}, false},
		"just unusual enough": {8, func(e *Engine, _ *incident, j *siteEvidence) {
			e.sites.rows[j.id].Crowd.Base = evidence.Rate{N: 1e6 * 1.99 / 8, T: 1e6}
		}, true},
		"a crowd that is loud": {8, func(_ *Engine, _ *incident, j *siteEvidence) { j.crowd[w] = failed }, false},
		"probes that say less": {8, func(_ *Engine, _ *incident, j *siteEvidence) { j.probes[w] = -failed + 0.01 },
			false},
		"probes that say so": {8, func(_ *Engine, _ *incident, j *siteEvidence) { j.probes[w] = -failed }, true},
		"nothing probes it":  {8, func(_ *Engine, _ *incident, j *siteEvidence) { j.Probed = false }, false},
		"it fails": {8,
			func(e *Engine, _ *incident, j *siteEvidence) { probed(e, j.id, "lon-1", "oox", 60) }, false},
		"it is in the incident": {8,
			func(e *Engine, in *incident, j *siteEvidence) { e.sites.rows[j.id].Incident = in.Ordinal }, false},
		"too early": {8,
			func(e *Engine, in *incident, _ *siteEvidence) { in.Onset[2] = e.clock - 2*minute + 1 }, false},
		"a viewer's network": {8, func(_ *Engine, in *incident, _ *siteEvidence) { in.Cause = "isp:AS812" }, false},
	} {
		e := settled(60)
		in := e.open("cdn:x", 0)
		in.Onset[2] = e.clock - 2*minute
		id := put(e, "a.example", 0)
		for i := range c.people {
			e.Fold(faultline.Report{At: after(59), Site: "a.example", Reporter: string(rune('a' + i)),
				ASN: uint32(1 + i)})
		}
		j := e.evidenceOf(id)
		j.crowd[w], j.probes[w] = failed+1, -failed-1
		e.sites.rows[id].Crowd.Base = evidence.Rate{T: 1e6}
		if c.change != nil {
			c.change(e, in, j)
		}
		if e.exonerate(in); (len(in.Exonerated) == 1) != c.want {
			t.Errorf("%s: %v", name, in.Exonerated)
		}
	}
	e := settled(60) // who joins the incident is exonerated no more
	in := e.open("cdn:x", 0)
	in.join(put(e, "a.example", 0))
	in.Exonerated = []faultline.Exonerated{{Site: "a.example"}, {Site: "b.example"}}
	if e.exonerate(in); len(in.Exonerated) != 1 || in.Exonerated[0].Site != "b.example" {
		t.Errorf("%v", in.Exonerated)
	}
}

// How a site stands just now, for the page of it.
func TestStatus(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		track  string
		apart  int64
		want   faultline.SiteState
		probes int
	}{
		"well": {"ooo", 60, faultline.SiteOK, 3}, "half": {"oxo+x", 60, faultline.SiteDown, 4},
		"less":    {"oxo+oo", 60, faultline.SiteDegraded, 5},
		"nothing": {"", 60, faultline.SiteUnknown, 0}, "ten minutes": {"oo", 600, faultline.SiteOK, 2},
		"more": {"oo", 601, faultline.SiteOK, 1},
	} {
		e := settled(60)
		id := put(e, "a.example", 0)
		for v, part := range splitTracks(c.track) {
			if part != "" {
				probed(e, id, []string{"lon-1", "nyc-1"}[v], part, c.apart)
			}
		}
		st := e.status(id)
		if st.State != c.want || st.Probes != c.probes {
			t.Errorf("%s: %s by %d probes, want %s by %d", name, st.State, st.Probes, c.want, c.probes)
		}
	}
	e := settled(60)
	id := put(e, "a.example", 0)
	c := e.crowdOf(e.sites.rows[id])
	for _, ago := range []int64{600, 599, 300} { // seconds; what is 600 old is out of reach
		c.Add(evidence.Report{At: e.clock - ago*second, Code: 503}, false)
	}
	c.Add(evidence.Report{At: e.clock - 10*second, Code: evidence.CodeOK}, false)
	st := e.status(id)
	if st.Reports != 2 || !st.FirstReportAt.Equal(ms(e.clock-10*minute)) ||
		!st.LastReportAt.Equal(ms(e.clock-minute)) || st.Symptom != "http_503" {
		t.Errorf("%d reports, first %v, last %v, %s", st.Reports, st.FirstReportAt, st.LastReportAt, st.Symptom)
	}
}
