package main

import (
	"time"

	"faultline"
)

// What the front end that all baselines share takes for a failing site.
const (
	recentProbes  = 2 // of each vantage
	probeMemory   = 45 * time.Minute
	failingProbes = 2 // at least, and
	failingShare  = 0.4

	reportWindow   = 5  // minutes
	failingReports = 10 // at least in the window, and
	reportFactor   = 6. // times what is usual
	learning       = 30 // minutes of the mean, which learns while all is quiet
)

// observed is one site as the front end sees it.
type observed struct {
	name       string
	components []faultline.Component
	probes     map[string][]outcome
	minutes    [reportWindow]int
	usual      float64 // reports a minute

	judged, failing bool
}

type outcome struct {
	at     time.Time
	failed bool
}

// front is a simple threshold per site on probes and reports: the part that the
// baselines do not bring themselves.
type front struct {
	sites map[string]*observed
	order []*observed
	start time.Time
	last  time.Time // minute last judged
}

func newFront() *front { return &front{sites: map[string]*observed{}} }

func (f *front) site(name string) *observed {
	s := f.sites[name]
	if s == nil {
		s = &observed{name: name, probes: map[string][]outcome{}}
		f.sites[name] = s
		f.order = append(f.order, s)
	}
	return s
}

// fold takes an event and reports whether all sites have been judged anew,
// which is once a minute.
func (f *front) fold(ev faultline.Event) bool {
	switch v := ev.(type) {
	case faultline.SiteRecord:
		f.site(v.Site).components = v.Components
	case faultline.Report:
		if v.Symptom != faultline.SymptomOK {
			f.site(v.Site).minutes[0]++
		}
	case faultline.Probe:
		if v.Symptom != faultline.SymptomBlocked {
			s := f.site(v.Site)
			kept := append(s.probes[v.Vantage], outcome{v.At, v.Symptom != faultline.SymptomOK})
			s.probes[v.Vantage] = kept[max(0, len(kept)-recentProbes):]
		}
	case faultline.Tick:
		if f.start.IsZero() {
			f.start, f.last = v.At, v.At
		}
		if v.At.Sub(f.last) >= time.Minute {
			f.last = v.At
			for _, s := range f.order {
				s.judge(v.At, v.At.Sub(f.start) > learning*time.Minute)
			}
			return true
		}
	}
	return false
}

// judge decides on one site at the end of a minute.
func (s *observed) judge(now time.Time, learnt bool) {
	failed, all := 0, 0
	for _, kept := range s.probes {
		for _, o := range kept {
			if now.Sub(o.at) < probeMemory {
				all++
				if o.failed {
					failed++
				}
			}
		}
	}
	reports := 0
	for _, n := range s.minutes {
		reports += n
	}
	probed := failed >= failingProbes && float64(failed) >= failingShare*float64(all)
	crowded := learnt && reports >= failingReports && float64(reports) >= reportFactor*reportWindow*s.usual
	s.judged = all > 0 || crowded
	s.failing = probed || crowded && all == 0
	if !crowded {
		s.usual += (float64(s.minutes[0]) - s.usual) / learning
	}
	copy(s.minutes[1:], s.minutes[:reportWindow-1])
	s.minutes[0] = 0
}
