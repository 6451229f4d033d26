package correlate

import "math"

// What is normal is learned while all is quiet: probes as a Beta distribution of
// each site and vantage (flaky and dead sites mute themselves), reports as a
// rate of each site and network, shrunk towards what its size suggests, over the
// shape of the week. Learning stops for whoever is in an incident or loud.

// normalFailures is how often a track fails when all is well: the posterior mean
// after so many failures and successes.
func normalFailures(fails, oks float64) float64 {
	credit := priorOK
	if fails >= flakyFails {
		credit = flakyOK
	}
	return (priorFail + fails) / (priorFail + credit + fails + oks)
}

// learn counts a result that has left the track's memory.
func (t *track) learn(r result) {
	if t.At != 0 && r.at() > t.At {
		fade := math.Exp2(-float64(r.at()-t.At) / float64(halfLife))
		t.OK *= fade
		t.Fail *= fade
	}
	t.At = max(t.At, r.at())
	if r.failed() {
		t.Fail++
	} else {
		t.OK++
	}
}

// chronic reports whether a track failed more often than not before.
func (t *track) chronic() bool { return t.Fail > chronicFailures*(t.OK+t.Fail) }

// rate is a learned Poisson rate of reports: N in T minutes, up to From.
type rate struct {
	N, T float64
	From int64 // what is older has been learned or left out
}

// advance learns n reports between From and to, or leaves the span out.
func (r *rate) advance(n float64, to int64, quiet bool) {
	if to <= r.From {
		return
	}
	if quiet && r.From != 0 {
		span := float64(to-r.From) / float64(minute)
		fade := math.Exp2(-float64(to-r.From) / float64(halfLife))
		r.N = r.N*fade + n
		r.T = r.T*fade + span
	}
	r.From = to
}

// perMinute is the posterior mean of the rate under a gamma prior of mean prior
// and the weight of priorMinutes.
//
//nolint:unparam // a site's weight and a network's are two constants, and are alike by chance
func (r *rate) perMinute(prior, priorMinutes float64) float64 {
	return (prior*priorMinutes + r.N) / (priorMinutes + r.T)
}

// globalBase is what sites have in common: how many reports a site of rank r
// draws, g·(r+1)^-rankExponent a minute, and the shape of the week.
type globalBase struct {
	At    int64   // learned up to here
	N     float64 // reports counted
	Mass  float64 // minutes × Σ (rank+1)^-rankExponent
	Hours [weekHours]hourBase
	sizes float64 // Σ (rank+1)^-rankExponent over the map and whoever is spoken of
}

type hourBase struct{ N, Mass float64 }

func sizeOf(rank int32) float64 {
	if rank <= 0 {
		rank = unknownRank
	}
	return math.Pow(float64(rank)+1, -rankExponent)
}

// sized is what a site adds to the sum of sizes.
func (s *site) sized() float64 {
	if !s.Mapped && s.Crowd == nil {
		return 0
	}
	return sizeOf(s.Rank)
}

// crowdOf returns the crowd of a site, which has one from when it is first reported.
func (e *Engine) crowdOf(s *site) *crowd {
	if s.Crowd == nil {
		before := s.sized()
		s.Crowd = &crowd{Base: rate{From: e.start}}
		e.crowdBase.sizes += s.sized() - before
	}
	return s.Crowd
}

// scale is g, the reports a minute of a site of size 1.
func (g *globalBase) scale() float64 {
	return (globalStart*globalWeight + g.N) / (globalWeight + g.Mass)
}

// season is how busy this hour of the week is against the mean of the week.
func (g *globalBase) season(at int64) float64 {
	h := g.Hours[hourOfWeek(at)]
	mean := g.scale()
	return min(maxSeasonShape, max(1/maxSeasonShape, (seasonWeight+h.N)/(seasonWeight+h.Mass*mean)))
}

// hourOfWeek counts from Thursday midnight UTC, when the Unix epoch began.
func hourOfWeek(at int64) int { return int((at / hour) % weekHours) }

// learn moves the baselines of reports on, once a minute.
func (e *Engine) learn() {
	to := e.clock - learnLag
	g := &e.crowdBase
	if g.At == 0 {
		g.At = e.start
	}
	if to-g.At < learnEvery {
		return
	}
	season := g.season(to)
	var reportsNow float64
	for _, id := range e.active {
		s := e.sites.rows[id]
		if s.Crowd == nil {
			continue
		}
		n := s.Crowd.between(s.Crowd.Base.From, to)
		// A crowd that is first reported in an outage has been quiet until then.
		fresh := to-s.Crowd.Base.From > catchUp && n <= fewReports
		quiet := s.Incident == 0 && !s.Crowd.rises(e.clock) || fresh
		s.Crowd.Base.advance(n/season, to, quiet)
		if quiet {
			reportsNow += n
		}
		s.Crowd.forget(e.clock)
	}
	e.s.forgot = true
	span := float64(to-g.At) / float64(minute)
	fade := math.Exp2(-float64(to-g.At) / float64(halfLife))
	g.N, g.Mass = g.N*fade+reportsNow/season, g.Mass*fade+span*g.sizes
	hour := &g.Hours[hourOfWeek(to)]
	hour.N, hour.Mass = hour.N*fade+reportsNow, hour.Mass*fade+span*g.sizes
	g.At = to
	e.learnNetworks(to)
}

// between counts the reports of trouble after from, up to to.
func (c *crowd) between(from, to int64) float64 {
	return float64(max(0, len(c.since(from+1))-len(c.since(to+1))))
}

// expected is how many reports a minute a site draws when all is well.
func (e *Engine) expected(s *site) float64 {
	prior := e.crowdBase.scale() * sizeOf(s.Rank)
	mean := prior
	if s.Crowd != nil {
		mean = s.Crowd.Base.perMinute(prior, siteWeight)
	}
	return max(minRatePerMin, mean*e.crowdBase.season(e.clock))
}
