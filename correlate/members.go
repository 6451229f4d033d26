package correlate

import (
	"math"
	"slices"

	"faultline"
	"faultline/correlate/evidence"
)

// The sites of an incident: who joins, how each one does, and when it came back.

// checks is how one site does now, by its probes. Times are Unix milliseconds, 0 for none.
type checks struct {
	fails, all int
	// Of all that is kept, and not only of the results that are counted: when a site came
	// back is measured from its last failure, however long ago that was.
	lastFail int64
	newest   int64 // result
	// until is the first millisecond at which the counts change although nothing comes in,
	// because a result has become too old. What caches the counts keeps them until then.
	until int64 // if there are no more results
}

// recentChecks reads the last results of a site's tracks that are trusted. It reads few
// of each, and how far back depends on how often the track reports: a monitor that checks
// every ten minutes must not look silent, and one that checks every minute not hold on to
// a failure that is over.
func (e *Engine) recentChecks(s *site) checks {
	out := checks{until: math.MaxInt64}
	for _, t := range s.Tracks {
		// A track that fails nearly always ("chronic") says that this vantage cannot reach
		// the site, and nothing about an outage.
		if e.vantages.rows[t.Vantage].trust[evidence.WindowOf(trustSpan)] == 0 || t.Chronic() {
			continue
		}
		reach := max(minReach, int64(stateReach*float64(t.Cadence())))
		for n, i := 0, len(t.Recent)-1; i >= 0 && n < stateResults; n, i = n+1, i-1 {
			r := t.Recent[i]
			if e.clock-r.At() > reach {
				break
			}
			out.all++
			out.newest = max(out.newest, r.At())
			out.until = min(out.until, r.At()+reach+1)
			if r.Failed() {
				out.fails++
			}
		}
		out.lastFail = max(out.lastFail, t.LastFailure())
	}
	return out
}

// backAfter is the first success of a site after a time, from any vantage; 0 if none.
// The first vantage that reaches the site again decides: others follow as their turn comes,
// and to wait for all of them would make each recovery as late as the slowest one.
func (s *site) backAfter(lastFail int64) (at int64) {
	for _, t := range s.Tracks {
		for _, r := range t.Recent {
			if !r.Failed() && r.At() > lastFail && (at == 0 || r.At() < at) {
				at = r.At()
			}
		}
	}
	return at
}

// recount brings the members of an incident up to date and lets sites join. Who joins and
// who goes is settled first, since the counts below are of whoever is left; whether all
// probes are clean is known before the crowds are read, since they go by it.
func (e *Engine) recount(in *incident) {
	e.joinMembers(in)
	e.dropBlips(in)
	e.noteWitnesses(in)
	e.dropUnwitnessed(in)
	e.handOver(in)
	// All counts are made again from the members. Kept up step by step they would have to
	// be corrected in each place where a member joins, leaves or changes its state.
	in.Failing, in.Joined, in.Observed = 0, 0, 0
	c, known := e.components.find(string(in.Cause))
	clean := true // the probes of all members see them well
	for i := range in.Members {
		m := &in.Members[i]
		if s := e.sites.rows[m.Site]; len(s.Tracks) > 0 && !m.Left {
			e.watchProbes(in, m, s)
			clean = clean && m.State == faultline.SiteRecovered
		}
	}
	probed := false
	for i := range in.Members {
		m := &in.Members[i]
		if s := e.sites.rows[m.Site]; m.Left {
			continue
		} else if len(s.Tracks) == 0 {
			e.watchCrowd(in, m, clean && in.ProbesFailed > 0)
		} else {
			probed = true
		}
		// A site that our list does not place on the cause is counted apart. It may be on
		// the cause all the same, but it must not raise the share of the component that is
		// said to fail.
		m.Joined = known && !in.traits().Own && e.weight(m.Site, c) == 0
		if m.fails() {
			in.Failing++
			if m.Joined {
				in.Joined++
			}
		}
		// The counts of failing sites elsewhere go by the state that an incident found, so
		// that one site is not failing here and well there.
		if at := e.s.place(m.Site); at >= 0 {
			e.s.watched.found(&e.s.evidence[at], m.fails())
		}
	}
	in.probed = probed
}

