package replica

import (
	"context"
	"errors"
	"slices"
	"time"

	"faultline"
	"faultline/store"
)

const (
	// adoptAfter is for how many lives of a lease nobody has led before a node without a
	// fold adopts what was published: one that has a fold would have taken over by then.
	adoptAfter = 2
	// adoptReach is how long after its end an incident is taken over: what fails again
	// within it is the same incident.
	adoptReach = 30 * time.Minute
	// publishedRead bounds the incidents that are looked through for open ones.
	publishedRead = 1_000
)

// adoption is how a node leads that has nothing to fold from. freeSince is since when
// nobody was seen to lead; zero: somebody does.
type adoption struct{ freeSince time.Time }

// consider adopts what was published, once nobody has led for a while and this node has
// no way back. The fold then begins with it, here and on every other node.
func (l *leader) consider(ctx context.Context) {
	if !errors.Is(l.fold.Failed(), errNoWayBack) {
		l.adopting.freeSince = time.Time{}
		return
	}
	led, err := l.store.Led(ctx)
	now := l.now()
	switch {
	case err != nil || led:
		l.adopting.freeSince = time.Time{}
		return
	// The wait is measured by this node's own clock, so that it begins when this node first
	// sees nobody lead.
	case l.adopting.freeSince.IsZero():
		l.adopting.freeSince = now
	}
	if now.Sub(l.adopting.freeSince) < adoptAfter*l.ttl {
		return
	}
	l.adopting.freeSince = time.Time{}
	lease, ok, err := l.store.Acquire(ctx, l.holder, l.ttl, now)
	if err != nil || !ok {
		return
	}
	// The lease is held for the adoption alone. The fold then begins with it like any
	// other, and whoever is ready first leads.
	defer l.release(lease)
	if err := l.adopt(ctx, lease); err != nil {
		l.log.Warn("what was published could not be adopted; trying again", "error", err)
		return
	}
	l.m.adoptions.Inc()
	l.log.Warn("no checkpoint can be used: the fold begins again with the incidents that were published",
		"reason", l.fold.Failed())
}

// adopt appends the adoption under the fence: what was published of each incident, from
// where in the log to read, and what was counted up to where. Nothing in it may come from
// this node alone, since every node's fold begins with it.
func (l *leader) adopt(ctx context.Context, lease store.Lease) error {
	a := faultline.Adopt{At: nextTick(l.clock.Now(), l.ticked)}
	floor, err := l.store.Floor(ctx)
	if err != nil {
		return err
	}
	// Entries before the floor are trimmed. From there on the log can be read, so that what
	// was accepted while nobody folded is not lost.
	if !floor.IsZero() {
		a.From = floor.String()
	}
	counted, err := l.store.ViewPos(ctx)
	if err != nil {
		return err
	}
	view, _, err := l.store.View(ctx, 0)
	if err != nil {
		view = faultline.View{} // what was counted is not worth more than to go on
	}
	a.Counters, a.CountedAt = view.Counters, view.AsOf
	if !counted.IsZero() {
		a.CountedTo = counted.String()
	}
	if a.Known, err = l.store.CountIncidents(ctx); err != nil {
		return err
	}
	list, err := published(ctx, l.store)
	if err != nil {
		return err
	}
	a.Incidents = worthAdopting(list, a.At)
	return l.records.Send(func(key store.BatchKey) error {
		_, err := l.store.Adopt(ctx, lease, key, a)
		return err
	})
}

// published returns the newest incidents as they are stored, and those that the view names
// beside them. An incident that is open for weeks may be older than the newest
// publishedRead, but then its sites are in the view.
func published(ctx context.Context, st *store.Store) ([]faultline.Incident, error) {
	list, err := st.Incidents(ctx, publishedRead)
	if err != nil || len(list) < publishedRead {
		return list, err
	}
	view, _, err := st.View(ctx, 0)
	if err != nil {
		return nil, err
	}
	held := map[string]bool{}
	for _, in := range list {
		held[in.ID] = true
	}
	for _, s := range view.Sites {
		for _, id := range s.Incidents {
			if held[id] || len(held) >= 2*publishedRead {
				continue
			}
			held[id] = true
			in, err := st.Incident(ctx, id, 0)
			// The view may name what has been deleted since it was made.
			if err != nil && !errors.Is(err, faultline.ErrNotFound) {
				return nil, err
			}
			if err == nil {
				list = append(list, in)
			}
		}
	}
	return list, nil
}

// worthAdopting are the incidents that are open, and then those that may recur, at most
// [faultline.MaxAdopted]. The open ones come first: one of them that is left out would stay
// open for readers with nobody to end it.
func worthAdopting(list []faultline.Incident, now time.Time) []faultline.Incident {
	var open, over []faultline.Incident
	for _, in := range list {
		switch {
		case in.State.Open():
			open = append(open, in)
		case in.State == faultline.StateResolved && in.ResolvedAt != nil && now.Sub(*in.ResolvedAt) < adoptReach:
			over = append(over, in)
		}
	}
	all := slices.Concat(open, over)
	return all[:min(len(all), faultline.MaxAdopted)]
}
