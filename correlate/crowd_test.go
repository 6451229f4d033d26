package correlate

import (
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/correlate/evidence"
)

// A crowd alone never confirms an incident of what probes find well, however many
// and from however many networks.
func TestCrowdAloneConfirmsNothingThatProbesFindWell(t *testing.T) {
	t.Parallel()
	for name, crowd := range map[string]func(*world) crowdOf{
		"one site, few networks": func(*world) crowdOf {
			return crowdOf{sites: []string{"s007.example"}, perMinute: 200, asns: asns(5000, 3)}
		},
		"one site, a hundred networks": func(*world) crowdOf {
			return crowdOf{sites: []string{"s007.example"}, perMinute: 400, asns: asns(5000, 100), symptom: "http_503"}
		},
		"all sites of a CDN, a hundred networks": func(w *world) crowdOf {
			return crowdOf{sites: w.on("cdn:x"), perMinute: 600, asns: asns(5000, 100), symptom: "http_503"}
		},
		"every site, a hundred networks": func(w *world) crowdOf {
			return crowdOf{sites: w.all(), perMinute: 600, asns: asns(5000, 100), symptom: "timeout"}
		},
		"one site, one prefix": func(*world) crowdOf {
			return crowdOf{sites: []string{"s007.example"}, perMinute: 400, asns: asns(5000, 1), nets: 1}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietTown(40, 42)
			w.grumble(1)
			c := crowd(w)
			c.from, c.to = 35, 41
			w.crowds = append(w.crowds, c)
			w.runPublished(t).wantNone(t)
		})
	}
}

// ispOutage is one network of 41 whose subscribers miss every site.
func ispOutage() *world {
	w := quietTown(60, 47)
	w.grumble(3)
	w.crowds = append(w.crowds, crowdOf{sites: w.all(), from: 35, to: 47, perMinute: 60, asns: []uint32{812},
		symptom: "timeout"})
	return w
}

func TestViewersISPFails(t *testing.T) {
	t.Parallel()
	s := ispOutage().runPublished(t)
	in := s.wantOne(t, "isp:AS812")
	if in.Basis != faultline.BasisReports || !strings.Contains(in.Title, "reports alone") ||
		!strings.Contains(in.Title, "AS812") {
		t.Errorf("basis %s, title %q", in.Basis, in.Title)
	}
	if len(in.Scope.ISPs) != 1 || in.Scope.ISPs[0] != "AS812" || in.Scope.Worldwide || in.Evidence.ProbesFailed != 0 {
		t.Errorf("scope %+v, evidence %+v", in.Scope, in.Evidence)
	}
	wantOnset(t, in, after(35), 3*time.Minute)
	if late := in.ConfirmedAt.Sub(after(35)); late < 0 || late > 4*time.Minute {
		t.Errorf("confirmed %v after the onset", late)
	}
	for _, x := range in.Sites {
		if x.State == faultline.SiteDown || x.State == faultline.SiteDegraded {
			t.Errorf("%s is said to be %s; probes find it well", x.Site, x.State)
		}
	}
}

func TestWhatIsNoISPOutage(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*world, *crowdOf){
		"too few sites":    func(_ *world, c *crowdOf) { c.sites = c.sites[:28] },
		"too few prefixes": func(_ *world, c *crowdOf) { c.nets = 4 },
		"other networks complain of the same sites": func(w *world, c *crowdOf) {
			w.crowds = append(w.crowds, crowdOf{sites: c.sites, from: 35, to: 47, perMinute: 400, asns: asns(3000, 40)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ispOutage()
			spoil(w, &w.crowds[1])
			w.runPublished(t).wantNone(t)
		})
	}
}

