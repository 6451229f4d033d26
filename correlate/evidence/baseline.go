package evidence

import "math"

// Rate is a learned Poisson rate of reports: N in T minutes, up to From.
type Rate struct {
	N, T float64
	From int64 // what is older has been learned or left out
}

// Advance learns n reports between From and to, or leaves the span out.
func (r *Rate) Advance(n float64, to int64, quiet bool) {
	if to <= r.From {
		return
	}
	if quiet && r.From != 0 {
		span := float64(to-r.From) / float64(minute)
		fade := math.Exp2(-float64(to-r.From) / float64(HalfLife))
		r.N = r.N*fade + n
		r.T = r.T*fade + span
	}
	r.From = to
}

// PerMinute is the posterior mean of the rate under a gamma prior of mean prior
// and the weight of priorMinutes.
func (r *Rate) PerMinute(prior, priorMinutes float64) float64 {
	return (prior*priorMinutes + r.N) / (priorMinutes + r.T)
}

// SizeOf is how many reports a site of a rank draws against one of rank 0; a rank of 0 or
// less is unknown.
func SizeOf(rank int32) float64 {
	if rank <= 0 {
		rank = unknownRank
	}
	return math.Pow(float64(rank)+1, -rankExponent)
}

// ScaleOf is the reports a minute of a site of size 1, where n came in a mass of minutes
// times sizes.
func ScaleOf(n, mass float64) float64 {
	return (globalStart*globalWeight + n) / (globalWeight + mass)
}

// SeasonOf is how busy an hour of the week is against a mean rate, where n reports came in
// a mass of minutes times sizes of that hour.
func SeasonOf(n, mass, mean float64) float64 {
	return min(maxSeasonShape, max(1/maxSeasonShape, (seasonWeight+n)/(seasonWeight+mass*mean)))
}

// UsualRate is how many reports a minute a site draws in an hour of some season when all
// is well, where a site of its size draws prior and r was learned of it; r may be nil.
func UsualRate(prior float64, r *Rate, season float64) float64 {
	mean := prior
	if r != nil {
		mean = r.PerMinute(prior, siteWeight)
	}
	return max(MinRate, mean*season)
}
