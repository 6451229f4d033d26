package evidence

import (
	"math"

	"faultline/correlate/cause"
)

// Health is when a vantage failed itself, as far as the weighing of its results asks.
type Health interface {
	// SickAt reports whether the vantage failed itself at a time: what it saw fail then is
	// no evidence.
	SickAt(at int64) bool
	// SickSince reports whether it has failed itself since a time.
	SickSince(from int64) bool
}

// Vantage is what is known of a vantage when its results are weighed.
type Vantage struct {
	Health
	// Region is a number that vantages of one country share.
	Region uint32
	// Trust is, for each window, how far its failures may be believed, 0 to 1.
	Trust *[Windows]float64
}

// Weigher weighs probes and reports. It keeps its work lists from one site to the next,
// and nothing that changes what it says.
type Weigher struct {
	regions []regional
	terms   []float64
	heads   headcount
	known   knownEvidence
}

// Probes returns the evidence of a site's tracks, combined over scope patterns, and
// whether any of them has results in reach. It holds until a time if no more results come.
func (g *Weigher) Probes(tracks []*Track, of func(vantage uint32) Vantage, now int64) (
	l [Windows]float64, probed bool, until int64) {
	until = math.MaxInt64
	if len(tracks) == 0 {
		return l, false, until
	}
	g.regions = g.regions[:0]
	for _, t := range tracks {
		v := of(t.Vantage)
		ls, seen := t.weigh(v.Health, now)
		if !seen {
			continue
		}
		probed = true
		until = min(until, t.recent.until)
		for w := range ls {
			if ls[w] > 0 {
				ls[w] *= v.Trust[w]
			}
		}
		g.addRegional(v.Region, ls)
	}
	for w := range Windows {
		l[w] = g.overPatterns(w)
	}
	return l, probed, until
}

// regional is the evidence of the vantages of one region: their sum, and each
// of them.
type regional struct {
	region   uint32
	l        [Windows]float64
	vantages [Windows]int // vantages with a say
	each     [][Windows]float64
}

// addRegional files the evidence of one vantage under its region.
func (g *Weigher) addRegional(region uint32, ls [Windows]float64) {
	r := g.region(region)
	for w, l := range ls {
		r.l[w] += l
		if l != 0 {
			r.vantages[w]++
		}
	}
	r.each = append(r.each, ls)
}

// region is the row of a region, made when it is first met. Rows of the last site are used
// again.
func (g *Weigher) region(id uint32) *regional {
	for i := range g.regions {
		if g.regions[i].region == id {
			return &g.regions[i]
		}
	}
	if len(g.regions) < cap(g.regions) { // what lies there has lists to use again
		g.regions = g.regions[:len(g.regions)+1]
	} else {
		g.regions = append(g.regions, regional{})
	}
	r := &g.regions[len(g.regions)-1]
	*r = regional{region: id, each: r.each[:0]}
	return r
}

// overPatterns is ln Σ P(pattern) · exp(evidence of the vantages in it).
func (g *Weigher) overPatterns(w int) float64 {
	sum, regions, vantages := 0., 0, 0
	for i := range g.regions {
		if n := g.regions[i].vantages[w]; n > 0 {
			sum += g.regions[i].l[w]
			regions++
			vantages += n
		}
	}
	if vantages < 2 {
		return sum
	}
	g.terms = append(g.terms[:0], logEverywhere+sum)
	region, one := logPart(&logRegions, oneRegion, regions), logPart(&logVantages, oneVantage, vantages)
	for i := range g.regions {
		r := &g.regions[i]
		if r.vantages[w] == 0 {
			continue
		}
		g.terms = append(g.terms, region+r.l[w])
		for _, ls := range r.each {
			if ls[w] != 0 {
				g.terms = append(g.terms, one+ls[w])
			}
		}
	}
	return cause.LogSumExp(g.terms)
}

// The logarithms of the patterns' parts, by how many regions and vantages share them.
var (
	logEverywhere           = math.Log(everywhere)
	logRegions, logVantages = logParts(oneRegion), logParts(oneVantage)
)

// logParts works out the logarithms that logPart looks up: they are needed for every site
// at every evaluation.
func logParts(whole float64) (t [partsKnown]float64) {
	for n := range t {
		t[n] = math.Log(whole / float64(n))
	}
	return t
}

// logPart is the logarithm of one of n equal parts of a whole.
func logPart(known *[partsKnown]float64, whole float64, n int) float64 {
	if n < len(known) {
		return known[n]
	}
	return math.Log(whole / float64(n))
}
