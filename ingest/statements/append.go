package statements

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"faultline"
)

// append puts what is new or edited into the log, oldest first, at most maxAtOnce of
// one answer. What could not be appended stays new and is tried again with the next
// answer.
func (p *Poller) append(ctx context.Context, f *follower, items []item) error {
	now := p.cfg.Now()
	var fresh []item
	for _, i := range items {
		if i, ok := p.isNew(f, i, now); ok {
			fresh = append(fresh, i)
		}
	}
	if over := len(fresh) - maxAtOnce; over > 0 {
		p.cfg.Metrics.said.WithLabelValues("crowded").Add(float64(over))
		// Items are sorted oldest first, so the newest are kept. A page that suddenly shows
		// hundreds was restored or is broken.
		fresh = fresh[over:]
	}
	var events []faultline.Event
	for _, i := range fresh {
		events = append(events, f.source.events(i)...)
	}
	if len(events) > 0 {
		if err := p.cfg.Append(ctx, events); err != nil {
			return fmt.Errorf("append statements: %w", err)
		}
		p.cfg.Metrics.said.WithLabelValues("appended").Add(float64(len(fresh)))
		p.cfg.Log.Info("a provider published statements", "source", f.source.Name, "statements", len(fresh),
			"newest", fresh[len(fresh)-1].text)
	}
	for _, i := range fresh {
		// Only now, after the log has taken them: a statement whose append failed is tried again at
		// the next reading.
		f.seen[i.id] = seen{at: i.at, words: i.words(), appended: true}
	}
	f.read = true
	f.forget(items, now)
	return nil
}

// isNew reports whether an item is to go into the log. An edit keeps the time at which
// the item first stood there, so that it is the same statement. Every node's fold
// compares statements by source, component and time, so an edit under a new time would
// be shown twice.
func (p *Poller) isNew(f *follower, i item, now time.Time) (item, bool) {
	before, known := f.seen[i.id]
	same := known && before.words == i.words()
	switch {
	case i.at.After(now.Add(aheadFor)): // what is announced comes again in its time
		return i, false
	// A first reading does not know whether a page makes up the times of its entries. An entry that
	// has kept its time at the second reading is believed.
	case known && before.doubted && same:
		before.doubted = false
		f.seen[i.id] = before
		return i, before.at.Equal(i.at)
	case same:
		return i, false
	case known && !i.dated: // a page whose updates have a time of their own
		i.at = before.at
	case now.Sub(i.at) > freshFor:
		if f.read && now.Sub(i.at) < rememberFor {
			p.cfg.Metrics.said.WithLabelValues("late").Inc()
		}
		f.seen[i.id] = seen{at: i.at, words: i.words()}
		return i, false
	// Some feeds give every entry the time of the request. Published at once, old news would look
	// like a statement about the incident that is open now.
	case !f.read && i.dated && now.Sub(i.at) < madeUpFor:
		f.seen[i.id] = seen{at: i.at, words: i.words(), doubted: true}
		return i, false
	}
	return i, now.Sub(i.at) <= freshFor
}

// waits reports whether the page must be read again even if it has not changed, because an entry is
// still doubted.
func (f *follower) waits() bool {
	for _, s := range f.seen {
		if s.doubted {
			return true
		}
	}
	return false
}

// forget drops what the page no longer shows once it can't be fresh any more, and the
// oldest beyond maxRemember.
func (f *follower) forget(items []item, now time.Time) {
	shown := make(map[string]bool, len(items))
	for _, i := range items {
		shown[i.id] = true
	}
	for id, s := range f.seen {
		if !shown[id] && (s.doubted || now.Sub(s.at) > rememberFor) {
			delete(f.seen, id)
		}
	}
	if len(f.seen) <= maxRemember {
		return
	}
	gone := slices.DeleteFunc(slices.Collect(maps.Keys(f.seen)), func(id string) bool { return shown[id] })
	slices.SortFunc(gone, func(a, b string) int { return f.seen[a].at.Compare(f.seen[b].at) })
	for _, id := range gone[:min(len(gone), len(f.seen)-maxRemember)] {
		delete(f.seen, id)
	}
}