// An ISP takes 30 unrelated sites, as many people, 10 prefixes where they are known,
// and a rise far above its own history.
func TestISPThresholds(t *testing.T) {
	t.Parallel()
	quiet, chatty := evidence.Rate{N: 0, T: 10_000}, evidence.Rate{N: 40_000, T: 10_000} // by the week
	for name, c := range map[string]struct {
		sites, people, nets int
		base                evidence.Rate
		want                bool
	}{
		"30 sites, prefixes unknown": {30, 30, 0, quiet, true},
		"29 sites":                   {29, 30, 0, quiet, false},
		"29 people":                  {30, 29, 10, quiet, false},
		"10 prefixes":                {30, 30, 10, quiet, true},
		"9 prefixes":                 {30, 30, 9, quiet, false},
		"as chatty as ever":          {30, 30, 10, chatty, false},
	} {
		e := settled(60)
		e.Fold(faultline.Report{At: after(60), Site: "a.example", Reporter: "anna", ASN: 812})
		e.networks.rows[0].Base = c.base
		sub := &subscribers{sites: c.sites, recent: c.sites, people: map[uint64]struct{}{}}
		for n := range c.people {
			sub.people[uint64(n)] = struct{}{}
		}
		for n := range c.nets {
			sub.nets.add(uint64(n), ispSpread)
		}
		if odds, got := e.ispOdds(0, sub); got != c.want {
			t.Errorf("%s: %v (log-odds %.1f), want %v", name, got, odds, c.want)
		}
	}
}

// unseen is a provider whose sites nothing probes, of which people of so many
// networks complain.
func unseen(networks int) *world {
	w := quietTown(60, 45)
	w.blind(w.on("cdn:x"))
	w.grumble(1)
	w.crowds = append(w.crowds, crowdOf{sites: w.on("cdn:x"), from: 35, to: 45, perMinute: 60,
		asns: asns(3000, networks), symptom: "http_503"})
	return w
}

func TestReportsConfirmWhereNothingProbes(t *testing.T) {
	t.Parallel()
	in := unseen(30).runPublished(t).wantOne(t, "cdn:x")
	if in.Basis != faultline.BasisReports || !strings.Contains(in.Title, "by people's reports alone") ||
		in.Evidence.Probes != 0 {
		t.Errorf("basis %s, title %q, evidence %+v", in.Basis, in.Title, in.Evidence)
	}
	if in.Evidence.Networks < confirmASNs {
		t.Errorf("confirmed on %d networks", in.Evidence.Networks)
	}
	if f := f1(in.Sites, quietTown(60, 1).on("cdn:x")); f < 0.9 {
		t.Errorf("sites match with F1 %.2f", f)
	}
	wantOnset(t, in, after(35), 3*time.Minute)
}

func TestFewNetworksConfirmNothing(t *testing.T) {
	t.Parallel()
	w := unseen(15)
	w.crowds = w.crowds[1:] // nor does anybody else say a word
	s := w.runPublished(t)
	s.wantNone(t)
	if len(s.last()) == 0 {
		t.Error("not even a candidate: the crowd was not heard at all")
	}
}

// Networks that complain anyway do not make a crowd broad: an army of one network
// confirms nothing, however many grumble beside it.
func TestGrumblersMakeNoBreadth(t *testing.T) {
	t.Parallel()
	w := unseen(1)
	w.crowds[0].asns, w.crowds[0].perMinute = asns(7000, 60), 30
	w.crowds[1].perMinute = 2000
	w.run(t).wantNone(t)
}

// Whoever says that a site works takes back a voice that it does not, half of them
// at most: a cover-up hides no outage, and a few who err are heard as such.
func TestWorksForMe(t *testing.T) {
	t.Parallel()
	e := settled(60)
	c := &evidence.Crowd{}
	say := func(code uint16, n int) {
		for i := range n {
			id, _ := e.network(faultline.Report{ASN: uint32(1000 + i)})
			c.Add(evidence.Report{At: e.clock - 10*second, Network: id, Code: code}, false)
		}
	}
	say(503, 10)
	for _, step := range []struct {
		well int
		want float64
	}{{0, 10}, {4, 6}, {1, 5}, {40, 5}} {
		say(evidence.CodeOK, step.well)
		if got := e.independent(c)[evidence.WindowOf(minute)]; got != step.want {
			t.Errorf("%v voices are left after %d more say that it works, want %v", got, step.well, step.want)
		}
	}

	w := unseen(30)
	w.crowds = append(w.crowds, crowdOf{sites: w.on("cdn:x"), from: 34, to: 45, perMinute: 2000, asns: asns(8000, 90),
		symptom: faultline.SymptomOK})
	w.run(t).wantOne(t, "cdn:x")
}

