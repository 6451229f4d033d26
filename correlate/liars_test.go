package correlate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"faultline"
)

// liars is an army of people who say what is not so: each of them names several
// sites, one after the other, and they are spread evenly over networks and time.
type liars struct {
	people, networks, each int
	sites                  []string
	from, to               float64 // minutes
	symptom                faultline.Symptom
}

// reports is all that they say. Each network has a prefix for every two of them.
func (l liars) reports() []faultline.Event {
	rng := rand.New(rand.NewPCG(uint64(l.people), uint64(l.networks)))
	var evs []faultline.Event
	for p := range l.people {
		asn := uint32(50_000 + p%l.networks)
		at := l.from + (l.to-l.from)*rng.Float64()
		for k := range max(1, l.each) {
			evs = append(evs, faultline.Report{
				At:   faultline.Millis(after(at).Add(time.Duration(k) * time.Second)),
				Site: l.sites[(p+k)%len(l.sites)], Symptom: l.symptom, Reporter: fmt.Sprintf("%016x", 0xabc0000+p),
				ASN: asn, Country: "GB", Net: fmt.Sprint("liar", asn, "-", p/l.networks/2),
			})
		}
	}
	sortByTime(evs)
	return evs
}

// except lists the sites of a world that do not depend on a component.
func (w *world) except(c faultline.Component) []string {
	var names []string
	on := map[string]bool{}
	for _, s := range w.on(c) {
		on[s] = true
	}
	for _, s := range w.sites {
		if !on[s.Site] {
			names = append(names, s.Site)
		}
	}
	return names
}

// wantNoneOf asks that no revision of any incident ever listed one of these sites.
func (s *story) wantNoneOf(t *testing.T, innocent []string) {
	t.Helper()
	is := map[string]bool{}
	for _, name := range innocent {
		is[name] = true
	}
	for _, r := range s.revisions {
		n, example := 0, ""
		for _, x := range r.Sites {
			if is[x.Site] {
				n, example = n+1, x.Site
			}
		}
		if n > 0 {
			t.Errorf("%s, revision %d: %d of its %d sites are well, %s for one",
				r.Title, r.Revision, n, r.SitesTotal, example)
			return
		}
	}
}

// What probes find well belongs to no incident, whoever names it: neither to that of
// sites without a common cause nor to a provider's.
func TestPeopleMakeNoMemberOfASiteThatProbesFindWell(t *testing.T) {
	t.Parallel()
	for name, failing := range map[string]func(w *world) []string{
		"six sites with nothing in common": func(*world) []string {
			return []string{"s003.example", "s014.example", "s028.example", "s044.example", "s059.example",
				"s073.example"}
		},
		"a part of a provider": func(w *world) []string { return w.on("cdn:x")[:6] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietTown(100, 46)
			w.faults = []fault{{sites: failing(w), from: 35, to: 46, symptom: "http_503"}}
			well := w.on("cdn:x")[10:15]
			few := liars{people: 10, networks: 1, each: 5, sites: well, from: 34.5, to: 38, symptom: "http_503"}
			w.said = few.reports()
			s := w.run(t)
			if len(s.published()) == 0 {
				t.Error("the outage is not confirmed")
			}
			s.wantNoneOf(t, well)
			for _, in := range s.published() {
				if in.Basis != faultline.BasisProbes {
					t.Errorf("%s rests on %s", in.Title, in.Basis)
				}
			}
		})
	}
}

// A crowd that names every site but the failing ones changes nothing of what is
// confirmed: not the members, the title, the onset, nor when it was confirmed.
func TestPeopleChangeNothingOfAnOutageThatProbesSee(t *testing.T) {
	t.Parallel()
	truth := func() *world {
		w := quietTown(100, 50)
		w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 50, symptom: "http_503"}}
		return w
	}
	alone := truth().run(t).wantOne(t, "cdn:x")
	for name, l := range map[string]liars{
		"2,400 over 60 networks, from before": {2400, 60, 4, nil, 31, 45, "dns"},
		"2,400 over 60 networks, at its time": {2400, 60, 1, nil, 34.9, 35.2, "tls"},
		"500 over 25 networks":                {500, 25, 3, nil, 34, 40, "http_500"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := truth()
			l.sites = w.except("cdn:x")
			w.said = l.reports()
			s := w.run(t)
			in := s.wantOne(t, "cdn:x")
			s.wantNoneOf(t, l.sites)
			if in.Title != alone.Title || in.Onset != alone.Onset {
				t.Errorf("%s, onset %v; without the crowd %s, %v", in.Title, in.Onset, alone.Title, alone.Onset)
			}
			if late := in.ConfirmedAt.Sub(*alone.ConfirmedAt); late > 0 {
				t.Errorf("confirmed %v later than without the crowd", late)
			}
			if len(in.Exonerated) == 0 {
				t.Error("nobody of those that are blamed is exonerated")
			}
		})
	}
}

