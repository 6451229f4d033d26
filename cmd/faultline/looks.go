package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"faultline"
	"faultline/store"
	"faultline/web"
)

const (
	askTimeout = 300 * time.Millisecond
	// lookedLife is how long a look that was asked for is shown, and a site that
	// was probed counts as one that somebody probes.
	lookedLife   = 10 * time.Minute
	maxLooked    = 1_000 // sites that were asked for, here
	maxLooksKept = 8     // of each
	maxProbed    = 1 << 18
	// maxStrangers bounds the names that nobody knows and that this node has had
	// looked at in a day: each stays in the log.
	maxStrangers = 4_000
)

// looks has sites looked at that somebody asks for and nobody probes, and knows
// what came of it. It hears of every probe that the fold reads.
type looks struct {
	store *store.Store
	now   func() time.Time
	known func(site string) bool // by the map
	log   *slog.Logger

	mu         sync.Mutex
	young, old map[string]struct{} // sites that were probed, in two generations
	since      time.Time           // when young began
	asked      map[string]*asked
	day        time.Time
	strangers  int
}

// asked is one site that was asked for.
type asked struct {
	at     time.Time // the last time that it was wished for; zero: it was not
	probes []faultline.Probe
}

func newLooks(st *store.Store, known func(string) bool, log *slog.Logger, now func() time.Time) *looks {
	return &looks{store: st, now: now, known: known, log: log, young: map[string]struct{}{}, asked: map[string]*asked{}}
}

// Seen hears of a probe.
func (l *looks) Seen(p faultline.Probe) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if now.Sub(p.At) > lookedLife { // the log of long ago
		return
	}
	if now.Sub(l.since) >= lookedLife || len(l.young) >= maxProbed {
		l.old, l.young, l.since = l.young, map[string]struct{}{}, now
	}
	l.young[p.Site] = struct{}{}
	if a := l.asked[p.Site]; a != nil {
		if len(a.probes) == maxLooksKept {
			a.probes = append(a.probes[:0], a.probes[1:]...)
		}
		a.probes = append(a.probes, p)
	}
}

// Look says what looks at a site have seen of late, if nobody probes it as a
// matter of course; Pending that one was asked for just now. Asking here asks for
// one.
func (l *looks) Look(ctx context.Context, site string) (probes []faultline.Probe, pending bool) {
	now := l.now()
	wish := false
	func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		a := l.asked[site]
		if a == nil {
			_, young := l.young[site]
			_, old := l.old[site]
			if young || old || !l.room(now, site) {
				return
			}
			a = &asked{}
			l.asked[site] = a
		}
		if now.Sub(a.at) >= store.AskedFor {
			wish, a.at = true, now
		}
		for _, p := range a.probes {
			if now.Sub(p.At) <= lookedLife {
				probes = append(probes, p)
			}
		}
		pending = len(probes) == 0 && now.Sub(a.at) < store.AskedFor
	}()
	if wish {
		l.wish(ctx, site, now)
	}
	return probes, pending
}

// wish has a site looked at by whoever probes.
func (l *looks) wish(ctx context.Context, site string, now time.Time) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout) // whoever asked may go
	defer cancel()
	if _, err := l.store.Ask(ctx, site, now); err != nil {
		l.log.Debug("a site could not be asked for", "error", err)
	}
}

// room reports whether one more site may be asked for.
func (l *looks) room(now time.Time, site string) bool {
	for s, a := range l.asked {
		if now.Sub(a.at) > lookedLife {
			delete(l.asked, s)
		}
	}
	if len(l.asked) >= maxLooked {
		return false
	}
	if l.known(site) {
		return true
	}
	if day := now.UTC().Truncate(24 * time.Hour); !day.Equal(l.day) {
		l.day, l.strangers = day, 0
	}
	l.strangers++
	return l.strangers <= maxStrangers
}

// status makes of looks what a page or an answer says of the site.
func (l *looks) status(ctx context.Context, site string) (faultline.SiteStatus, bool) {
	probes, _ := l.Look(ctx, site)
	return lookedStatus(site, probes), len(probes) > 0
}

// page is the same for a page.
func (l *looks) page(ctx context.Context, site string) web.Looked {
	probes, pending := l.Look(ctx, site)
	return web.Looked{Probes: probes, Status: lookedStatus(site, probes), Pending: pending}
}

// lookedStatus judges a site by its looks alone: the last one of each vantage.
func lookedStatus(site string, probes []faultline.Probe) faultline.SiteStatus {
	s := faultline.SiteStatus{Site: site, State: faultline.SiteUnknown, Symptom: faultline.SymptomOK,
		Components: []faultline.Component{}, Incidents: []string{}}
	last := map[string]faultline.Probe{}
	for _, p := range probes {
		at := p.At
		s.Probes++
		s.LastProbeAt = &at
		last[p.Vantage] = p
		if failedProbe(p) {
			s.ProbesFailed++
			s.Symptom = p.Symptom
		}
	}
	fails, told := 0, 0
	for _, p := range last {
		switch {
		case failedProbe(p):
			fails, told = fails+1, told+1
		case p.Symptom == faultline.SymptomOK:
			told++
		}
	}
	switch {
	case told == 0: // nobody has looked, or all were refused
	case fails == 0:
		s.State, s.Symptom = faultline.SiteOK, faultline.SymptomOK
	case fails == told:
		s.State = faultline.SiteDown
	default:
		s.State = faultline.SiteDegraded
	}
	return s
}

func failedProbe(p faultline.Probe) bool {
	return p.Symptom != faultline.SymptomOK && p.Symptom != faultline.SymptomBlocked
}
