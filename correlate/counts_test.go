package correlate

import (
	"slices"
	"testing"
	"time"

	"faultline"
)

// evidenceSince counts the probes of some sites, and the reports, within a time.
func evidenceSince(
	evs []faultline.Event, sites []faultline.IncidentSite, from, to time.Time,
) (probes, failed, reports int) {
	is := map[string]bool{}
	for _, s := range sites {
		is[s.Site] = true
	}
	counts := func(site string, at time.Time) bool { return is[site] && !at.Before(from) && at.Before(to) }
	for _, ev := range evs {
		switch v := ev.(type) {
		case faultline.Probe:
			if !counts(v.Site, v.At) {
				continue
			}
			probes++
			if v.Symptom != faultline.SymptomOK {
				failed++
			}
		case faultline.Report:
			if counts(v.Site, v.At) {
				reports++
			}
		}
	}
	return probes, failed, reports
}

// What an incident counts is what was seen of its sites since the onset that it
// publishes, in every revision.
func TestCountsBeginWithThePublishedOnset(t *testing.T) {
	t.Parallel()
	w := quietTown(100, 50)
	w.grumble(6)
	w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 50, symptom: "http_503", share: 0.4}}
	w.crowds = append(w.crowds, crowdOf{
		sites: w.on("cdn:x"), from: 35.5, to: 50, perMinute: 40, asns: asns(3000, 12), symptom: "http_503",
	})
	evs := w.events()
	s := play(t, New(Config{}), evs)
	s.wantOne(t, "cdn:x")
	for _, r := range s.revisions {
		if causeOf(r) != "cdn:x" {
			continue
		}
		probes, failed, reports := evidenceSince(evs, r.Sites, r.Onset.At.Add(-time.Second), r.UpdatedAt)
		if r.Evidence.Probes > probes || r.Evidence.ProbesFailed > failed || r.Evidence.Reports > reports {
			t.Errorf("revision %d, onset %v: %+v; since then there were %d probes, %d of them failed, and %d reports",
				r.Revision, r.Onset.At, r.Evidence, probes, failed, reports)
		}
		if 10*r.Evidence.Probes < 9*probes {
			t.Errorf("revision %d counts %d of %d probes", r.Revision, r.Evidence.Probes, probes)
		}
	}
}

// Sites that fail with the others, and that the map does not place there, are
// counted apart from those that it does.
func TestSitesThatJoinedAreCountedApart(t *testing.T) {
	t.Parallel()
	w := quietTown(60, 50)
	failing := w.on("cdn:x")
	var lost []string
	for i := range w.sites {
		if s := &w.sites[i]; len(lost) < 2 && s.Components[0] == "cdn:x" {
			s.Components, lost = s.Components[1:], append(lost, s.Site)
		}
	}
	w.faults = []fault{{sites: failing, from: 35, to: 55, symptom: "http_503"}}
	in := w.run(t).wantOne(t, "cdn:x")
	placed := len(failing) - len(lost)
	im := in.Impact
	if im.Failing != placed || im.Observed != placed || im.PeakFailing != placed || im.Joined != len(lost) {
		t.Errorf("%+v; the map places %d of the failing sites there, and not %d", im, placed, len(lost))
	}
	if in.Scope.Fraction != 1 {
		t.Errorf("a share of %v fails", in.Scope.Fraction)
	}
	for _, x := range in.Sites {
		want := faultline.MemberMap
		if slices.Contains(lost, x.Site) {
			want = faultline.MemberJoined
		}
		if x.Member != want {
			t.Errorf("%s is a member by %q, want %q", x.Site, x.Member, want)
		}
	}
}

// What another open incident explains is no part of what a cause is compared with.
func TestComparisonLeavesOutWhatAnotherIncidentExplains(t *testing.T) {
	t.Parallel()
	w := quietTown(80, 50)
	y := w.on("cdn:y")
	w.faults = []fault{
		{sites: w.on("cdn:x"), from: 35, to: 50, symptom: "http_503"},
		{sites: y, from: 37, to: 50, symptom: "connect"},
	}
	published := w.run(t).published()
	if len(published) != 2 {
		t.Fatalf("%d incidents", len(published))
	}
	for _, in := range published {
		if im := in.Impact; im.ElsewhereFailing != 0 || im.ElsewhereObserved != len(w.sites)-2*len(y) {
			t.Errorf("%s: %+v", in.Title, im)
		}
	}
}

