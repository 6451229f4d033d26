package agent

import (
	"context"
	"errors"
	"testing"
	"time"

	"faultline"
)

// kept is a sink that keeps lines, and fails while it is told to.
type kept struct {
	lines []faultline.Probe
	err   error
}

// Probes implements [probe.Sink].
func (k *kept) Probes(_ context.Context, probes []faultline.Probe) error {
	if k.err != nil {
		return k.err
	}
	k.lines = append(k.lines, probes...)
	return nil
}

// began is when the checks of these tests begin.
var began = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// runsInto are runs of a vantage that checks each of many sites once a minute, on a clock that is
// as late as its newest result.
func runsInto(k *kept) (*Runs, func(at time.Duration, site string, symptom faultline.Symptom) error) {
	now := began
	r := NewRuns(k, 1, func() time.Time { return now })
	r.Assign(20_000, time.Minute)
	return r, func(at time.Duration, site string, symptom faultline.Symptom) error {
		now = began.Add(at)
		return r.Probes(context.Background(), []faultline.Probe{{At: now, Site: site, Vantage: "lon-1",
			Symptom: symptom, Status: 200, LatencyMS: 80 + int(at/time.Minute)%7}})
	}
}

// minutes hands in a healthy result a minute, from one minute to another.
func minutes(t *testing.T, look func(time.Duration, string, faultline.Symptom) error, from, to int) {
	t.Helper()
	for m := from; m < to; m++ {
		if err := look(time.Duration(m)*time.Minute, "a.example", faultline.SymptomOK); err != nil {
			t.Fatal(err)
		}
	}
}

// Results of a site that is steadily well go in as runs, and no result is lost or counted twice.
func TestHealthyResultsAreHandedInAsRuns(t *testing.T) {
	t.Parallel()
	var k kept
	r, look := runsInto(&k)
	minutes(t, look, 0, 200)
	if err := r.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := len(k.lines); n > 200/4+steadyAfter+3 {
		t.Errorf("200 results are %d lines", n)
	}
	at := began
	for _, line := range k.lines {
		if member, why := line.Fault(); member != "" {
			t.Fatalf("%s %s: %+v", member, why, line)
		}
		for one := range line.Results() {
			if !one.At.Equal(at) {
				t.Fatalf("a result at %v, want %v", one.At, at)
			}
			at = at.Add(time.Minute)
		}
	}
	if want := began.Add(200 * time.Minute); !at.Equal(want) || r.Held() != 0 {
		t.Errorf("results up to %v, want %v; %d are held", at, want, r.Held())
	}
}

// A failure goes in at once, after what was held of its site; what comes after it, and what was
// asked for, is not held either.
func TestNothingThatSaysOfAnOutageIsHeld(t *testing.T) {
	t.Parallel()
	var k kept
	r, look := runsInto(&k)
	m := 40
	for minutes(t, look, 0, m); r.Held() != 2; m++ { // to the middle of a run
		minutes(t, look, m, m+1)
	}
	at, before := r.now().Sub(began), len(k.lines)
	steps := []struct {
		name    string
		after   time.Duration
		symptom faultline.Symptom
		lines   int
	}{
		{"a look that was asked for ends the run and goes in", 20 * time.Second, faultline.SymptomOK, 2},
		{"a failure", 40 * time.Second, "timeout", 1},
		{"its second look", 43 * time.Second, "timeout", 1},
		{"it is well again", 100 * time.Second, faultline.SymptomOK, 1},
		{"and still", 160 * time.Second, faultline.SymptomOK, 1},
	}
	for _, s := range steps {
		if err := look(at+s.after, "a.example", s.symptom); err != nil {
			t.Fatal(err)
		}
		if got := len(k.lines) - before; got != s.lines {
			t.Errorf("%s: %d lines, want %d", s.name, got, s.lines)
		}
		before = len(k.lines)
	}
	if last := k.lines[before-5-1]; last.Run == nil || last.Run.Count != 2 {
		t.Errorf("the run that was ended is %+v", last)
	}
}

