package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faultline/scenario/accuracy"
)

// TestOneScenarioMakesATable plays a scenario of fewer sites than are drawn.
func TestOneScenarioMakesATable(t *testing.T) {
	t.Parallel()
	s, err := accuracy.Draw("full", 2)
	if err != nil {
		t.Fatal(err)
	}
	s.Spec.Sites = s.Spec.Sites[:250]
	for i := range s.Spec.Vantages {
		s.Spec.Vantages[i].CadenceS = 120
	}
	incidents, err := play(s, false)
	if err != nil {
		t.Fatal(err)
	}
	table := newTable([]string{"full"}, false)
	table.add("full", scores(s, incidents))
	body, err := json.Marshal(table.document())
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if len(d.Methods) != 1+len(baselines) || d.Kinds["full"].Demanded != 1 || d.Methods[ours].Found != 1 {
		t.Errorf("got %s", body)
	}
}

func TestRunRefusesAFloorThatIsNotThere(t *testing.T) {
	opt := options{Scenarios: 1, Workers: 1, Floor: filepath.Join(t.TempDir(), "none.json")}
	if err := run(t.Context(), opt, io.Discard, io.Discard); err == nil {
		t.Error("no error")
	}
}

// scored is a table of one scenario with so much found and false.
func scored(found, off int) *table {
	t := newTable([]string{"full"}, true)
	t.add("full", map[string]accuracy.Score{ours: {Scenarios: 1, Hours: 168, Demanded: 10, Found: found, False: off,
		TTD: []float64{60}}})
	return t
}

func TestBelowTheFloor(t *testing.T) {
	f := &floor{F1: 0.9, KindF1: map[string]float64{"full": 0.9, "quiet": 1}, SitesF1: 1, FalsePerWeek: 2,
		TTDMedian: 85}
	if below := f.below(scored(10, 1)); len(below) != 0 {
		t.Errorf("good enough, and told: %v", below)
	}
	if below := f.below(scored(10, 3)); len(below) != 3 {
		t.Errorf("too many false ones, and told: %v", below)
	}
	if below := f.below(scored(7, 0)); len(below) != 2 || !strings.Contains(below[1], "f1 of full 0.824") {
		t.Errorf("too few found, and told: %v", below)
	}
	f.TTDMedian = 59
	if below := f.below(scored(10, 0)); len(below) != 1 || !strings.HasPrefix(below[0], "ttd_median") {
		t.Errorf("too slow, and told: %v", below)
	}
}

func TestTheFloorIsReadAndUnderstood(t *testing.T) {
	f, err := readFloor("floor.json")
	if err != nil {
		t.Fatal(err)
	}
	if f.F1 < 0.5 || f.FalsePerWeek <= 0 || f.TTDMedian <= 0 || f.Brier <= 0 {
		t.Errorf("a floor that asks nothing: %+v", f)
	}
	kinds := accuracy.Kinds()
	for k := range f.KindF1 {
		if !strings.Contains(" "+strings.Join(kinds, " ")+" ", " "+k+" ") {
			t.Errorf("no kind %q", k)
		}
	}
	wrong := filepath.Join(t.TempDir(), "floor.json")
	if err := os.WriteFile(wrong, []byte(`{"f2":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readFloor(wrong); err == nil {
		t.Error("an unknown figure is let pass")
	}
	if none, err := readFloor(""); none != nil || err != nil {
		t.Error("no path, no floor")
	}
}

func TestTableLeavesOutWhatWasNotMeasured(t *testing.T) {
	text := scored(9, 0).text()
	if !strings.Contains(text, "| full               | 1 | 9/10 |") || !strings.Contains(text, "60 s") ||
		!strings.Contains(text, " – ") {
		t.Errorf("table:\n%s", text)
	}
}

func TestTableHasTheReliabilityCurve(t *testing.T) {
	scores := scored(9, 0)
	scores.total[ours].Claims = []accuracy.Claim{{Confidence: 0.96, Right: true, Alternatives: 1, Accepted: 1},
		{Confidence: 0.6}}
	text := scores.text()
	for _, want := range []string{"| 0.50 | 1 | 0.600 | 0.000 |", "| 0.95 | 1 | 0.960 | 1.000 |",
		"Beside each, 1.00 alternatives were named on average"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}