// A brigade holds a candidate open for hours; then the site truly fails. What is
// confirmed began when it failed.
func TestOnsetIsFittedAgainWhenTheBasisChanges(t *testing.T) {
	t.Parallel()
	const fails = 310.
	site := []string{"alone.example"}
	base := func() *world {
		w := quietTown(20, fails+25)
		w.calm = 65
		w.sites = append(w.sites, faultline.SiteRecord{Site: site[0], Rank: 3000})
		w.grumble(1)
		w.blind(site)
		w.crowds = append(w.crowds,
			crowdOf{sites: site, from: 70, to: fails + 25, perMinute: 10, asns: asns(7000, 12), symptom: "http_503"},
			crowdOf{sites: site, from: fails + 0.5, to: fails + 25, perMinute: 60, asns: asns(3000, 40),
				symptom: "http_503"})
		return w
	}
	probes := func(w *world, from float64) {
		for m := from; m < fails+25; m += 0.5 {
			from := w.vantages[int(2*m)%3].Vantage
			p := faultline.Probe{At: after(m), Site: site[0], Vantage: from, Symptom: faultline.SymptomOK}
			if m >= fails {
				p.Symptom, p.Status = "http_503", 503
			}
			w.said = append(w.said, p)
		}
	}
	for name, change := range map[string]func(*world){
		"nothing probes it":           func(*world) {},
		"probes come a little before": func(w *world) { probes(w, fails-15) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := base()
			change(w)
			s := w.run(t)
			for _, in := range s.published() {
				if causeOf(in) == "site:alone.example" && in.Onset.At.Sub(after(fails)).Abs() > 4*time.Minute {
					t.Errorf("%s: onset %v, it failed at %v", in.Title, in.Onset, after(fails))
				}
			}
			if len(s.published()) == 0 {
				t.Error("nothing is confirmed")
			}
		})
	}
}

// Times of people's reports are whole minutes, and what fewer than five of one
// network say is nobody's business.
func TestPeopleAreNotToldApart(t *testing.T) {
	t.Parallel()
	e := settled(60)
	for i := range 4 {
		at := e.Clock().Add(-time.Duration(97+13*i) * time.Second)
		e.Fold(faultline.Report{At: at, Site: "a.example", Reporter: string(rune('a' + i)), ASN: 7})
	}
	for i := range 5 {
		at := e.Clock().Add(-time.Duration(71+17*i) * time.Second)
		e.Fold(faultline.Report{At: at, Site: "b.example", Reporter: string(rune('p' + i)), ASN: 8})
	}
	v := e.View()
	if len(v.Sites) != 2 {
		t.Fatalf("%+v", v.Sites)
	}
	for _, s := range v.Sites {
		first, last := *s.FirstReportAt, *s.LastReportAt
		if !first.Equal(first.Truncate(time.Minute)) || !last.Equal(last.Truncate(time.Minute)) {
			t.Errorf("%s: first report %v, last %v", s.Site, s.FirstReportAt, s.LastReportAt)
		}
	}
	if len(v.Networks) != 1 || v.Networks[0].ASN != 8 || v.Networks[0].Reports != 5 {
		t.Errorf("networks %+v", v.Networks)
	}
}

// Of a network's own incident, sites that fewer than five of its people named have
// no count.
func TestFewReportsOfOneNetworkAreNotCounted(t *testing.T) {
	t.Parallel()
	in := ispOutage().run(t).wantOne(t, "isp:AS812")
	for _, x := range in.Sites {
		if x.Reports > 0 && x.Reports < 5 {
			t.Errorf("%s: %d reports of one network", x.Site, x.Reports)
		}
	}
}
