package scenario

import (
	"math"
	"sort"
)

// curve is piecewise linear: 0 before its first knot, constant after its last.
type curve []knot

type knot struct {
	at int64 // milliseconds
	v  float64
}

func (c curve) value(at int64) float64 {
	i := sort.Search(len(c), func(i int) bool { return c[i].at > at })
	switch i {
	case 0:
		return 0
	case len(c):
		return c[i-1].v
	}
	a, b := c[i-1], c[i]
	return a.v + (b.v-a.v)*float64(at-a.at)/float64(b.at-a.at)
}

// reaches is the first moment at which a rising curve has the value v.
func (c curve) reaches(v float64) int64 {
	for i, k := range c {
		if k.v < v {
			continue
		}
		if i == 0 {
			return k.at
		}
		before := c[i-1]
		return before.at + int64(float64(k.at-before.at)*(v-before.v)/(k.v-before.v))
	}
	return math.MaxInt64
}