// Results that say something else are in runs of their own: what a site depends on is read of
// them, and when its certificate ends.
func TestARunIsOfResultsThatSayTheSame(t *testing.T) {
	t.Parallel()
	var k kept
	r, _ := runsInto(&k)
	via := func(m int) faultline.Component {
		return faultline.Component([]string{"cdn:fastly", "cdn:akamai"}[m/10%2])
	}
	for m := range 100 {
		p := faultline.Probe{At: began.Add(time.Duration(m) * time.Minute), Site: "a.example", Vantage: "lon-1",
			Symptom: faultline.SymptomOK, Status: 200, Via: []faultline.Component{via(m)}}
		if err := r.Probes(context.Background(), []faultline.Probe{p}); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range k.lines {
		for one := range line.Results() {
			if want := via(int(one.At.Sub(began) / time.Minute)); one.Via[0] != want {
				t.Errorf("at %v: %v, want %v", one.At, one.Via, want)
			}
		}
	}
}

// A vantage with few sites hands each result in by itself.
func TestFewSitesHaveNoRuns(t *testing.T) {
	t.Parallel()
	var k kept
	r, look := runsInto(&k)
	r.from = DefaultRunsFrom
	r.Assign(DefaultRunsFrom-1, time.Minute)
	minutes(t, look, 0, 20)
	if len(k.lines) != 20 || r.Held() != 0 {
		t.Errorf("%d lines, %d held", len(k.lines), r.Held())
	}
}

// A batch of few sites that the sink does not take is tried again by whoever sent it, and is not
// kept here as well. What was held while there were more sites goes in before it.
func TestFewSitesAreNotKeptTwice(t *testing.T) {
	t.Parallel()
	var k kept
	r, look := runsInto(&k)
	minutes(t, look, 0, 40)
	for m := 40; r.Held() == 0; m++ {
		minutes(t, look, m, m+1)
	}
	held, before := r.Held(), len(k.lines)
	r.from = DefaultRunsFrom
	r.Assign(3, time.Minute)
	k.err = errors.New("away")
	for range 5 {
		if look(2*time.Hour, "a.example", faultline.SymptomOK) == nil {
			t.Fatal("a batch that was not taken is said to be")
		}
	}
	k.err = nil
	if err := look(2*time.Hour, "a.example", faultline.SymptomOK); err != nil {
		t.Fatal(err)
	}
	if got := k.lines[before:]; len(got) != 2 || got[0].Count() != held || got[1].Run != nil || r.Held() != 0 {
		t.Errorf("%d held became %+v", held, got)
	}
}

// What a sink does not take is handed in with the next batch, in order, also when the batch
// itself is tried again.
func TestRunsThatAreNotTakenAreTriedAgain(t *testing.T) {
	t.Parallel()
	var k kept
	r, look := runsInto(&k)
	minutes(t, look, 0, 20)
	k.err = errors.New("away")
	for m := 20; m < 40; m++ {
		for range 2 { // the prober tries a batch again
			_ = look(time.Duration(m)*time.Minute, "a.example", faultline.SymptomOK)
		}
	}
	k.err = nil
	minutes(t, look, 40, 60)
	if err := r.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	n, last := 0, time.Time{}
	for _, line := range k.lines {
		for one := range line.Results() {
			if n++; !one.At.After(last) {
				t.Fatalf("%v comes after %v", one.At, last)
			}
			last = one.At
		}
	}
	if n != 60 {
		t.Errorf("%d results, want 60", n)
	}
}

// A site that is not checked any more is let go of, with what was held of it.
func TestSitesThatLeaveTheScheduleAreLetGo(t *testing.T) {
	t.Parallel()
	var k kept
	r, look := runsInto(&k)
	minutes(t, look, 0, 19)
	for m := range 10 {
		if err := look(time.Duration(19+m)*time.Minute, "b.example", "timeout"); err != nil {
			t.Fatal(err)
		}
	}
	if r.Held() != 0 || len(r.held) != 1 {
		t.Errorf("%d results of %d sites are held", r.Held(), len(r.held))
	}
}
