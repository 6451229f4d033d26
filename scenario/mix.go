package scenario

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sort"

	"faultline"
)

// picker draws by shares, in an order that no map decides: the same random number gives
// the same value in each run.
type picker[T any] struct {
	values []T
	upTo   []float64 // cumulative
}

// newPicker makes one of a mix, in order of the symptoms' names.
func newPicker(m Mix) picker[faultline.Symptom] {
	var p picker[faultline.Symptom]
	symptoms := make([]faultline.Symptom, 0, len(m))
	for symptom := range m {
		symptoms = append(symptoms, symptom)
	}
	slices.SortFunc(symptoms, func(a, b faultline.Symptom) int { return cmp.Compare(a, b) })
	for _, symptom := range symptoms {
		p.add(symptom, m[symptom])
	}
	return p
}

// add adds a value with its share.
func (p *picker[T]) add(v T, share float64) {
	total := 0.
	if n := len(p.upTo); n > 0 {
		total = p.upTo[n-1]
	}
	p.values, p.upTo = append(p.values, v), append(p.upTo, total+share)
}

// pick draws a value.
func (p picker[T]) pick(rng *rand.Rand) T {
	n := len(p.upTo)
	x := rng.Float64() * p.upTo[n-1]
	return p.values[min(sort.SearchFloat64s(p.upTo, x), n-1)]
}
