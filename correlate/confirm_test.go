package correlate

import (
	"testing"

	"faultline"
	"faultline/correlate/evidence"
)

// suspect is a candidate of cdn:x with so many failing members of twenty, seen from
// so many vantages, and people of so many networks.
type suspect struct {
	odds              float64
	fails             []int // failed probes by vantage
	failing, probed   int   // members
	networks, nameles int   // ASNs, and networks without one
	crowd             float64
	nats              float64 // of the probes of each failing member
	trust             float64
}

func (d suspect) incident(e *Engine) *incident {
	in := e.open("cdn:x", d.odds)
	for i := range 20 {
		nats := -3.
		if i < d.failing {
			nats = d.nats
		}
		id := put(e, string(rune('a'+i))+".example", nats, "cdn:x")
		if i < d.probed {
			probed(e, id, "lon-1", "ooo", 60)
		} else {
			j := e.evidenceOf(id)
			if j.Probed = false; nats < 0 {
				j.probes = [evidence.Windows]float64{}
			}
		}
		if i < max(d.failing, 1) {
			m := in.join(id)
			if i < d.failing && i < d.probed {
				d.fail(e, id)
			}
			m.Reports = evidence.FewReports + 1
			e.evidenceOf(id).crowd[evidence.WindowOf(8*minute)] = d.crowd
		}
	}
	for v, n := range d.fails {
		id, _ := e.vantage(suspectVantages[v])
		e.vantages.rows[id].trust[evidence.WindowOf(2*minute)] = d.trust
		in.ByVantage = append(in.ByVantage, seenFrom{Vantage: id, Probes: 10, Failed: n})
		in.ProbesFailed += n
	}
	for _, m := range in.Members {
		crowd := e.crowdOf(e.sites.rows[m.Site])
		if crowd.Base = (evidence.Rate{T: 10_000, From: e.clock}); d.crowd == 0 {
			crowd.Base.N = 1_000 * crowd.Base.T // as many as ever
		}
	}
	for n := range d.networks + d.nameles {
		r := faultline.Report{At: after(60), Site: "a.example", Net: string(rune('A' + n))}
		if n < d.networks {
			r.ASN = uint32(100 + n)
		}
		id, _ := e.network(r)
		in.Networks = append(in.Networks, id)
		crowd := e.crowdOf(e.sites.rows[in.Members[n%len(in.Members)].Site])
		crowd.Add(evidence.Report{At: e.clock - 30*second, Network: id, Who: uint64(n + 1), Code: 503}, false)
	}
	return in
}

// suspectVantages are those that suspects are seen from.
var suspectVantages = []string{"lon-1", "nyc-1", "sgp-1"}

// fail has each vantage see a member fail as often as the suspect says.
func (d suspect) fail(e *Engine, id uint32) {
	for v, n := range d.fails {
		at, _ := e.vantage(suspectVantages[v])
		t := e.sites.rows[id].track(at)
		for range n {
			t.Add(evidence.NewResult(e.clock-second, 503))
		}
	}
}

