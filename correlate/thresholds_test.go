package correlate

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"faultline"
	"faultline/docs/docstest"
)

// numbersAnywhere may stand in any expression: none, one, two, a half (the middle).
var numbersAnywhere = []string{"0", "1", "2", "0.5"}

// numbersOf are the files that hold numbers: the thresholds, and the table of kinds.
func numbersOf(path string) bool {
	file := filepath.Base(path)
	return strings.HasPrefix(file, "thresholds") || file == "kinds.go" || strings.HasSuffix(file, "_test.go")
}

// A number in the middle of a rule has no reason and no source, so that every one but
// the smallest stands in thresholds.go, under a name.
func TestNumbersHaveNames(t *testing.T) {
	t.Parallel()
	var files []string
	for _, rooms := range []string{"*.go", "cause/*.go", "evidence/*.go"} {
		more, err := filepath.Glob(rooms)
		if err != nil || len(more) == 0 {
			t.Fatal(rooms, err)
		}
		files = append(files, more...)
	}
	for _, file := range files {
		if numbersOf(file) {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range bareNumbers(t, file, src) {
			t.Error(found)
		}
	}
	planted := "package correlate\nfunc x() bool { return 3.5 > 2 }"
	if found := bareNumbers(t, "planted.go", []byte(planted)); len(found) != 1 || !strings.Contains(found[0], "3.5") {
		t.Errorf("in %q found %v", planted, found)
	}
}

func bareNumbers(t *testing.T, file string, src []byte) (found []string) {
	t.Helper()
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.INT && lit.Kind != token.FLOAT {
			return true
		}
		if value := strings.TrimSuffix(lit.Value, "."); !slices.Contains(numbersAnywhere, value) {
			found = append(found,
				fmt.Sprintf("%s: %s needs a name in thresholds.go", set.Position(lit.Pos()), lit.Value))
		}
		return true
	})
	return found
}

// docs/method.md says the thresholds in words; it must say those that the code has.
func TestMethodSaysTheThresholds(t *testing.T) {
	t.Parallel()
	docstest.MethodSays(t,
		fmt.Sprintf("at a prior of −%v", -ownPrior),
		fmt.Sprintf("began within %d s of the incident", adoptWithin/second),
		fmt.Sprintf("%d sites or more in eight minutes, by %d people or more", ispSites, ispPeople),
		fmt.Sprintf("%v nats twice in a row, or %v once", openOdds, openAtOnce),
		fmt.Sprintf("for its fault by %v nats", probesAlone),
		fmt.Sprintf("%d ASNs that each report more of it than usual (chance %v or less", confirmASNs, riseChance),
		fmt.Sprintf("less than %.0f %% of the peak has failed", 100*recoveringPart),
		fmt.Sprintf("at most %.0f %% has for ten", 100*quietPart),
		fmt.Sprintf("within %d minutes is the same incident", recurrence/minute),
		fmt.Sprintf("at most %v less likely", onsetDrop),
		fmt.Sprintf("1/(1+e^(−odds/%d)), shared among alternatives, and at most %v", temper, mostConfidence),
	)
}

// The table of kinds names them all, in the order of names that people give.
func TestEveryKindIsInTheTable(t *testing.T) {
	t.Parallel()
	var kinds []string
	for i := range kindTable {
		kinds = append(kinds, kindTable[i].kind)
		if kindTable[i].Rank != i || !strings.Contains(kindTable[i].title, "%s") {
			t.Errorf("%s: rank %d, title %q", kindTable[i].kind, kindTable[i].Rank, kindTable[i].title)
		}
	}
	if !slices.Equal(kinds, faultline.Kinds) {
		t.Errorf("kinds %v, want %v", kinds, faultline.Kinds)
	}
}
