package main

import (
	"strings"
	"testing"
	"time"

	"faultline"
)

// smallEstate has an outage of 60 sites among 3,000.
func smallEstate() *estate { return newEstate(1, 3_000, 60) }

func TestEstateFailsAsPlanted(t *testing.T) {
	e := smallEstate()
	e.settle()
	open := e.play()
	failing := 0
	for n := range estateCulprits {
		in := open[faultline.NewComponent(faultline.KindCDN, culpritName(n))]
		if in.ConfirmedAt == nil {
			t.Errorf("culprit %d is not confirmed", n)
		}
		failing += in.Impact.Failing
	}
	if failing != e.anomalous || len(open) != estateCulprits {
		t.Errorf("%d sites fail in %d incidents", failing, len(open))
	}
	// Each second evaluation every site has news, and one in a hundred later.
	before := e.eng.View().Counters.Probes
	if _, err := e.timed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := e.eng.View().Counters.Probes - before; got != int64(tickEach*e.dirty) {
		t.Errorf("%d probes in %d evaluations", got, tickEach)
	}
}

// Rounds are of the same ten minutes of an outage.
func TestEstateIsPlayedAnew(t *testing.T) {
	e := smallEstate()
	e.settle()
	e.play()
	var began []time.Time
	for range 2*youngRounds + 1 {
		before := e.now
		if _, err := e.timed(t.Context()); err != nil {
			t.Fatal(err)
		}
		if e.now.Before(before) {
			before = e.now.Add(-tickEach * evaluation)
		}
		began = append(began, before)
	}
	for i, at := range began {
		if want := began[i%youngRounds]; !at.Equal(want) {
			t.Errorf("round %d began at %v, want %v", i, at, want)
		}
	}
}

func TestEstateThatIsNotFoundIsVoid(t *testing.T) {
	at := trafficStart
	found := map[faultline.Component]faultline.Incident{}
	for n := range estateCulprits {
		found[faultline.NewComponent(faultline.KindCDN, culpritName(n))] = faultline.Incident{ConfirmedAt: &at,
			Impact: faultline.Impact{Failing: estateAnomalous / 2}}
	}
	if err := checkEstate(found); err != nil {
		t.Error(err)
	}
	found["cdn:culprit1"] = faultline.Incident{ConfirmedAt: &at}
	if err := checkEstate(found); err != nil {
		t.Errorf("the others make up for it: %v", err)
	}
	found["cdn:culprit2"] = faultline.Incident{ConfirmedAt: &at}
	if err := checkEstate(found); err == nil || !strings.Contains(err.Error(), "fail") {
		t.Errorf("too few sites: %v", err)
	}
	delete(found, "cdn:culprit0")
	if err := checkEstate(found); err == nil || !strings.Contains(err.Error(), "culprit0") {
		t.Errorf("none: %v", err)
	}
}

func TestTickFigures(t *testing.T) {
	rows := []tickRow{{Ratio: 1}, {Ratio: 2.5}}
	f := tickFigure(rows, measurement{series: []series{{1, 2, 3}, {1, 1, 1}}, inconclusive: true})
	if f.Value != 2.5 || !f.OK || f.Runs != 3 || f.Detail["verdict"] != "inconclusive" {
		t.Errorf("%+v", f)
	}
	if f := bytesFigure(201); f.OK {
		t.Errorf("%+v", f)
	}
}

var ballast []byte

func TestLiveBytesAreThoseThatAreKept(t *testing.T) {
	grown := liveBytes(func() {
		for range 10 {
			ballast = make([]byte, 1<<20)
		}
	})
	if grown < 1<<20 || grown > 3<<19 {
		t.Errorf("%.0f bytes", grown)
	}
}
