package correlate

import (
	"testing"

	"faultline"
	"faultline/correlate/evidence"
)

// A cause opens an incident at once when it is plain, and when it is likely twice
// in a row; in between the engine may have been stopped.
func TestCausesPersist(t *testing.T) {
	t.Parallel()
	const strong, likely, weak = openAtOnce, openOdds, openOdds - 0.1
	e := settled(60)
	later := func(seconds int64) { e.clock += seconds * second }
	if !e.persists("cdn:strong", strong) {
		t.Error("a plain cause must wait")
	}
	for range 2 { // of one evaluation
		if e.persists("cdn:likely", likely) {
			t.Error("a likely cause is believed the first time")
		}
	}
	e = reborn(t, e)
	later(5)
	if !e.persists("cdn:likely", likely) {
		t.Error("a likely cause is not believed the second time")
	}
	if e.persists("cdn:other", likely) {
		t.Error("one cause speaks for another")
	}
	later(60)
	if e.persists("cdn:other", likely) {
		t.Error("what was likely a minute ago counts still")
	}
	for range 3 {
		later(5)
		if e.persists("cdn:weak", weak) {
			t.Error("a weak cause is believed")
		}
	}
}

// A thousand voices of one prefix or network are few.
func TestIndependentVantages(t *testing.T) {
	t.Parallel()
	trusts := func(n int, change func(i int, h *evidence.Report)) *evidence.Crowd {
		c := &evidence.Crowd{}
		for i := range n {
			h := evidence.Report{At: after(59).UnixMilli(), Network: 1, Net: uint32(i + 1), Who: uint64(i), Code: 503}
			change(i, &h)
			c.Add(h, false)
		}
		return c
	}
	for name, c := range map[string]struct {
		crowd *evidence.Crowd
		want  float64
	}{
		"a hundred of one prefix":  {trusts(100, func(_ int, h *evidence.Report) { h.Net = 7 }), evidence.PrefixCap},
		"a hundred of one network": {trusts(100, func(int, *evidence.Report) {}), evidence.NetworkCap},
		"a hundred of a hundred":   {trusts(100, func(i int, h *evidence.Report) { h.Network = uint32(i) }), 100},
		"for whom it works": {trusts(100, func(i int, h *evidence.Report) {
			h.Network, h.Code = uint32(i),
				evidence.CodeOK
		}), 0},
		"long ago": {
			trusts(100, func(i int, h *evidence.Report) { h.Network, h.At = uint32(i), after(10).UnixMilli() }), 0},
		"half of them of one network": {
			trusts(100, func(i int, h *evidence.Report) { h.Network = uint32(max(0, i-49)) }),
			50 + evidence.NetworkCap},
		"half of a network that is down": {
			trusts(100, func(i int, h *evidence.Report) { h.Network = uint32(99 + i%2) }),
			evidence.NetworkCap},
	} {
		e := settled(60)
		for i := range 101 {
			e.Fold(faultline.Report{At: after(60), Site: "other.example", Reporter: string(rune('a' + i)),
				ASN: uint32(1 + i)})
		}
		if name == "half of a network that is down" {
			e.networks.rows[99].Incident, e.s.failingISPs = 1, 1
		}
		if got := e.independent(c.crowd)[evidence.WindowOf(8*minute)]; got != c.want {
			t.Errorf("%s weigh as %v, want %v", name, got, c.want)
		}
	}
}
