package board

import (
	"cmp"
	"log/slog"
	"maps"
	"math"
	"slices"
	"time"

	"faultline"
	"faultline/board/page"
	"faultline/trace"
)

// keeper is what Run alone knows: the incidents and the view that the next snapshot is
// made of. No lock guards it: only the goroutine of Run touches it, and readers see
// snapshots, which never change once they are shown.
type keeper struct {
	board   *Board
	entries map[string]*Entry
	view    faultline.View // as the source has it
	of      trace.Context  // the span of what was shown last of all that is traced
	loaded  bool           // the incidents were read once
}

// take applies an update: state, rendered pages and stream change as one. A revision never
// goes back, whatever the source says: readers have seen it, and nodes that show different
// revisions of one incident would contradict each other.
func (k *keeper) take(u batch) {
	before := map[string]*faultline.Incident{}
	for _, c := range u.changes {
		if e := k.entries[c.Incident.ID]; e != nil {
			before[c.Incident.ID] = &e.Incident
		}
	}
	if u.restart {
		k.loaded = true // and no longer what the disk said
		old := k.entries
		k.entries = make(map[string]*Entry, len(u.incidents))
		for _, inc := range u.incidents {
			if e := old[inc.ID]; e != nil && (e.Incident.Revision > inc.Revision ||
				e.Incident.Revision == inc.Revision && e.Incident.UpdatedAt.Equal(inc.UpdatedAt)) {
				k.entries[inc.ID] = e // readers see no revision go back, whatever the source has lost
			} else {
				k.put(inc)
			}
		}
		k.keepLost(old, u)
		k.board.metrics.resets.Inc()
	} else {
		for _, inc := range u.incidents {
			if e := k.entries[inc.ID]; e == nil || e.Incident.Revision < inc.Revision {
				k.put(inc)
			}
		}
	}
	k.board.metrics.changes.Add(float64(len(u.changes)))
	k.show(k.updates(u.changes, before), u.restart)
}

// keepLost keeps the incidents that readers were shown and that the source has lost,
// until it has them again. A Redis that comes back without its last seconds would else
// make a page forget an incident that somebody has the address of.
func (k *keeper) keepLost(old map[string]*Entry, u batch) {
	if u.began.IsZero() {
		return
	}
	var reach time.Time // the source would have named those of a later onset
	if len(u.incidents) >= MaxIncidents {
		reach = u.incidents[MaxIncidents-1].Onset.At
	}
	for id, e := range old {
		in := &e.Incident
		if k.entries[id] == nil && in.Onset.At.After(reach) && !in.DetectedAt.Before(u.began) {
			k.entries[id] = e
		}
	}
}

// Published returns the last revisions of incidents that readers have been shown, and
// false until anything is known. A loss of the log's end is noticed by them: what
// readers were shown must be in the log.
func (b *Board) Published() ([]faultline.Incident, bool) {
	s := b.current.Load()
	if s == nil {
		return nil, false
	}
	list := make([]faultline.Incident, len(s.Order))
	for i, e := range s.Order {
		list[i] = e.Incident
	}
	return list, true
}

// put keeps an incident, rendered.
func (k *keeper) put(inc faultline.Incident) {
	e, err := newEntry(inc)
	if err != nil { // a value that JSON has no word for, such as NaN: our bug, named, and nothing else lost
		k.board.cfg.Log.Error("an incident can't be rendered", slog.String("incident", inc.ID), slog.Any("error", err))
		return
	}
	k.entries[inc.ID] = e
}

// updates are changes as the listener gets them; before are their incidents as they
// were. Several changes of one incident in one batch follow each other: each has the
// one before it as what it was.
func (k *keeper) updates(changes []faultline.Change, before map[string]*faultline.Incident) []Update {
	updates := make([]Update, 0, len(changes))
	for _, c := range changes {
		u := Update{ID: c.ID, Incident: &c.Incident, Before: before[c.Incident.ID]}
		if e := k.entries[c.Incident.ID]; e != nil && e.Incident.Revision == c.Incident.Revision {
			u.Incident, u.Listed = &e.Incident, e.Listed // with all its sites
		} else {
			var err error
			if u.Listed, err = page.Render(c.Incident.Listed()); err != nil {
				k.board.cfg.Log.Error("a change can't be rendered", slog.String("change", c.ID), slog.Any("error", err))
				continue
			}
		}
		before[c.Incident.ID] = u.Incident
		updates = append(updates, u)
	}
	return updates
}

// age shows again when what is known has become stale, or when vantages lost or
// regained their sight. It runs once a second because nothing else would: when the
// source is away there is no update that could say so.
func (k *keeper) age() {
	if s := k.board.current.Load(); s != nil {
		if now := k.meta(); s.Live.Stale != now.Stale || s.Live.Coverage.Note != now.Coverage.Note {
			k.show(nil, false)
		}
	}
}

// meta is that of the newest view.
func (k *keeper) meta() Meta {
	m := NewMeta(k.board.cfg.PublicURL)
	m.Stale = true
	blind := true // by its age
	if asOf := k.view.AsOf; !asOf.IsZero() {
		// Twice: a view that is a little old is stale, and one that is much older says
		// nothing of now.
		limit, age := cmp.Or(k.board.cfg.StaleAfter, staleAfter), k.board.cfg.Now().Sub(asOf)
		m.AsOf, m.Vantages = &asOf, k.view.Vantages
		m.Stale, blind = age > limit, age > faultline.CoverageStale*limit
	}
	var vantages []faultline.VantageStatus
	if k.board.cfg.VantageStates != nil {
		vantages = k.board.cfg.VantageStates()
	}
	coverage := faultline.CoverageOf(k.view, vantages, blind)
	m.Coverage = &coverage
	return m
}