// What confirms a shared cause is what docs/method.md says, and not less of it.
func TestWhatConfirms(t *testing.T) {
	t.Parallel()
	two := suspect{odds: confirmOdds, fails: []int{1, 1}, failing: 6, probed: 20, nats: 9, trust: 1}
	one := suspect{odds: confirmOdds, fails: []int{3}, failing: 6, probed: 20, nats: 9, trust: 1,
		networks: confirmNetworks, crowd: 1}
	crowd := suspect{odds: confirmOdds, failing: 6, nats: 0, networks: confirmASNs, crowd: 3}
	with := func(d suspect, change func(*suspect)) suspect { change(&d); return d }
	for name, c := range map[string]struct {
		suspect
		basis string // empty: not confirmed
	}{
		"two vantages":                      {two, faultline.BasisProbes},
		"two vantages, too little odds":     {with(two, func(d *suspect) { d.odds = confirmOdds - 0.01 }), ""},
		"two vantages, one site":            {with(two, func(d *suspect) { d.failing = 1 }), ""},
		"two vantages, two sites":           {with(two, func(d *suspect) { d.failing = 2 }), faultline.BasisProbes},
		"two vantages, one of them well":    {with(two, func(d *suspect) { d.fails = []int{1, 0} }), ""},
		"chance failures":                   {with(two, func(d *suspect) { d.nats = 0.5 }), ""},
		"one vantage whose others are well": {one, faultline.BasisBoth},
		"one vantage that is doubted":       {with(one, func(d *suspect) { d.trust = 0.9 }), ""},
		"one vantage, two networks":         {with(one, func(d *suspect) { d.networks = confirmNetworks - 1 }), ""},
		"one vantage, a crowd as ever":      {with(one, func(d *suspect) { d.crowd = 0 }), ""},
		"where nothing probes, 20 ASNs":     {crowd, faultline.BasisReports},
		"where nothing probes, 19 ASNs":     {with(crowd, func(d *suspect) { d.networks-- }), ""},
		"networks without a number":         {with(crowd, func(d *suspect) { d.networks, d.nameles = 19, 10 }), ""},
		"20 ASNs where one probe looks":     {with(crowd, func(d *suspect) { d.probed = 1 }), ""},
		"one probed site fails, 20 ASNs": {with(crowd, func(d *suspect) {
			d.probed, d.fails, d.nats, d.trust = 1,
				[]int{1, 1}, 9, 1
		}), faultline.BasisBoth},
		"one probed site fails, 19 ASNs": {with(crowd, func(d *suspect) {
			d.networks, d.probed, d.fails, d.nats,
				d.trust = 19, 1, []int{1, 1}, 9, 1
		}), ""},
		"no probed site fails among 20 ASNs'": {with(crowd, func(d *suspect) {
			d.fails, d.nats, d.trust = []int{1, 1},
				9, 1
		}), faultline.BasisReports},
	} {
		e := settled(60)
		basis, ok := e.confirms(c.incident(e))
		if basis != c.basis || ok != (c.basis != "") {
			t.Errorf("%s: %q, %v, want %q", name, basis, ok, c.basis)
		}
	}
}

// A site's own fault waits a minute, and for two failures of each of two vantages,
// or one where the crowd agrees and little doubt is left.
func TestWhatConfirmsASitesOwnFault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		age      int64
		fails    []int
		odds     float64
		networks int
		want     bool
	}{
		"twice from two vantages":          {60 * second, []int{2, 2}, confirmOdds, 0, true},
		"a second too early":               {59 * second, []int{2, 2}, confirmOdds, 0, false},
		"once from one of them":            {hour, []int{2, 1}, confirmOdds, 0, false},
		"once each, the crowd agrees":      {hour, []int{1, 1}, certainOdds, confirmNetworks, true},
		"once each, fewer agree":           {hour, []int{1, 1}, certainOdds, confirmNetworks - 1, false},
		"once each, more doubt":            {hour, []int{1, 1}, certainOdds - 0.01, confirmNetworks, false},
		"twice from one, the crowd agrees": {hour, []int{2}, confirmOdds, confirmNetworks, true},
		"twice from one, nobody complains": {hour, []int{2}, certainOdds, 0, false},
		"never":                            {hour, []int{0, 0}, certainOdds, 0, false},
	} {
		e := settled(120)
		in := suspect{odds: c.odds, fails: c.fails, failing: 1, probed: 20, nats: 9, trust: 1, networks: c.networks,
			crowd: 1}.incident(e)
		in.Cause = "site:a.example"
		in.Onset = [3]int64{e.clock - c.age, e.clock - c.age, e.clock - c.age}
		if basis, ok := e.confirms(in); ok != c.want {
			t.Errorf("%s: %q, %v", name, basis, ok)
		}
	}
}

// What would confirm a site's own fault does not while others began to fail with it: a
// component that they share may yet be found.
func TestASitesOwnFaultWaitsWhileOthersFail(t *testing.T) {
	t.Parallel()
	for others, want := range map[int]bool{0: true, 2: true, 3: false} {
		e := settled(120)
		one := suspect{odds: confirmOdds, fails: []int{2, 2}, failing: 1, probed: 20, nats: 9, trust: 1, crowd: 1}
		in := one.incident(e)
		in.Cause = "site:a.example"
		at := e.clock - 2*minute
		in.Onset = [3]int64{at, at, at}
		for i := range others {
			probed(e, put(e, string(rune('b'+i))+".other", 5, "asn:AS99"), "lon-1", "oooooooxxx", 30)
		}
		if basis, ok := e.confirms(in); ok != want {
			t.Errorf("while %d others fail: %q, %v", others, basis, ok)
		}
	}
}

