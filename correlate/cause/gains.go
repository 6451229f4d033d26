package cause

import (
	"math"
	"slices"
)

// product is a sum of logarithms: what they are of is multiplied until it grows too
// large or too small, as a logarithm takes as long as many products.
type product struct{ of, log float64 }

// add multiplies by a ratio. A logarithm is taken only when the product would leave the
// range of a float, since one for each site would be most of the search.
func (p *product) add(ratio float64) {
	p.of *= ratio
	if p.of > productMost || p.of < productLeast {
		p.log, p.of = p.log+math.Log(p.of), 1
	}
}

// sum is the logarithm of the product.
func (p *product) sum() float64 { return p.log + math.Log(p.of) }

// Gains adds up, for each fraction q of a component that may fail, ln of P(data | p0 and
// the component failing a site by chance q·weight) over P(data | p0).
type Gains struct {
	with    [len(qGrid)]product
	without product
}

// NewGains are those of no site.
func NewGains() (g Gains) {
	for i := range g.with {
		g.with[i].of = 1
	}
	g.without.of = 1
	return g
}

// Add adds a site with evidence l, which fails anyway by a chance of p0.
func (g *Gains) Add(l, p0, weight float64) {
	x := math.Exp(l) - 1
	for i, q := range qGrid {
		g.with[i].add(1 + (1-(1-p0)*(1-q*weight))*x)
	}
	g.without.add(1 + p0*x)
}

// sums returns, for each q, what was added.
func (g *Gains) sums() (sum [len(qGrid)]float64) {
	without := g.without.sum()
	for i := range sum {
		sum[i] = g.with[i].sum() - without
	}
	return sum
}

// OverQ integrates over q and returns the likeliest q as well.
func (g *Gains) OverQ() (q, gain float64) {
	sum := g.sums()
	return overQ(sum[:])
}

// overQ is the failing fraction with the largest gain, and the gain averaged over all of
// them. The average is what keeps a cause from winning by a fraction that was fitted to it.
func overQ(sum []float64) (q, gain float64) {
	best := 0
	for i := range sum {
		if sum[i] > sum[best] {
			best = i
		}
	}
	return qGrid[best], LogSumExp(sum) - math.Log(float64(len(sum)))
}

// LogSumExp is ln Σ exp(term), without overflow.
func LogSumExp(terms []float64) float64 {
	top := slices.Max(terms)
	sum := 0.
	for _, t := range terms {
		if t == top {
			sum++ // exp(0)
		} else {
			sum += math.Exp(t - top)
		}
	}
	return top + math.Log(sum)
}
