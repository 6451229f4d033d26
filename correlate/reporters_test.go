package correlate

import (
	"fmt"
	"testing"

	"faultline"
	"faultline/correlate/evidence"
)

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
				e.crowdOf(s).Add(evidence.Report{At: e.clock - second, Code: 503}, false)
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