// What a confirmed incident rests on is said of it.
func TestBasis(t *testing.T) {
	t.Parallel()
	e := settled(60)
	one := suspect{fails: []int{3}, failing: 6, probed: 20, nats: 9, networks: confirmNetworks, crowd: 1, trust: 1}
	in := one.incident(e)
	if got := e.basis(in); got != faultline.BasisBoth {
		t.Errorf("probes, and three networks: %q", got)
	}
	in.Members[0].Reports, in.Networks = evidence.FewReports, in.Networks[:2]
	if got := e.basis(in); got != faultline.BasisProbes {
		t.Errorf("two networks: %q", got)
	}
	if in.ProbesFailed = 0; e.basis(in) != faultline.BasisReports {
		t.Errorf("no probe failed: %q", e.basis(in))
	}
}

// One or two reports a site agree with nothing; who agreed once goes on agreeing.
func TestAgreeing(t *testing.T) {
	t.Parallel()
	e := settled(60)
	in := suspect{failing: 1, networks: 5, crowd: 0.1}.incident(e)
	if n := e.agreeing(in); n != 5 {
		t.Errorf("three reports that rise: %d networks", n)
	}
	in.Members[0].Reports = evidence.FewReports
	if n := e.agreeing(in); n != 0 {
		t.Errorf("two reports: %d networks agree", n)
	}
	if in.Basis = faultline.BasisBoth; e.agreeing(in) != 5 {
		t.Error("it is forgotten who agreed")
	}
}

// A site that only people complain of is the echo of an incident with more than
// five times its reports that began no later than a minute after it.
func TestEcho(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(e *Engine, small, large *incident)
		want   bool
	}{
		"in the shadow of a larger one": {func(*Engine, *incident, *incident) {}, true},
		"five times is not more":        {func(_ *Engine, _, large *incident) { large.Reports = 500 }, false},
		"an unconfirmed one":            {func(_ *Engine, _, large *incident) { large.Confirmed = 0 }, false},
		"one that began a minute later": {func(_ *Engine, small, large *incident) {
			large.Onset[0] = small.Onset[2] +
				minute
		}, true},
		"one that began after that": {func(_ *Engine, small, large *incident) {
			large.Onset[0] = small.Onset[2] +
				minute + 1
		}, false},
		"one that is long over": {func(e *Engine, _, large *incident) {
			large.State, large.Resolved = faultline.StateResolved, e.clock-recurrence
		}, false},
		"one that has just ended": {func(e *Engine, _, large *incident) {
			large.State, large.Resolved = faultline.StateResolved, e.clock-recurrence+1
		}, true},
		"a provider is nobody's echo": {func(_ *Engine, small, _ *incident) { small.Cause = "cdn:y" }, false},
	} {
		e := settled(60)
		small, large := e.open("site:a.example", 0), e.open("cdn:x", 0)
		small.Reports, large.Reports, large.Confirmed = 100, 501, e.clock
		c.change(e, small, large)
		if got := e.echo(small); got != c.want || e.echo(large) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A site's own fault waits while another on what it depends on, or three anywhere,
// began to fail within two minutes of it, for five minutes at most.
func TestChanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		others int
		on     faultline.Component // of the others
		track  string              // of the others: a letter a half minute
		nats   float64
		age    int64
		want   bool
	}{
		"one on the same network":       {1, "asn:AS1", "oooooooxxx", 5, 2 * minute, true},
		"one in the same registry":      {1, "tld:com", "oooooooxxx", 5, 2 * minute, false},
		"two elsewhere":                 {2, "asn:AS2", "oooooooxxx", 5, 2 * minute, false},
		"three elsewhere":               {3, "asn:AS2", "oooooooxxx", 5, 2 * minute, true},
		"who failed once":               {1, "asn:AS1", "ooooooooox", 5, 2 * minute, false},
		"who says too little":           {1, "asn:AS1", "oooooooxxx", failed, 2 * minute, false},
		"four minutes and 59 seconds":   {1, "asn:AS1", "oooxxxxxxx", 5, 5*minute - second, true},
		"five minutes":                  {1, "asn:AS1", "oooxxxxxxx", 5, 5 * minute, false},
		"who has failed for long":       {3, "asn:AS2", "ooxxxxxxxx", 5, 1 * minute, false},
		"who began more than two later": {1, "asn:AS1", "ooooooooxx", 5, 3 * minute, false},
	} {
		e := settled(60)
		site := put(e, "a.example", 9, "asn:AS1", "tld:com")
		in := e.open("site:a.example", 9)
		in.join(site)
		in.Onset = [3]int64{e.clock - c.age, e.clock - c.age, e.clock - c.age}
		for i := range c.others {
			probed(e, put(e, string(rune('b'+i))+".example", c.nats, c.on), "lon-1", c.track, 30)
		}
		if got := e.othersFailing(in); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
