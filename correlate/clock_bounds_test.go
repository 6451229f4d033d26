package correlate

import (
	"slices"
	"testing"

	"faultline"
	"faultline/correlate/evidence"
)

// A minute's skew is its lowest tenth, the skew is the median of five minutes, and
// is known after three.
func TestLag(t *testing.T) {
	t.Parallel()
	l := &lag{}
	minuteOf := func(ms ...int64) {
		for _, m := range ms {
			l.note(m)
		}
		l.close()
	}
	minuteOf(1, 2, 3, 4) // too few
	if len(l.Lows) != 0 {
		t.Error("four results tell of a minute")
	}
	minuteOf(50, 40, 30, 20, 10)
	minuteOf(slices.Repeat([]int64{100}, 10)...)
	if l.Known || !slices.Equal(l.Lows, []int64{10, 100}) {
		t.Errorf("after two minutes: %+v", l)
	}
	minuteOf(3, 900, 900, 900, 900, 900, 900, 900, 900, 900, 60) // of eleven the second lowest
	if !l.Known || l.MS != 60 || l.Lows[2] != 60 {
		t.Errorf("after three minutes: %+v", l)
	}
	for range 4 {
		minuteOf(7, 7, 7, 7, 7)
	}
	if len(l.Lows) != skewMinutes || l.MS != 7 {
		t.Errorf("after seven minutes: %+v", l)
	}
	for range 2 * skewSamples {
		l.note(1)
	}
	if len(l.Looks) != skewSamples {
		t.Errorf("%d results of a minute are looked at", len(l.Looks))
	}
}

// A clock is put right by 6 s and more, and again when that moves by more than 3 s;
// by the reports, or else by the median of three vantages.
func TestSetClocks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reports int64 // -1: unknown
		lags    []int64
		was     int64
		want    int64 // of the first vantage, ms
	}{
		"six seconds behind the reports":     {1_000, []int64{7_000}, 0, 6_000},
		"less":                               {1_000, []int64{6_999}, 0, 0},
		"ahead of them":                      {1_000, []int64{-9_000}, 0, -10_000},
		"less ahead":                         {1_000, []int64{-4_999}, 0, 0},
		"moved by three seconds":             {0, []int64{13_000}, 10_000, 10_000},
		"moved by more":                      {0, []int64{13_001}, 10_000, 13_001},
		"back in order":                      {0, []int64{100}, 10_000, 0},
		"the median of three":                {-1, []int64{20_000, 500, 1_000}, 0, 19_000},
		"two are no median":                  {-1, []int64{20_000, 500}, 0, 0},
		"the reports rather than the median": {0, []int64{20_000, 20_000, 20_000}, 0, 20_000},
	} {
		e := settled(60)
		known := func(ms int64) lag { return lag{Lows: []int64{ms, ms, ms}} }
		if c.reports >= 0 {
			e.reportLag = known(c.reports)
		} else {
			e.reportLag = lag{}
		}
		for i, ms := range c.lags {
			v, _ := e.vantage(string(rune('a' + i)))
			e.vantages.rows[v].Lag, e.vantages.rows[v].Behind = known(ms), c.was
		}
		e.clock += minute
		if e.setClocks(); e.vantages.rows[0].Behind != c.want {
			t.Errorf("%s: %d ms behind, want %d", name, e.vantages.rows[0].Behind, c.want)
		}
		e.vantages.rows[0].Behind = 77
		if e.setClocks(); e.vantages.rows[0].Behind != 77 {
			t.Errorf("%s: twice in a minute", name)
		}
	}
	e := settled(60)
	v := &vantage{Behind: 10_000}
	if at := e.onOurClock(v, e.clock-12_000, e.clock-12_000); at != e.clock-2_000 {
		t.Errorf("put right to %d before the clock", e.clock-at)
	}
	if at := e.onOurClock(v, e.clock-3_000, e.clock-3_000); at != e.clock {
		t.Errorf("a result is from %d ms after it arrived", at-e.clock)
	}
	if at := e.onOurClock(v, e.clock+1_000, e.clock+1_000); at != e.clock+1_000 {
		t.Errorf("a result from ahead was put %d ms ahead", at-e.clock)
	}
}

// Each network's people in ten minutes, by sites and then by reports, if they are five
// or more.
func TestTalking(t *testing.T) {
	t.Parallel()
	e := settled(60)
	for i, c := range []struct {
		site string
		asn  uint32
		ago  int64
		code uint16
	}{
		{"a.example", 1, 5, 503}, {"a.example", 1, 4, 503}, {"b.example", 1, 600, 503}, {"b.example", 1, 601, 503},
		{"a.example", 2, 5, 503}, {"b.example", 2, 5, 503}, {"a.example", 2, 5, 503},
		{"a.example", 3, 5, evidence.CodeOK}, {"a.example", 0, 5, 503}, {"a.example", 4, 5, 503},
		{"a.example", 5, 5, 503},
		{"a.example", 1, 7, 503}, {"a.example", 1, 7, 503}, {"a.example", 2, 7, 503}, {"a.example", 2, 7, 503},
		{"a.example", 4, 7, 503}, {"a.example", 4, 7, 503}, {"a.example", 4, 7, 503}, {"a.example", 4, 7, 503},
		{"a.example", 5, 7, 503}, {"a.example", 5, 7, 503}, {"a.example", 5, 7, 503},
	} {
		id, _ := e.site(c.site)
		e.activate(id)
		n, _ := e.network(faultline.Report{ASN: c.asn, Net: "n"})
		e.crowdOf(e.sites.rows[id]).Add(evidence.Report{At: e.clock - c.ago*second, Network: n, Code: c.code,
			Who: uint64(i)}, false)
	}
	got := e.networkStatuses()
	want := []faultline.NetworkStatus{
		{ASN: 2, Reports: 5, Sites: 2}, {ASN: 1, Reports: 5, Sites: 2}, {ASN: 4, Reports: 5, Sites: 1},
	}
	slices.SortFunc(want[:2], func(a, b faultline.NetworkStatus) int { return a.ASN - b.ASN })
	for i := range got {
		near(t, "expected", got[i].Expected, 0.5*10)
		got[i].Expected = 0
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Minutes and hours are kept as long as an event may fall into them.
func TestAddReported(t *testing.T) {
	t.Parallel()
	var kept []eventCounts
	for _, at := range []int64{5, 7, 6, 7, 8} {
		kept = addCounts(kept, at, eventCounts{Reports: 1, Probes: 2, Failed: 1}, 3)
	}
	if want := []eventCounts{{6, 1, 2, 1}, {7, 2, 4, 2}, {8, 1, 2, 1}}; !slices.Equal(kept, want) {
		t.Errorf("%v, want %v", kept, want)
	}
	if again := addCounts(kept, 4, eventCounts{Reports: 1}, 3); len(again) != 3 || again[0].At != 6 {
		t.Errorf("what is too old is kept: %v", again)
	}
	if h := countsOf(evidence.NewResult(0, evidence.CodeOK)); h != (eventCounts{Probes: 1}) || h.notable() {
		t.Errorf("a success counts as %+v", h)
	}
	if h := countsOf(evidence.NewResult(0, 503)); h != (eventCounts{Probes: 1, Failed: 1}) || !h.notable() ||
		!(eventCounts{Reports: 1}).notable() {
		t.Errorf("a failure counts as %+v", h)
	}
}