// uncount takes what was counted of a member out of its incident, which it leaves.
func (e *Engine) uncount(in *incident, m member) {
	in.Reports -= m.Reports
	in.Probes -= m.Probes
	in.ProbesFailed -= m.Failed
	// Set to 0 and not to another incident: it may join the next one at the next
	// evaluation.
	e.sites.rows[m.Site].Incident = 0
}

// dropBlips lets go of sites that failed a single probe and have been well since: when
// many fail, some do so by chance. What no probe saw fail goes as soon as one finds it
// well.
// A site's own incident keeps its site: there is no other member whose failure could have
// drawn it in by chance.
func (e *Engine) dropBlips(in *incident) {
	if in.traits().Own {
		return
	}
	in.Members = slices.DeleteFunc(in.Members, func(m member) bool {
		failed := 0
		for _, t := range e.sites.rows[m.Site].Tracks {
			failed += t.FailuresSince(in.Onset[0])
		}
		failed = max(failed, m.Failed) // results are forgotten, and counts begin later
		switch well := m.State == faultline.SiteRecovered; {
		case well && failed == 0 && e.foundWell(m.Site): // people said that it fails
		// For the first minutes everything stays. A site that is checked every two minutes
		// has had no second check by then.
		case m.Probes == 0 || failed > 1 || !well || e.clock-m.Onset < blipFor:
			return false
		}
		e.uncount(in, m)
		return true
	})
}

// fails reports whether a member was found failing when it was last checked.
func (m *member) fails() bool {
	return m.State == faultline.SiteDown || m.State == faultline.SiteDegraded
}

// watchProbes sets a member's state by its probes. A recovered member fails again by two
// failures and not by one, which sites have by chance; when it recovered is taken as the
// middle between its last failure and its first success, which is as much as can be known.
func (e *Engine) watchProbes(in *incident, m *member, s *site) {
	var now checks
	// A site that is not active has no row to remember the result in; then it is worked out
	// each time.
	if at := e.s.place(m.Site); at < 0 {
		now = e.recentChecks(s)
	} else {
		j := &e.s.evidence[at]
		if j.checked.is == in.Ordinal && j.checked.holds(e.clock, e.s.trustGen) {
			return
		}
		now = e.recentChecks(s)
		// The counts hold for this incident alone: another one that takes the site over
		// begins with its own state of the member.
		j.checked.set(in.Ordinal, now.until, e.s.trustGen)
	}
	if now.all == 0 {
		return
	}
	if now.lastFail > m.LastFail && (m.State != faultline.SiteRecovered || now.fails >= 2) {
		// A single failure after a recovery does not move the last failure: the end of the
		// incident is measured from it.
		m.LastFail = now.lastFail
	}
	switch {
	case now.fails == 0:
		if m.State != faultline.SiteRecovered {
			m.State = faultline.SiteRecovered
			back := s.backAfter(now.lastFail)
			m.Recovered = back
			if now.lastFail != 0 && back != 0 {
				m.Recovered = (now.lastFail + back) / 2
			}
			// Without a success in reach, or with one before the site began to fail, the
			// middle means nothing: the evaluation that found it well is the best that is
			// known.
			if back == 0 || m.Recovered < m.Onset {
				m.Recovered = e.clock
			}
		}
		return
	case m.State == faultline.SiteRecovered && now.fails < 2:
		return // one failure after a recovery is what sites do
	// Half of the results decides between down and degraded, as in the status that is
	// published of a site.
	case 2*now.fails >= now.all:
		m.State = faultline.SiteDown
	default:
		m.State = faultline.SiteDegraded
	}
	m.Recovered = 0
	in.LastFail = max(in.LastFail, m.LastFail)
}

