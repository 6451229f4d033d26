package correlate

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"faultline"
)

// Those whom a site works for are counted as far as they matter: it comes to the same
// as counting all of them.
func TestPropertyVoicesTakenBack(t *testing.T) {
	t.Parallel()
	e := settled(60)
	for i := range 12 {
		if _, ok := e.network(faultline.Report{ASN: uint32(1000 + i)}); !ok {
			t.Fatal("no room")
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		c := &crowd{}
		for range rapid.IntRange(0, 60).Draw(rt, "reports") {
			c.add(userReport{
				At:      e.clock - rapid.Int64Range(-10, 40*60).Draw(rt, "ago")*second,
				Network: rapid.Uint32Range(0, 11).Draw(rt, "network"),
				Net:     rapid.Uint32Range(0, 30).Draw(rt, "prefix"),
				Code:    rapid.SampledFrom([]uint16{codeOK, 503}).Draw(rt, "code"),
			}, false)
		}
		got, until := e.countReporters(c)
		all, allUntil := e.countIndependent(c.Recent, math.Inf(1))
		well, wellUntil := e.countIndependent(c.Well, math.Inf(1))
		for w := range windows {
			if want := all[w] - min(well[w], wellShare*all[w]); got[w] != want {
				rt.Fatalf("window %d: %v voices, want %v of %v and %v", w, got[w], want, all[w], well[w])
			}
		}
		if until > allUntil || until < min(allUntil, wellUntil) {
			rt.Errorf("holds until %d, those of trouble until %d, the others %d", until, allUntil, wellUntil)
		}
	})
}

// What is remembered of a crowd's evidence is what it would be worked out to be.
func TestPropertyKnownEvidence(t *testing.T) {
	t.Parallel()
	var known knownEvidence
	rapid.Check(t, func(rt *rapid.T) {
		rate := rounded(math.Exp(rapid.Float64Range(-9, 6).Draw(rt, "ln rate")))
		n := float64(rapid.IntRange(0, 4*knownPeople).Draw(rt, "halves")) / 2
		if rapid.Bool().Draw(rt, "a part of one") {
			n += 0.4
		}
		w := rapid.IntRange(0, windows-1).Draw(rt, "window")
		for range 2 {
			if got, want := known.evidence(n, rate, w), crowdEvidence(n, rate, w); got != want {
				rt.Fatalf("%v people, %v a minute, window %d: %v, want %v", n, rate, w, got, want)
			}
		}
	})
}

func TestPropertyRatesAreRoundedToAFiftieth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rate := math.Exp(rapid.Float64Range(-9, 9).Draw(rt, "ln rate"))
		if r := rounded(rate); math.Abs(r-rate) > rate/50 || rounded(r) != r {
			rt.Errorf("%v became %v", rate, r)
		}
	})
}

// A large crowd is counted again once it has grown by a sixty-fourth, or when its turn
// comes; of a small one every voice is heard.
func TestLargeCrowdsAreCountedWhenTheyGrow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, more int
		again        bool
	}{{10, 1, true}, {62, 1, true}, {63, 1, false}, {640, 9, false}, {640, 11, true}} {
		e := settled(60)
		id := put(e, "a.example", 0)
		s, j := e.sites.rows[id], &e.s.evidence[0]
		for e.itsTurn(id, true) {
			e.clock += evalEvery
		}
		say := func(n int) {
			for range n {
				e.crowdOf(s).add(userReport{At: e.clock - second, Code: 503}, false)
			}
		}
		say(c.before)
		e.networks.append(network{ASN: 1})
		e.weighCrowd(s, j)
		say(c.more)
		e.weighCrowd(s, j)
		if got := s.Crowd.Unweighed == 0; got != c.again {
			t.Errorf("%d reports and %d more: counted again %v, want %v", c.before, c.more, got, c.again)
		}
	}
}

// What is reported of a site while it belongs to an incident says nothing of the
// network that it is reported from, and after a restart no more than before.
func TestReportsOfAnIncidentAccuseNoNetwork(t *testing.T) {
	t.Parallel()
	e := settled(60)
	held, free := put(e, "held.example", 9, "cdn:x"), put(e, "free.example", 0)
	in := e.open("cdn:x", 9)
	in.join(held)
	e.sites.rows[held].Incident = in.Ordinal
	for i := range 5 {
		for _, site := range []uint32{held, free} {
			e.Fold(faultline.Report{At: e.Clock(), Site: e.sites.rows[site].Name, Reporter: fmt.Sprint(i), ASN: 812,
				Symptom: "timeout"})
		}
	}
	n := e.s.byASN[812]
	e.sites.rows[held].Incident = 0
	b := e.countBreadth()
	if got := b.of[n].reports; got != 5 {
		t.Errorf("%d reports speak of the network, want 5", got)
	}
	if got := e.s.complaints[n].since(0); got != 5 {
		t.Errorf("%d complaints, want 5", got)
	}
	again, err := Restore(Config{}, e.Checkpoint())
	if err != nil {
		t.Fatal(err)
	}
	if got := again.s.complaints[n].since(0); got != 5 {
		t.Errorf("%d complaints after a restart, want 5", got)
	}
}

// Rows stay where they are, however many come.
func TestRowsStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	e := New(Config{})
	var rows []*site
	for i := range 5 * chunkRows {
		id, ok := e.site(fmt.Sprintf("s%d.example", i))
		if !ok || int(id) != i {
			t.Fatalf("site %d got number %d", i, id)
		}
		rows = append(rows, e.sites.rows[id])
	}
	for i, row := range rows {
		if e.sites.rows[i] != row || row.Name != fmt.Sprintf("s%d.example", i) {
			t.Fatalf("row %d is another one", i)
		}
	}
}
