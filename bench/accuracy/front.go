package main

import (
	"time"

	"faultline"
)

// When the front end that all baselines share takes a site for failing. The numbers served
// the baselines best on tuning seeds.
const (
	judgeEvery  = 30 * time.Second
	probeMemory = 45 * time.Minute // a result older than this says nothing
	learning    = 25 * time.Minute // of the log, in which tracks and crowds are learnt
	mutedShare  = 0.3              // a track that fails as often while it is learnt is ignored

	reportWindow   = 5  // minutes
	failingReports = 10 // at least in the window, and
	reportFactor   = 6. // times what is usual
	usualOver      = 30 // minutes of the mean, which learns while all is quiet
)

// observed is one site as the front end sees it: what each vantage last found, and how much
// people report it.
type observed struct {
	name       string
	components []faultline.Component
	tracks     []*track
	minutes    [reportWindow]complaints
	usual      float64 // reports a minute
	crowded    bool    // people report it far more than is usual
	networks   map[uint32]bool
}

// complaints are what people reported of a site in a minute.
type complaints struct {
	reports int
	asns    map[uint32]bool
}

// track is what one vantage has found at one site. What it found while it was learnt says
// whether it is worth listening to.
type track struct {
	vantage string
	at      time.Time // of the last result
	failed  bool      // the last result
	since   time.Time // when the failures that go on now began

	learnt, learntFailed int
}

// people stands in the place of the vantage where nothing but people watches a site.
const people = "people"

// flow is one site as one vantage sees it now: what Flock calls a flow. Both are
// links on its path, as everything is that the site depends on.
type flow struct {
	site    *observed
	vantage string
	failing bool
	since   time.Time // if it fails
}

// front is a simple threshold per site and vantage: the part that the baselines do
// not bring themselves. People's reports of sites that are probed are set apart:
// they neither clear nor accuse.
type front struct {
	sites  map[string]*observed
	order  []*observed
	flows  []*flow
	start  time.Time
	minute time.Time // last rolled over
	last   time.Time // last judged
}

// newFront makes a front end that knows nothing yet.
func newFront() *front { return &front{sites: map[string]*observed{}} }

// site finds a site, or adds it. The order in which sites are added is kept, so that flows
// come in the same order in each run.
func (f *front) site(name string) *observed {
	s := f.sites[name]
	if s == nil {
		s = &observed{name: name}
		f.sites[name] = s
		f.order = append(f.order, s)
	}
	return s
}

// fold takes an event and reports whether all flows have been judged again, which happens
// every half minute.
func (f *front) fold(ev faultline.Event) bool {
	switch v := ev.(type) {
	case faultline.SiteRecord:
		f.site(v.Site).components = v.Components
	case faultline.Report:
		if v.Symptom != faultline.SymptomOK {
			f.site(v.Site).minutes[0].add(v.ASN)
		}
	case faultline.Probe:
		if v.Symptom != faultline.SymptomBlocked {
			f.site(v.Site).track(v.Vantage).see(v, f.young(v.At))
		}
	case faultline.Tick:
		return f.tick(v.At)
	}
	return false
}

// young reports whether the log is so young that tracks are still learnt.
func (f *front) young(now time.Time) bool { return f.start.IsZero() || now.Sub(f.start) <= learning }

// tick judges all flows every judgeEvery, and moves the minutes of reports on.
func (f *front) tick(now time.Time) bool {
	if f.start.IsZero() {
		f.start, f.last, f.minute = now, now, now
	}
	if now.Sub(f.last) < judgeEvery {
		return false
	}
	f.last = now
	f.flows = f.flows[:0]
	for _, s := range f.order {
		s.listen(!f.young(now))
		f.flows = s.judge(f.flows, now)
	}
	if now.Sub(f.minute) >= time.Minute {
		f.minute = now
		for _, s := range f.order {
			s.turn()
		}
	}
	return true
}

// add counts a report from a network.
func (c *complaints) add(asn uint32) {
	c.reports++
	if c.asns == nil {
		c.asns = map[uint32]bool{}
	}
	c.asns[asn] = true
}

// track finds the track of a vantage, or adds it.
func (s *observed) track(vantage string) *track {
	for _, t := range s.tracks {
		if t.vantage == vantage {
			return t
		}
	}
	t := &track{vantage: vantage}
	s.tracks = append(s.tracks, t)
	return t
}

// see notes the result of a probe.
func (t *track) see(p faultline.Probe, young bool) {
	failed := p.Symptom != faultline.SymptomOK
	if failed && !t.failed {
		t.since = p.At
	}
	t.at, t.failed = p.At, failed
	if young {
		t.learnt++
		if failed {
			t.learntFailed++
		}
	}
}

// muted reports whether the track failed often while it was learnt: a site that always fails
// from there says nothing when it fails.
func (t *track) muted() bool {
	return t.learntFailed > 1 && float64(t.learntFailed) >= mutedShare*float64(t.learnt)
}

// listen decides whether people report the site far more than is usual. Before learnt,
// nothing is usual.
func (s *observed) listen(learnt bool) {
	reports := 0
	s.networks = map[uint32]bool{}
	for _, m := range s.minutes {
		reports += m.reports
		for asn := range m.asns {
			s.networks[asn] = true
		}
	}
	s.crowded = learnt && reports >= failingReports && float64(reports) >= reportFactor*reportWindow*s.usual
}

// judge appends the flows of the site: one for each vantage that has a recent result, or one
// for its people where nothing probes it.
func (s *observed) judge(flows []*flow, now time.Time) []*flow {
	probed := false
	for _, t := range s.tracks {
		if now.Sub(t.at) < probeMemory && !t.muted() {
			probed = true
			flows = append(flows, &flow{site: s, vantage: t.vantage, failing: t.failed, since: t.since})
		}
	}
	if !probed && s.crowded {
		flows = append(flows, &flow{site: s, vantage: people, failing: true, since: now.Add(-2 * time.Minute)})
	}
	return flows
}

// turn begins the next minute of reports. What is usual is learnt only while the site is not
// crowded, so that an outage does not become usual.
func (s *observed) turn() {
	if !s.crowded {
		s.usual += (float64(s.minutes[0].reports) - s.usual) / usualOver
	}
	copy(s.minutes[1:], s.minutes[:reportWindow-1])
	s.minutes[0] = complaints{}
}