// watchCrowd sets the state of a member that nothing probes by its reports; the
// tail of a crowd does not hold it down once the probes of all others are clean.
// crowdDown and crowdBack lie apart, so that a crowd near one of them does not flip the
// state at each evaluation. Between them the state stays as it is.
func (e *Engine) watchCrowd(in *incident, m *member, clean bool) {
	l := 0.
	if j := e.evidenceOf(m.Site); j != nil {
		l = j.crowd[evidence.WindowOf(crowdSpan)]
	}
	switch {
	case in.unseen(e.clock) && l <= crowdDown: // it stays as it was published
	case clean || l < crowdBack:
		if m.State != faultline.SiteRecovered {
			// People go on reporting for a while after it works again, so it recovered
			// before they stopped.
			m.State, m.Recovered = faultline.SiteRecovered, max(m.Onset, e.clock-crowdTail)
		}
	case l > crowdDown:
		m.State, m.Recovered, m.LastFail = faultline.SiteDown, 0, e.clock-minute
		in.LastFail = max(in.LastFail, m.LastFail)
	}
}

// joinMembers lets the sites join that depend on the cause and fail.
// Each site is judged by its own evidence with the cause's failing share as the prior:
// where much of a component fails, less evidence is enough for one more site of it. The
// share never counts as less than joinFraction, or an incident that begins small could not
// grow.
func (e *Engine) joinMembers(in *incident) {
	c, ok := e.components.find(string(in.Cause))
	if !ok || in.traits().Own {
		return
	}
	q := max(joinFraction, in.heldFraction())
	span := evidence.WindowOf(e.clock - in.Onset[0])
	for _, on := range e.dependentsOf(c) {
		// A site belongs to one incident at a time.
		if e.sites.rows[e.active[on.Site]].Incident != 0 {
			continue
		}
		j := e.evidenceAt(on.Site)
		// What it fails with proves that this layer worked: an answer with a status rules
		// out a fault of name resolution.
		if e.excludes(c, j.id, j.Step) {
			continue
		}
		l := j.membership()
		best, at := 0., 0
		// Windows that reach back beyond the onset hold failures of something else.
		for w := range span + 1 {
			if l[w] > best {
				best, at = l[w], w
			}
		}
		if best > crowdDown && posterior(q*on.Weight, best) > joinChance {
			e.enlist(in, j.id, e.beganAbout(e.sites.rows[j.id], e.clock-evidence.WindowMS[at]))
		}
	}
}

// membership is the evidence that makes a site a member: what probes saw and people say
// or, in windows in which its probes do not speak for a failure, what they saw alone.
// No site that is probed becomes a member by the word of people.
func (j *siteEvidence) membership() [evidence.Windows]float64 {
	l := j.L
	for w, probes := range j.probes {
		if j.now.is.fresh && probes <= 0 {
			l[w] = probes
		}
	}
	return l
}

// foundWell reports whether probes have just found a site well.
func (e *Engine) foundWell(id uint32) bool {
	j := e.evidenceOf(id)
	return j != nil && j.now.is.well
}

// mayJoin reports whether a site may become a member at all.
func (e *Engine) mayJoin(id uint32) bool {
	j := e.evidenceOf(id)
	if j == nil {
		return false
	}
	l := j.membership()
	// The least evidence of any member. It keeps out a site that a cause would explain and
	// that nothing accuses.
	return slices.Max(l[:]) > crowdDown
}

// beganAbout is when a site began to fail since a time: in the middle between its
// first failure and the last success before, or at that time if no probe saw it.
// A check sees only that the site had failed by then; the middle halves the error that its
// interval makes. Of several vantages the earliest failure and the latest success before it
// bound the time most closely.
func (e *Engine) beganAbout(s *site, since int64) int64 {
	first := int64(0)
	for _, t := range s.Tracks {
		if at := t.FirstFailure(e.vantages.rows[t.Vantage], since, e.clock); at != 0 && (first == 0 || at < first) {
			first = at
		}
	}
	if first == 0 {
		return since
	}
	last := since
	for _, t := range s.Tracks {
		for _, r := range t.Recent {
			if !r.Failed() && r.At() < first {
				last = max(last, r.At())
			}
		}
	}
	return (first + last) / 2
}