// One vantage that lies during a true outage adds no site to it that the other vantages
// find well, whoever says the same.
func TestOneVantageMakesNoMemberOfASiteThatOthersFindWell(t *testing.T) {
	t.Parallel()
	for name, people := range map[string]int{"alone": 0, "with one person": 1, "with a hundred people": 100} {
		for _, share := range []float64{1, 0.6} {
			t.Run(fmt.Sprint(name, ", part ", share), func(t *testing.T) {
				t.Parallel()
				w := quietTown(100, 50)
				well := w.on("dns:p")[:14]
				well = slices.DeleteFunc(well, func(s string) bool { return slices.Contains(w.on("cdn:x"), s) })
				w.faults = []fault{
					{sites: w.on("cdn:x"), from: 35, to: 50, symptom: "http_503", share: share},
					{sites: well, vantages: []string{"lon-1"}, from: 35, to: 50, symptom: "http_503"},
				}
				if people > 0 {
					w.said = liars{people: people, networks: min(people, 5), each: 3, sites: well, from: 35, to: 38,
						symptom: "http_503"}.reports()
				}
				s := w.run(t)
				in := s.wantOne(t, "cdn:x")
				s.revisions = slices.DeleteFunc(s.revisions,
					func(r faultline.Incident) bool { return r.ConfirmedAt == nil })
				s.wantNoneOf(t, well)
				if f := f1(in.Sites, w.on("cdn:x")); f < 0.95 {
					t.Errorf("sites match with F1 %.2f", f)
				}
			})
		}
	}
}

// During a true outage one vantage lies about a component that shares sites with it, and a few
// people of five networks agree. The other vantages see the shared sites fail, for the outage's
// reason, and so say nothing for the lie: the outage alone is confirmed.
func TestSitesOfATrueOutageAgreeWithNoLieBesideIt(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := quietTown(120, 45)
			w.seed = 1 + seed
			for i := range w.sites[:40] { // a third of the sites of dns:p have this CDN
				if c := w.sites[i].Components; i%5 == 0 {
					c[1] = "dns:p"
				}
			}
			w.grumble(20)
			shared := w.on("cdn:x")
			lie := slices.DeleteFunc(w.on("dns:p"), func(s string) bool { return slices.Contains(shared, s) })
			w.faults = []fault{
				{sites: shared, from: 35, to: 45, symptom: "http_503"},
				{sites: lie, vantages: []string{"lon-1"}, from: 35, to: 45, symptom: "dns"},
			}
			w.crowds = append(w.crowds,
				crowdOf{sites: shared, from: 35, to: 45, perMinute: 60, asns: asns(3000, 40), symptom: "http_503"})
			w.said = liars{people: 10, networks: 5, each: 10, sites: lie, from: 35, to: 38, symptom: "dns"}.reports()
			w.run(t).wantOne(t, "cdn:x")
		})
	}
}

// Where nothing probes the sites of an outage, two people who name all of them do not decide how
// its title says that they fail, and neither do a hundred people of two networks.
func TestAFewPeopleDoNotRetitleAnOutageThatNothingProbes(t *testing.T) {
	t.Parallel()
	for name, army := range map[string]liars{
		"two people":                 {people: 2, networks: 1, each: 20},
		"a hundred, of two networks": {people: 100, networks: 2, each: 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietTown(100, 50)
			w.grumble(4)
			w.blind(w.on("cdn:x"))
			w.crowds = append(w.crowds, crowdOf{sites: w.on("cdn:x"), from: 35, to: 50, perMinute: 40,
				asns: asns(3000, 40), symptom: "http_503"})
			army.sites, army.from, army.to, army.symptom = w.on("cdn:x"), 35, 37, "timeout"
			w.said = army.reports()
			s := w.run(t)
			in := s.wantOne(t, "cdn:x")
			for _, r := range s.of(in.ID) {
				if r.ConfirmedAt != nil && r.Symptoms[0].Symptom != "http_503" {
					t.Fatalf("revision %d: %q, %v", r.Revision, r.Title, r.Symptoms)
				}
			}
		})
	}
}

