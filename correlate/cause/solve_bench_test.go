package cause

import (
	"fmt"
	"testing"
)

// benchTown is n sites on providers of two hundred each and on ten registries, of which
// one provider in a hundred fails, at least one.
func benchTown(n int) *town {
	t := &town{}
	for i := range n / 200 {
		g := group{n: 200, on: fmt.Sprintf("cdn:c%d tld:t%d", i, i%10), l: -4, settled: true}
		if i%100 == 0 {
			g.l, g.settled = 6, false
		}
		t.groups = append(t.groups, g)
	}
	return t
}

// BenchmarkSolve is one search in a problem that is written down, without an engine.
func BenchmarkSolve(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("sites=%d", n), func(b *testing.B) {
			p := benchTown(n).build()
			var s Solver
			b.ReportAllocs()
			for b.Loop() {
				s.Solve(p)
			}
		})
	}
}
