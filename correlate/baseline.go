package correlate

import (
	"math"

	"faultline/correlate/evidence"
)

// What is normal is learned while all is quiet: probes as a Beta distribution of
// each site and vantage (flaky and dead sites mute themselves), reports as a
// rate of each site and network, shrunk towards what its size suggests, over the
// shape of the week. Learning stops for whoever is in an incident or loud.

// globalBase is what sites have in common: how many reports a site of rank r
// draws, g·(r+1)^-rankExponent a minute, and the shape of the week.
type globalBase struct {
	At    int64   // learned up to here
	N     float64 // reports counted
	Mass  float64 // minutes × Σ (rank+1)^-rankExponent
	Hours [evidence.WeekHours]hourBase
	sizes float64 // Σ (rank+1)^-rankExponent over the map and whoever is spoken of
}

// hourBase is what was counted in one hour of the week, and how much was to be expected
// then.
type hourBase struct{ N, Mass float64 }

// sized is what a site adds to the sum of sizes.
func (s *site) sized() float64 {
	if !s.Mapped && s.Crowd == nil {
		return 0
	}
	return evidence.SizeOf(s.Rank)
}

// crowdOf returns the crowd of a site, which has one from when it is first reported.
func (e *Engine) crowdOf(s *site) *evidence.Crowd {
	if s.Crowd == nil {
		before := s.sized()
		s.Crowd = &evidence.Crowd{Base: evidence.Rate{From: e.start}}
		e.crowdBase.sizes += s.sized() - before
	}
	return s.Crowd
}

// scale is g, the reports a minute of a site of size 1.
func (g *globalBase) scale() float64 { return evidence.ScaleOf(g.N, g.Mass) }

// season is how busy this hour of the week is against the mean of the week.
func (g *globalBase) season(at int64) float64 {
	h := g.Hours[hourOfWeek(at)]
	return evidence.SeasonOf(h.N, h.Mass, g.scale())
}

// hourOfWeek counts from Thursday midnight UTC, when the Unix epoch began.
func hourOfWeek(at int64) int { return int((at / hour) % evidence.WeekHours) }

// learn moves the baselines of reports on, once a minute.
func (e *Engine) learn() {
	to := e.clock - evidence.LearnLag
	g := &e.crowdBase
	if g.At == 0 {
		g.At = e.start
	}
	if to-g.At < evidence.LearnEvery {
		return
	}
	season := g.season(to)
	var reportsNow float64
	for _, id := range e.active {
		s := e.sites.rows[id]
		if s.Crowd == nil {
			continue
		}
		n := s.Crowd.Between(s.Crowd.Base.From, to)
		// A crowd that is first reported in an outage has been quiet until then.
		fresh := to-s.Crowd.Base.From > evidence.CatchUp && n <= evidence.FewReports
		quiet := s.Incident == 0 && !s.Crowd.Rises(e.clock) || fresh
		s.Crowd.Base.Advance(n/season, to, quiet)
		if quiet {
			reportsNow += n
		}
		s.Crowd.Forget(e.clock)
	}
	e.s.forgot = true
	span := float64(to-g.At) / float64(minute)
	fade := math.Exp2(-float64(to-g.At) / float64(evidence.HalfLife))
	g.N, g.Mass = g.N*fade+reportsNow/season, g.Mass*fade+span*g.sizes
	hour := &g.Hours[hourOfWeek(to)]
	hour.N, hour.Mass = hour.N*fade+reportsNow, hour.Mass*fade+span*g.sizes
	g.At = to
	e.learnNetworks(to)
}

// expected is how many reports a minute a site draws when all is well.
func (e *Engine) expected(s *site) float64 {
	prior := e.crowdBase.scale() * evidence.SizeOf(s.Rank)
	var learned *evidence.Rate
	if s.Crowd != nil {
		learned = &s.Crowd.Base
	}
	return evidence.UsualRate(prior, learned, e.crowdBase.season(e.clock))
}
