package find

// Lengths from which on one slip, and two, still leave no doubt what is meant.
const (
	oneSlip  = 5
	twoSlips = 8
)

// slipsIn is how many slips of the finger a text of that length may hold.
func slipsIn(text string) int {
	switch n := len([]rune(text)); {
	case n >= twoSlips:
		return 2
	case n >= oneSlip:
		return 1
	}
	return 0
}

// within reports whether two words are at most so many slips apart: a letter too
// many, too few, another one, or two changed over (optimal string alignment, a
// restricted Damerau-Levenshtein distance; Damerau, CACM 7(3), 1964).
func within(a, b string, most int) bool {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > most || len(y)-len(x) > most {
		return false
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > most {
			return false
		}
		before, last, row = last, row, before
	}
	return last[len(y)] <= most
}