// A site may be far better known than its rank says: what has been loud for an hour
// is what is normal of it.
func TestLoudForAnHourIsNormal(t *testing.T) {
	t.Parallel()
	w := quietTown(10, 150)
	w.blind(w.all())
	w.crowds = append(w.crowds, crowdOf{sites: []string{"s004.example"}, from: 1, to: 150, perMinute: 6,
		asns: asns(3000, 3)})
	s := w.run(t)
	s.wantNone(t)
	id, _ := s.engine.sites.find("s004.example")
	if n := s.engine.expected(s.engine.sites.rows[id]); n < 3 || n > 7 {
		t.Errorf("%.2f reports a minute are held to be usual, of 6", n)
	}
}

// While an outage rages people complain of bystanders as well: those that probes
// find well are named as exonerated and have no incident.
func TestBystandersAreExonerated(t *testing.T) {
	t.Parallel()
	w := quietTown(40, 45)
	w.grumble(1)
	w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 45, symptom: "http_503"}}
	w.crowds = append(w.crowds, crowdOf{sites: []string{"s004.example"}, from: 37, to: 45, perMinute: 60,
		asns: asns(3000, 30)})
	in := w.runPublished(t).wantOne(t, "cdn:x")
	const reason = "reports rose, probes clean: "
	if x := in.Exonerated; len(x) != 1 || x[0].Site != "s004.example" || !strings.HasPrefix(x[0].Reason, reason) {
		t.Errorf("exonerated %+v", in.Exonerated)
	}
	for _, x := range in.Sites {
		if x.Site == "s004.example" {
			t.Error("the bystander is listed as failing")
		}
	}
}

// A site of the owner of what fails is no bystander, however well it answers: people who
// report aws.amazon.com mean AWS.
func TestOwnersOfWhatFailsAreNotExonerated(t *testing.T) {
	t.Parallel()
	w := quietTown(40, 45)
	for i := range w.sites {
		for j, c := range w.sites[i].Components {
			if c == "cdn:x" {
				w.sites[i].Components[j] = "cloud:aws/us-east-1"
			}
		}
		if w.sites[i].Site == "s004.example" {
			w.sites[i].Site = "aws.amazon.com"
		}
	}
	w.grumble(1)
	w.faults = []fault{{sites: w.on("cloud:aws/us-east-1"), from: 35, to: 45, symptom: "http_503"}}
	w.crowds = append(w.crowds, crowdOf{sites: []string{"aws.amazon.com", "s009.example"}, from: 37, to: 45,
		perMinute: 60, asns: asns(3000, 30)})
	in := w.run(t).wantOne(t, "cloud:aws/us-east-1")
	if x := in.Exonerated; len(x) != 1 || x[0].Site != "s009.example" {
		t.Errorf("exonerated %+v", in.Exonerated)
	}
}

// Whose a site is comes with its record, so that a replay decides as the live engine did:
// with the operator's own tables, and where their word differs from the built-in one.
func TestTheRecordSaysWhoseASiteIs(t *testing.T) {
	t.Parallel()
	table := faultline.NewProviders([]faultline.Provider{
		{Slug: "x", Name: "X", Owner: "X Inc.", Components: []string{"cdn:x"}}})
	for name, c := range map[string]struct {
		owner string
		runs  []faultline.Component
		clear bool
	}{
		"of the owner by the table":          {owner: "X Inc."},
		"of one who runs it by the record":   {owner: "Y", runs: []faultline.Component{"cdn:x"}},
		"of one who runs all of a kind":      {owner: "Y", runs: []faultline.Component{"cdn:y", "cdn:*"}},
		"of another owner":                   {owner: "Y", runs: []faultline.Component{"cdn:y"}, clear: true},
		"of nobody that anything is said of": {clear: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietTown(40, 45)
			w.sites[4].Owner, w.sites[4].Runs = c.owner, c.runs
			w.grumble(1)
			w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 45, symptom: "http_503"}}
			w.crowds = append(w.crowds, crowdOf{sites: []string{w.sites[4].Site}, from: 37, to: 45,
				perMinute: 60, asns: asns(3000, 30)})
			in := play(t, New(Config{Providers: table}), w.events()).wantOne(t, "cdn:x")
			if x := in.Exonerated; (len(x) == 1) != c.clear {
				t.Errorf("exonerated %+v", x)
			}
		})
	}
}
