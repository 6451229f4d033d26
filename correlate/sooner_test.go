package correlate

import (
	"testing"
	"time"

	"faultline"
)

// Each part of the method waits no longer than its evidence asks for.

// A site's own fault is confirmed once every vantage has seen it and people agree: to wait for the
// second check of one vantage would say less, and later.
func TestASitesOwnFaultIsConfirmedOnceAllVantagesAndPeopleAgree(t *testing.T) {
	t.Parallel()
	in := ownFaultWorld(nil).run(t).wantOne(t, "site:s007.example")
	if late := in.ConfirmedAt.Sub(after(35)); late > time.Minute {
		t.Errorf("confirmed %v after the onset", late)
	}
}

// Two vantages that see nothing but failures of a site are enough, whoever complains: probes failing
// from two vantages confirm. Where a third one finds it well it may be that the site turns the two
// away, and people must agree.
func TestTwoVantagesConfirmASitesOwnFault(t *testing.T) {
	t.Parallel()
	w := ownFaultWorld(nil)
	w.crowds, w.vantages = nil, w.vantages[:2]
	in := w.run(t).wantOne(t, "site:s007.example")
	if late := in.ConfirmedAt.Sub(after(35)); late > 5*time.Minute || in.Basis != faultline.BasisProbes {
		t.Errorf("confirmed %v after the onset, by %s", late, in.Basis)
	}
	w = ownFaultWorld([]string{"lon-1", "nyc-1"})
	w.crowds = nil
	w.run(t).wantNone(t)
}

// One vantage that finds the site well, or two of one network, forbid the haste.
func TestWhoIsUnanimous(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		see  []string // vantages that see the site fail
		asn  uint32   // of the second vantage, if it has another one
		want bool
	}{
		"all of them":        {nil, 0, true},
		"two of three":       {[]string{"lon-1", "nyc-1"}, 0, false},
		"two of one network": {nil, 20473, false},
		"nobody":             {[]string{"elsewhere"}, 0, false},
	} {
		w := ownFaultWorld(c.see)
		w.minutes = 36
		if c.asn != 0 {
			w.vantages = w.vantages[:2]
			w.vantages[1].ASN = c.asn
		}
		e := New(Config{})
		for _, ev := range w.events() {
			e.Fold(ev)
		}
		id, _ := e.sites.find("s007.example")
		if got := e.unanimous(e.sites.rows[id], e.clock-minute); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// ownFaultWorld is a town where one site fails at some vantages, and people say so at once.
func ownFaultWorld(vantages []string) *world {
	w := quietTown(60, 45)
	w.grumble(1)
	w.faults = []fault{{sites: []string{"s007.example"}, vantages: vantages, from: 35, to: 44, symptom: "http_500"}}
	w.crowds = append(w.crowds, crowdOf{sites: []string{"s007.example"}, from: 35.2, to: 44, perMinute: 30,
		asns: asns(3000, 40), symptom: "http_500"})
	return w
}

// What people of a network say of late is compared with what is usual in as short a time, and
// breadth is asked for over the whole window still.
func TestANetworkIsComparedWithWhatIsUsualOfLate(t *testing.T) {
	t.Parallel()
	e := settled(1)
	id, _ := e.network(faultline.Report{ASN: 812, Country: "CA"})
	row := e.networks.rows[id]
	row.Base.N, row.Base.T = 60, 60 // one report a minute, eight in the window
	for name, c := range map[string]struct {
		sites, recent int
		want          bool
	}{
		"as ever":            {8, 2, false},
		"all of it of late":  {50, 45, true},
		"as much, all along": {50, 12, false},
	} {
		if odds, rises := e.ispRises(id, c.sites, c.recent); (rises && odds >= ispLogOdds) != c.want {
			t.Errorf("%s: %v, %.1f nats", name, rises, odds)
		}
	}
}
