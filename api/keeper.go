package api

import (
	"cmp"
	"log/slog"
	"maps"
	"math"
	"time"

	"faultline"
)

// keeper is what Run alone knows: the incidents and the view that the next
// snapshot is made of.
type keeper struct {
	board   *Board
	entries map[string]*entry
	view    faultline.View
	loaded  bool // the incidents were read once
}

// take applies an update: state, rendered pages and stream move as one.
func (k *keeper) take(u update) {
	before := map[string]*faultline.Incident{}
	for _, c := range u.changes {
		if e := k.entries[c.Incident.ID]; e != nil {
			before[c.Incident.ID] = &e.inc
		}
	}
	if u.anew {
		k.loaded = true // and no longer what the disk said
		old := k.entries
		k.entries = make(map[string]*entry, len(u.incidents))
		for _, inc := range u.incidents {
			if e := old[inc.ID]; e != nil && e.inc.Revision == inc.Revision && e.inc.UpdatedAt.Equal(inc.UpdatedAt) {
				k.entries[inc.ID] = e
			} else {
				k.put(inc)
			}
		}
		k.board.metrics.resets.Inc()
	} else {
		for _, inc := range u.incidents {
			if e := k.entries[inc.ID]; e == nil || e.inc.Revision < inc.Revision {
				k.put(inc)
			}
		}
	}
	k.board.metrics.changes.Add(float64(len(u.changes)))
	k.show(k.frames(u.changes, before), u.anew)
}

func (k *keeper) put(inc faultline.Incident) {
	e, err := newEntry(inc, k.board.cfg.PublicURL)
	if err != nil { // a value that JSON has no word for, such as NaN: our bug, named, and nothing else lost
		k.board.cfg.Log.Error("an incident can't be rendered", slog.String("incident", inc.ID), slog.Any("error", err))
		return
	}
	k.entries[inc.ID] = e
}

// frames renders changes; before are their incidents as they were.
func (k *keeper) frames(changes []Change, before map[string]*faultline.Incident) []frame {
	frames := make([]frame, 0, len(changes))
	for _, c := range changes {
		var body []byte
		if e := k.entries[c.Incident.ID]; e != nil && e.inc.Revision == c.Incident.Revision {
			body = e.listed
		} else {
			var err error
			if body, err = render(c.Incident.Listed()); err != nil {
				k.board.cfg.Log.Error("a change can't be rendered", slog.String("change", c.ID), slog.Any("error", err))
				continue
			}
		}
		f := incidentFrame(c.ID, body)
		f.inc, f.before = &c.Incident, before[c.Incident.ID]
		if e := k.entries[c.Incident.ID]; e != nil && e.inc.Revision == c.Incident.Revision {
			f.inc = &e.inc // with all its sites
		}
		before[c.Incident.ID] = f.inc
		frames = append(frames, f)
	}
	return frames
}

// age shows again when what is known has become stale.
func (k *keeper) age() {
	if s := k.board.current.Load(); s != nil && s.live.Stale != k.meta().Stale {
		k.show(nil, false)
	}
}

// meta is that of the newest view.
func (k *keeper) meta() Meta {
	m := newMeta(k.board.cfg.PublicURL)
	m.Stale = true
	if asOf := k.view.AsOf; !asOf.IsZero() {
		m.AsOf, m.Vantages = &asOf, k.view.Vantages
		m.Stale = k.board.cfg.Now().Sub(asOf) > cmp.Or(k.board.cfg.StaleAfter, staleAfter)
	}
	return m
}

// show makes the next snapshot and hands frames to the streams. Nothing is
// shown before the incidents were read: an empty list would be a wrong answer.
func (k *keeper) show(frames []frame, anew bool) {
	if !k.loaded {
		return
	}
	prev := k.board.current.Load()
	next := &snapshot{live: k.meta(), view: k.view}
	changed := prev == nil || anew || len(frames) > 0
	if changed {
		next.order, next.floor = arrange(k.entries)
		next.byID = maps.Clone(k.entries) // what arrange left of them
	} else {
		next.order, next.floor, next.byID = prev.order, prev.floor, prev.byID
	}
	if changed || older(prev.meta, next.live) {
		var err error
		next.meta, next.pages = next.live, newPageCache()
		if next.metaBody, err = render(next.meta); err != nil {
			k.board.cfg.Log.Error("the meta of answers can't be rendered", slog.Any("error", err))
			return
		}
	} else {
		next.meta, next.metaBody, next.pages = prev.meta, prev.metaBody, prev.pages
	}
	if next.live.AsOf != nil {
		next.asOf = []string{next.live.AsOf.UTC().Format(time.RFC3339Nano)}
	}
	next.index(prev)
	commit := func() { k.board.current.Store(next) }
	switch {
	case anew:
		k.board.hub.restart(frames, commit)
	default:
		k.board.hub.publish(frames, commit)
	}
	k.board.metrics.incidents.Set(float64(len(next.order)))
}

// index makes the sites of the view findable by name.
func (s *snapshot) index(prev *snapshot) {
	if prev != nil && prev.view.AsOf.Equal(s.view.AsOf) && len(prev.view.Sites) == len(s.view.Sites) {
		s.view, s.bySite, s.wellAt = prev.view, prev.bySite, prev.wellAt
		if s.sites = prev.sites; s.pages != prev.pages {
			s.sites = newPageCache()
		}
		return
	}
	s.sites = newPageCache()
	s.bySite = make(map[string]int, len(s.view.Sites))
	for i := range s.view.Sites {
		s.bySite[s.view.Sites[i].Site] = i
	}
	s.wellAt = make(map[string]int, len(s.view.Well))
	for i := range s.view.Well {
		s.wellAt[s.view.Well[i].Site] = i
	}
}

// older reports whether bodies of meta a should be rendered again now that b
// holds.
func older(a, b Meta) bool {
	if a.Stale != b.Stale || (a.AsOf == nil) != (b.AsOf == nil) {
		return true
	}
	return a.AsOf != nil && b.AsOf.Sub(*a.AsOf).Abs() >= metaEvery
}

func (b *Board) viewAge() float64 {
	s := b.current.Load()
	if s == nil || s.live.AsOf == nil {
		return math.NaN()
	}
	return b.cfg.Now().Sub(*s.live.AsOf).Seconds()
}
