package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faultline"
)

func TestFewestFindsTheBorder(t *testing.T) {
	for _, want := range []int{1, 2, 7, 64, 65, 900, 20_000} {
		got := fewest(20_000, func(n int) bool { return n >= want })
		if got < want || got > want+max(1, want/coarseness)+1 {
			t.Errorf("%d, want %d or little more", got, want)
		}
	}
}

func TestCellsAreWhatWasAskedFor(t *testing.T) {
	if n := len(cellsOf(nil, nil, []int{0, 1})); n != 2*len(goals)*len(probings) {
		t.Errorf("%d cells", n)
	}
	cells := cellsOf([]string{"hidden"}, []string{"all"}, []int{2})
	if len(cells) != 1 || cells[0].goal.name != "hidden" || cells[0].liars != 2 {
		t.Errorf("%+v", cells)
	}
}

// Without a lie nothing is said where all is well, and a true outage is named.
func TestWithoutALieTheTruthIsTold(t *testing.T) {
	t.Parallel()
	s := newStudio(probings[2:])
	for _, g := range goals {
		c := cell{g, probings[2], 0}
		if s.tries(c, g.lies[0], shapes[0], size{0, 1}) {
			t.Errorf("%s comes about without a lie", g.name)
		}
	}
	if _, shown := took(s.truths["all hidden"]); !shown {
		t.Error("the outage is never named")
	}
}

// Vantages that lie say of the named sites what the army says, from its start on.
func TestLyingVantagesSayWhatTheArmySays(t *testing.T) {
	tn := newTown(townSites)
	defer tn.close()
	p := plan{goal: goals[0], lie: forged[0], liars: 1}
	p.speak(tn, tn.sites[:cdnSites], map[string]bool{})
	if _, fails := tn.failing(tn.sites[0], vantages[0].Vantage); fails {
		t.Error("it lies before its time")
	}
	tn.revised = func(faultline.Incident) {}
	if s, fails := tn.failing(tn.sites[0], vantages[0].Vantage); !fails || s != "http_503" {
		t.Errorf("says %s", s)
	}
	if _, fails := tn.failing(tn.sites[0], vantages[1].Vantage); fails {
		t.Error("another vantage lies too")
	}
	if _, fails := tn.failing(tn.sites[cdnSites], vantages[0].Vantage); fails {
		t.Error("it lies about sites that are not named")
	}
}

func TestTableIsPutIntoItsPlace(t *testing.T) {
	answers := []answer{
		{cell{goals[0], probings[0], 0}, price{size: size{12, 3}, how: "its sites fail, ten sites each"}},
		{cell{goals[0], probings[2], 0}, price{never: true}},
		{cell{goals[0], probings[2], 2}, price{how: "its sites fail"}},
	}
	text := table(answers, []probing{probings[0], probings[2]})
	for _, want := range []string{"| a candidate | 0 | 12 over 3 (its sites fail, ten sites each) | never |",
		"| a candidate | 2 | – | nobody (its sites fail) |"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	doc := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(doc, []byte("before\n"+tableBegins+"old\n"+tableEnds+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := save(doc, text); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(doc)
	if err != nil || string(got) != "before\n"+tableBegins+text+tableEnds+"after\n" {
		t.Errorf("%v: %s", err, got)
	}
	if err := os.WriteFile(doc, []byte("no place"), 0o600); err != nil {
		t.Fatal(err)
	}
	if save(doc, text) == nil {
		t.Error("a document without a place is let pass")
	}
}

func TestFloorsAreReadAndCompared(t *testing.T) {
	limits, err := floors(floorFile)
	if err != nil || len(limits) == 0 {
		t.Fatalf("%v, %d limits", err, len(limits))
	}
	for _, wrong := range []string{`{}`, `[{"goal":"moon","probing":"all"}]`,
		`[{"goal":"hidden","probing":"all","people":1000000}]`} {
		if _, err := floors([]byte(wrong)); err == nil {
			t.Errorf("%s is let pass", wrong)
		}
	}
	l := limit{Goal: "hidden", Probing: "all", size: size{2_000, 60}}
	cheap := answer{cell{goals[4], probings[2], 0}, price{size: size{50, 5}}}
	if len(below([]limit{l}, []answer{cheap})) != 1 {
		t.Error("a lie below the floor is let pass")
	}
	cheap.Networks = 61
	if len(below([]limit{l}, []answer{cheap})) != 0 {
		t.Error("a lie above the floor is refused")
	}
}
