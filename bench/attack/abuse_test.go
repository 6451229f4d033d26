package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"
	"time"

	"faultline"
)

// quiet is a town after its calm time.
func quiet(t *testing.T, sites int) *town {
	t.Helper()
	tn := newTown(sites)
	t.Cleanup(tn.close)
	tn.pass(calm, nil)
	return tn
}

// wantNone checks that nothing was confirmed, and nothing was told at all beyond
// most.
func (t *town) wantNone(tt *testing.T, most faultline.IncidentState) {
	tt.Helper()
	state, title := t.reached(anyCause)
	tt.Logf("sent %d, refused %d, counted %d; reached %q %s", t.sent, t.refused, t.engine.View().Counters.Reports,
		state, title)
	if state == faultline.StateConfirmed || state == faultline.StateCandidate && most == "" {
		tt.Errorf("%s: %s", state, title)
	}
}

// One address, a hundred thousand reports within a minute.
func TestAbuse_A1(t *testing.T) {
	tn := quiet(t, 120)
	before := tn.engine.View().Counters.Reports
	tn.pass(time.Minute, func(int) {
		for i := range 100_000 / 60 {
			tn.report(address(5, 5, 5), tn.sites[i%len(tn.sites)], "http_503")
		}
	})
	tn.pass(3*time.Minute, nil)
	tn.wantNone(t, "")
	if n := tn.engine.View().Counters.Reports - before; n > int64(len(tn.sites))+100 {
		t.Errorf("%d reports of one person over %d sites were counted", n, len(tn.sites))
	}
	if tn.refused < 90_000 {
		t.Errorf("only %d of 100,000 were refused at the door", tn.refused)
	}
}

// A hundred thousand addresses in one, three and five networks.
func TestAbuse_A2(t *testing.T) {
	for _, networks := range []int{1, 3, 5} {
		for _, first := range []uint16{outsiders, locals} {
			t.Run(fmt.Sprintf("%d networks from %d", networks, first), func(t *testing.T) {
				t.Parallel()
				tn := quiet(t, 120)
				tn.attack(army{first: first, networks: networks, prefixes: 500, people: 100_000, sites: tn.sites[7:8],
					symptom: "http_503", over: 5 * time.Minute})
				tn.wantNone(t, "")
			})
		}
	}
}

// One network of machines over a thousand sites; and one of people that has few
// prefixes. What a true one of people with many can do is the exception that the
// table names: its own outage, by reports alone, and said so.
func TestAbuse_A2_OneNetworkOverAThousandSites(t *testing.T) {
	for name, a := range map[string]army{
		"machines":     {first: hosterASN, networks: 1, prefixes: 500},
		"few prefixes": {first: outsiders, networks: 1, prefixes: 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := quiet(t, 1000)
			a.people, a.sites, a.symptom, a.over = 20_000, tn.sites, "timeout", 8*time.Minute
			tn.attack(a)
			tn.wantNone(t, "")
		})
	}
}

// A hundred thousand addresses in one network, of all sites of a provider that
// nothing probes, while sixty networks grumble as ever: it takes twenty that rise.
func TestAbuse_A2_OneNetworkWhereNothingProbes(t *testing.T) {
	tn := newTown(120)
	t.Cleanup(tn.close)
	tn.probed = func(site string) bool { return site >= tn.sites[cdnSites] }
	tn.pass(calm, nil)
	tn.attack(army{first: outsiders, networks: 1, prefixes: 500, people: 100_000, sites: tn.sites[:cdnSites],
		symptom: "http_503", over: 5 * time.Minute})
	tn.wantNone(t, faultline.StateCandidate)
}

// A million addresses within one /64, and within one /48.
func TestAbuse_A3(t *testing.T) {
	for name, random := range map[string]int{"/64": 8, "/48": 10} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := quiet(t, 120)
			before, rng := tn.engine.View().Counters.Reports, rand.New(rand.NewPCG(3, 3))
			tn.pass(10*time.Minute, func(int) {
				for range 1_000_000 / 600 {
					raw := address(5, 5, 5).As16()
					for i := 16 - random; i < 16; i++ {
						raw[i] = byte(rng.Uint32())
					}
					tn.report(netip.AddrFrom16(raw), tn.sites[3], "http_503")
				}
			})
			tn.wantNone(t, "")
			if n := tn.engine.View().Counters.Reports - before; random == 8 && n > 300 {
				t.Errorf("%d reports were counted, of which the town made some 200 itself", n)
			}
		})
	}
}