// People who say that failing sites work neither clear one of them nor end the outage.
func TestPeopleClearNoSiteThatProbesFindFailing(t *testing.T) {
	t.Parallel()
	w := quietTown(100, 50)
	w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 50, symptom: "http_503"}}
	w.said = append(liars{3000, 60, 3, w.on("cdn:x"), 35, 45, faultline.SymptomOK}.reports(),
		liars{3000, 60, 3, w.on("cdn:x"), 30, 34, "http_503"}.reports()...)
	sortByTime(w.said)
	s := w.run(t)
	in := s.wantOne(t, "cdn:x")
	if in.State != faultline.StateConfirmed || len(in.Exonerated) > 0 || in.Impact.Failing < len(w.on("cdn:x")) {
		t.Errorf("%s: %s, %d failing, cleared %v", in.Title, in.State, in.Impact.Failing, in.Exonerated)
	}
}

// Who names the failing sites themselves with another symptom does not change the title.
func TestPeopleDoNotRetitleWhatProbesSee(t *testing.T) {
	t.Parallel()
	w := quietTown(100, 46)
	w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 46, symptom: "http_503"}}
	w.said = liars{3000, 60, 3, w.on("cdn:x"), 34, 44, "dns"}.reports()
	in := w.run(t).wantOne(t, "cdn:x")
	if len(in.Symptoms) != 1 || in.Symptoms[0].Symptom != "http_503" {
		t.Errorf("%s; symptoms %v", in.Title, in.Symptoms)
	}
}

// Where nothing probes a provider, people who name other, healthy sites beside its
// own do not hide its outage.
func TestPeopleDoNotHideAnOutageThatNothingProbes(t *testing.T) {
	t.Parallel()
	truth := func() *world {
		w := quietTown(100, 60)
		w.blind(w.on("cdn:x"))
		w.grumble(4)
		w.crowds = append(w.crowds, crowdOf{
			sites: w.on("cdn:x"), from: 36, to: 60, perMinute: 60, asns: asns(3000, 40), symptom: "http_503",
		})
		return w
	}
	alone := truth().run(t).wantOne(t, "cdn:x")
	w := truth()
	well := w.except("cdn:x")
	w.said = liars{people: 1000, networks: 25, each: 2, sites: well, from: 35, to: 55, symptom: "http_503"}.reports()
	s := w.run(t)
	in := s.wantOne(t, "cdn:x")
	s.wantNoneOf(t, well)
	if late := in.ConfirmedAt.Sub(*alone.ConfirmedAt); late > time.Minute {
		t.Errorf("confirmed %v later than without the crowd", late)
	}
}

// Clean probes of what depends on a provider contradict any crowd, at whatever share
// it is probed.
func TestCleanProbesContradictTheCrowd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		unprobed int
		liars    liars
	}{
		"4 of 40 unprobed, 100 people":     {4, liars{people: 100, networks: 30, each: 4}},
		"10 of 40 unprobed, 20 people":     {10, liars{people: 20, networks: 20, each: 10}},
		"10 of 40 unprobed, 100 people":    {10, liars{people: 100, networks: 50, each: 10}},
		"10 of 40 unprobed, 20,000 people": {10, liars{people: 20_000, networks: 300, each: 1}},
		"none unprobed, 20,000 people":     {0, liars{people: 20_000, networks: 300, each: 1}},
		"30 of 40 unprobed, 2,000 people":  {30, liars{people: 2_000, networks: 100, each: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietTown(200, 50)
			w.grumble(2)
			on := w.on("cdn:x")
			w.blind(on[:c.unprobed])
			if c.liars.sites = on[:c.unprobed]; c.unprobed == 0 {
				c.liars.sites = on
			}
			c.liars.from, c.liars.to, c.liars.symptom = 36, 42, "http_503"
			w.said = c.liars.reports()
			w.run(t).wantNone(t)
		})
	}
}

// Many names of one person are one person's word.
func TestOnePersonWhoNamesTenSitesIsOneReporter(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]liars{
		"19 people over 19 networks, ten sites each": {people: 19, networks: 19, each: 10},
		"24 people over 24 networks, ten sites each": {people: 24, networks: 24, each: 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietTown(200, 50)
			w.grumble(2)
			on := w.on("cdn:x")
			w.blind(on)
			l.sites, l.from, l.to, l.symptom = on, 36, 40, "http_503"
			w.said = l.reports()
			w.run(t).wantNone(t)
		})
	}
}
