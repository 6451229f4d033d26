package main

import (
	"fmt"
	"net/netip"
	"time"

	"faultline"
	"faultline/correlate"
)

// army is a crowd of liars: people that one attacker has, by their addresses. Networks and
// addresses are what they cost.
type army struct {
	first    uint16 // ASN of the first of its networks
	networks int    // over which its addresses are spread evenly
	prefixes int    // of each network
	people   int    // addresses: each is one person
	each     int    // reports that each of them makes, of one site after the other
	sites    []string
	symptom  faultline.Symptom
	over     time.Duration // within which all of it is said
}

// The first of the networks that an army may come from: those that nothing was ever reported
// from, or those that people of the town report from.
const (
	outsiders = 1000
	locals    = 1
)

// member is the address of one of them.
func (a army) member(i int) netip.Addr {
	n := i / a.networks
	return address(a.first+uint16(i%a.networks), uint16(n%a.prefixes), uint16(n/a.prefixes))
}

// attack has the army send its lies, evenly over its time, and lets three more minutes pass
// for what comes of it.
func (t *town) attack(a army) {
	total, said := a.people*max(1, a.each), 0
	seconds := int(a.over / time.Second)
	t.pass(a.over+3*time.Minute, func(second int) {
		for due := min(total, total*(second+1)/seconds); said < due; said++ {
			who, nth := said%a.people, said/a.people
			t.report(a.member(who), a.sites[(who+nth)%len(a.sites)], a.symptom)
		}
	})
}

// stage is a town that has been calm, in which armies are tried one by one. The calm is
// played once and restored from a checkpoint for each try, which is a hundred times faster.
type stage struct {
	blind map[string]bool // sites that nothing probes
	calm  []byte          // checkpoint of the fold
}

// newStage has a town of n sites pass its calm time; the blind of them are not
// probed.
func newStage(n int, blind func(*town) []string) stage {
	t := newTown(n)
	defer t.close()
	st := stage{blind: map[string]bool{}}
	for _, site := range blind(t) {
		st.blind[site] = true
	}
	t.probed = st.probed
	t.pass(calm, nil)
	if state, title := t.reached(anyCause); state != "" {
		panic("the town is not calm: " + title)
	}
	st.calm = t.engine.Checkpoint()
	return st
}

// probed reports whether a site is probed.
func (s stage) probed(site string) bool { return !s.blind[site] }

// town is a fresh town that has been calm; its close must be called.
func (s stage) town() *town {
	t := newTown(townSites)
	engine, err := correlate.Restore(config(), s.calm)
	if err != nil {
		panic(fmt.Errorf("restore the calm town: %w", err))
	}
	t.engine, t.probed = engine, s.probed
	t.now.Add(int64(calm))
	return t
}