// A slow brigade: for six hours a few reports a minute from many networks. It is
// nothing, and a true outage after it is still found.
func TestAbuse_A4(t *testing.T) {
	tn := quiet(t, 120)
	rng := rand.New(rand.NewPCG(4, 4))
	tn.pass(6*time.Hour, func(second int) {
		if second%30 == 0 {
			tn.report(address(uint16(outsiders+rng.IntN(200)), uint16(rng.IntN(100)), uint16(rng.IntN(1<<16))),
				tn.sites[3], "http_503")
		}
	})
	tn.wantNone(t, faultline.StateCandidate)
	tn.failing = func(site, _ string) (faultline.Symptom, bool) { return "http_503", site == tn.sites[3] }
	tn.pass(8*time.Minute, func(int) {
		for range 2 {
			tn.report(address(uint16(1+rng.IntN(homeNetworks)), uint16(rng.IntN(400)), uint16(rng.IntN(1<<16))),
				tn.sites[3], "http_503")
		}
	})
	if state, _ := tn.reached(anyCause); state != faultline.StateConfirmed {
		t.Errorf("the outage after it is %q", state)
	}
}

// A slow brigade at a few times what a site is reported anyway, for as long as
// FORTNIGHT says (make brigade: 14 days). It is nothing all the while; and a true
// outage after it is found as soon as in a town that never saw a brigade.
func TestAbuse_A4_Fortnight(t *testing.T) {
	long := 3 * time.Hour
	if s := os.Getenv("FORTNIGHT"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		long = d
	}
	const sites, window = 40, time.Minute
	never, _ := brigade(t, sites, 0, long)
	for _, times := range []float64{1.2, 2, 5} {
		t.Run(fmt.Sprintf("%g times the usual", times), func(t *testing.T) {
			t.Parallel()
			took, expected := brigade(t, sites, times, long)
			t.Logf(
				"after %s: confirmed %s after its onset, %s without the brigade; %.1f reports in 10 minutes are now "+
					"held to be usual", long, took, never, expected)
			if took > never+window {
				t.Errorf("the outage after it took %s to confirm, %s where there was none", took, never)
			}
		})
	}
}

// brigade has a town of sites reported usually, and one of them that many times
// as often, then fails it. It returns how long that took to confirm, and how many
// reports of it were by then expected in ten minutes.
func brigade(t *testing.T, sites int, times float64, long time.Duration) (took time.Duration, expected float64) {
	tn := quiet(t, sites)
	site, rng := tn.sites[3], rand.New(rand.NewPCG(4, uint64(times*10)))
	tn.pass(long, func(int) {
		if rng.Float64() < times*grumbles/60/float64(sites) {
			tn.report(address(uint16(outsiders+rng.IntN(200)), uint16(rng.IntN(100)), uint16(rng.IntN(1<<16))),
				site, "http_503")
		}
	})
	tn.wantNone(t, faultline.StateCandidate)
	for _, st := range tn.engine.View().Sites {
		if st.Site == site {
			expected = st.Expected
		}
	}
	onset := tn.clock()
	tn.failing = func(name, _ string) (faultline.Symptom, bool) { return "http_503", name == site }
	tn.pass(8*time.Minute, func(int) {
		for range 2 {
			tn.report(address(uint16(1+rng.IntN(homeNetworks)), uint16(rng.IntN(400)), uint16(rng.IntN(1<<16))),
				site, "http_503")
		}
	})
	for _, in := range tn.last {
		if in.ConfirmedAt != nil && in.ConfirmedAt.After(onset) {
			return in.ConfirmedAt.Sub(onset), expected
		}
	}
	t.Fatalf("the outage after %s of a brigade of %g is not confirmed", long, times)
	return 0, 0
}

// A flash brigade of ten thousand over 120 networks against a site, and against
// all of a CDN; the probes find all well.
func TestAbuse_A5(t *testing.T) {
	for name, n := range map[string]int{"a site": 1, "a CDN": cdnSites} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := quiet(t, 120)
			tn.attack(army{first: outsiders, networks: 120, prefixes: 40, people: 10_000, each: 3, sites: tn.sites[:n],
				symptom: "http_503", over: 5 * time.Minute})
			tn.wantNone(t, faultline.StateCandidate)
		})
	}
}

// Cover-up: a CDN truly fails, and a hundred thousand say that it works for them.
func TestAbuse_A6(t *testing.T) {
	tn := quiet(t, 120)
	tn.failing = func(site, _ string) (faultline.Symptom, bool) { return "http_503", site < tn.sites[cdnSites] }
	tn.pass(3*time.Minute, nil)
	tn.attack(army{first: outsiders, networks: 120, prefixes: 40, people: 33_000, each: 3, sites: tn.sites[:cdnSites],
		symptom: faultline.SymptomOK, over: 20 * time.Minute})
	state, title := tn.reached(anyCause)
	if state != faultline.StateConfirmed {
		t.Fatalf("the outage is %q", state)
	}
	for id, in := range tn.last {
		if in.State != faultline.StateConfirmed && in.Cause != nil && in.Cause.Component == "cdn:c0" {
			t.Errorf("%s (%s) went %v", id, title, tn.states[id])
		}
	}
}

// One of three vantages lies of everything.
func TestAbuse_A7(t *testing.T) {
	tn := quiet(t, 120)
	tn.failing = func(_, vantage string) (faultline.Symptom, bool) { return "http_503", vantage == "fra-1" }
	tn.pass(20*time.Minute, nil)
	tn.wantNone(t, faultline.StateCandidate)
}