// blinded is a view of which nothing may be said to work: what was found well is
// unknown. Sites that fail stay as they are. It is better to show an outage that may
// have ended than to hide one.
func blinded(v faultline.View) faultline.View {
	v.Well, v.SitesObserved = nil, 0
	v.Sites = slices.Clone(v.Sites)
	for i := range v.Sites {
		if s := &v.Sites[i]; s.State == faultline.SiteOK || s.State == faultline.SiteRecovered {
			s.State, s.Symptom = faultline.SiteUnknown, ""
		}
	}
	return v
}

// show makes the next snapshot and hands updates to the listener. Nothing is
// shown before the incidents were read: an empty list would be a wrong answer.
func (k *keeper) show(updates []Update, restart bool) {
	if !k.loaded {
		return
	}
	prev := k.board.current.Load()
	next := &Snapshot{Live: k.meta(), View: k.view, trace: k.of, providers: k.board.cfg.Providers,
		uses: k.board.cfg.Index}
	// What was found well before is not known to be well now.
	if next.Blind() {
		next.View = blinded(k.view)
	}
	// What has not changed is taken over from the snapshot before, with its rendered pages:
	// most snapshots differ in nothing but the time of their view.
	changed := prev == nil || restart || len(updates) > 0
	if changed {
		next.Order, next.floor = arrange(k.entries)
		if complete := k.board.cfg.Complete; next.floor.id == "" && complete != nil && !complete() {
			next.floor = lowest(next.Order)
		}
		next.byID = maps.Clone(k.entries) // what arrange left of them
	} else {
		next.Order, next.floor, next.byID = prev.Order, prev.floor, prev.byID
	}
	if changed || older(prev.Meta, next.Live) {
		var err error
		next.Meta, next.Pages = next.Live, page.NewCache(pageBounds)
		if next.MetaBody, err = page.Render(next.Meta); err != nil {
			k.board.cfg.Log.Error("the meta of answers can't be rendered", slog.Any("error", err))
			return
		}
	} else {
		next.Meta, next.MetaBody, next.Pages = prev.Meta, prev.MetaBody, prev.Pages
	}
	if next.Live.AsOf != nil {
		next.AsOf = []string{next.Live.AsOf.UTC().Format(time.RFC3339Nano)}
	}
	next.index(prev)
	// The listener commits: a stream and a list that are asked for at one moment then
	// agree.
	commit := func() { k.board.current.Store(next) }
	if restart {
		k.board.listener.Restart(updates, commit)
	} else {
		k.board.listener.Publish(updates, commit)
	}
	if prev != nil && prev.Coverage().State != next.Coverage().State {
		k.board.listener.Covered(next.Coverage())
	}
	k.board.metrics.incidents.Set(float64(len(next.Order)))
}

// lowest is the place of the last of some incidents; of none it is in front of all.
func lowest(order []*Entry) Cursor {
	if len(order) == 0 {
		return Cursor{math.MaxInt64, "inc_z"}
	}
	return CursorOf(&order[len(order)-1].Incident)
}

// index makes the sites of the view findable by name. A view of the same moment with as
// many sites is the same view, so its tables and pages are kept.
func (s *Snapshot) index(prev *Snapshot) {
	if prev != nil && prev.View.AsOf.Equal(s.View.AsOf) && len(prev.View.Sites) == len(s.View.Sites) &&
		prev.Blind() == s.Blind() {
		s.View, s.bySite, s.wellAt = prev.View, prev.bySite, prev.wellAt
		if s.Sites = prev.Sites; s.Pages != prev.Pages {
			s.Sites = page.NewCache(pageBounds)
		}
		return
	}
	s.Sites = page.NewCache(pageBounds)
	s.bySite = make(map[string]int, len(s.View.Sites))
	for i := range s.View.Sites {
		s.bySite[s.View.Sites[i].Site] = i
	}
	s.wellAt = make(map[string]int, len(s.View.Well))
	for i := range s.View.Well {
		s.wellAt[s.View.Well[i].Site] = i
	}
}

// older reports whether bodies of meta a should be rendered again now that b holds. The
// age in the answers is rounded to some seconds, so that a cache can give one answer to
// many readers.
func older(a, b Meta) bool {
	if a.Stale != b.Stale || (a.AsOf == nil) != (b.AsOf == nil) || a.Coverage.State != b.Coverage.State ||
		a.Coverage.Vantages != b.Coverage.Vantages {
		return true
	}
	return a.AsOf != nil && b.AsOf.Sub(*a.AsOf).Abs() >= metaEvery
}

// viewAge is the age of the newest view in seconds, NaN before there is one, for the
// metric.
func (b *Board) viewAge() float64 {
	s := b.current.Load()
	if s == nil || s.Live.AsOf == nil {
		return math.NaN()
	}
	return b.cfg.Now().Sub(*s.Live.AsOf).Seconds()
}
