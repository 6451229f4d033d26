package replica

import (
	"errors"
	"faultline/store"
	"maps"
	"slices"
	"time"

	"faultline"
)

// catalogueBatch bounds how many records of the catalogue one entry of the log
// carries.
const catalogueBatch = 500

// nextTick is the time of the tick that a leader appends now: never before the
// newest one of the log, whatever this node's clock says.
// The log's clock never goes back: windows, baselines and the ends of incidents all rest on
// that. A leader whose clock is behind appends the same time until its clock has caught up.
func nextTick(now, newest time.Time) time.Time {
	if now = faultline.Millis(now); now.After(newest) || newest.IsZero() {
		return now
	}
	return newest
}

// stillLeads reports whether a holder may go on after trying to renew its lease:
// a refusal ends it at once, silence only when the lease has run out by our own
// clock. That much only saves work; what keeps two leaders apart is the fence.
func stillLeads(renewed bool, err error, now, lastRenewed time.Time, ttl time.Duration) bool {
	if err != nil {
		return now.Sub(lastRenewed) < ttl
	}
	return renewed
}

// outcome is what a leader does after a write.
type outcome int

const (
	writeDone     outcome = iota
	writeAgain            // Redis could not: the same once more, later
	writeNoLeader         // somebody else leads
	writeBroken           // it never will: mostly, what is stored does not fit what we folded
)

// outcomeOf sorts the errors of the store by what the leader can do about them. What it
// does not know it takes for permanent: to repeat such a write would hold up everything
// behind it.
func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return writeDone
	case errors.Is(err, faultline.ErrNotLeader):
		return writeNoLeader
	case errors.Is(err, faultline.ErrUnavailable):
		return writeAgain
	}
	return writeBroken
}

// catalogueNews returns, in batches for the log, the records of the catalogue that differ
// from what the log says already. What was observed beats the catalogue, so that an
// operator's update does not undo what was measured.
func catalogueNews(catalogue []faultline.SiteRecord, known func(string) (faultline.SiteRecord, bool),
	now time.Time) [][]faultline.Event {
	var news []faultline.Event
	for _, r := range catalogue {
		r.At, r.Source = faultline.Millis(now), faultline.SourceCatalog
		if old, ok := known(r.Site); ok {
			r.Uses = old.Uses                           // no catalogue has them
			if old.Source == faultline.SourceObserved { // but for who runs it, which nobody observes
				r.Components, r.Shares, r.Rank, r.Source = old.Components, old.Shares, old.Rank, old.Source
			}
			if sameRecord(old, r) {
				continue
			}
		}
		news = append(news, r)
	}
	return slices.Collect(slices.Chunk(news, catalogueBatch))
}

// forgotten returns, in batches for the log, the records that this node remembers, from
// its disk too, and the fold does not know, because it began again with an adoption.
func forgotten(held []faultline.SiteRecord, known func(string) (faultline.SiteRecord, bool)) [][]faultline.Event {
	var lost []faultline.Event
	for _, r := range held {
		if _, ok := known(r.Site); !ok && r.Source != faultline.SourceCatalog {
			lost = append(lost, r)
		}
	}
	return slices.Collect(slices.Chunk(lost, catalogueBatch))
}

// sameRecord reports whether two records of a site say the same, whenever they
// said it.
// Without it each start of a leader would append the whole catalogue again.
func sameRecord(a, b faultline.SiteRecord) bool {
	return a.Site == b.Site && a.Rank == b.Rank && a.Source == b.Source &&
		a.Owner == b.Owner && slices.Equal(a.Runs, b.Runs) && slices.Equal(a.Uses, b.Uses) &&
		slices.Equal(slices.Sorted(slices.Values(a.Components)), slices.Sorted(slices.Values(b.Components))) &&
		maps.Equal(a.Shares, b.Shares)
}

// waiting measures how long entries of the log have waited for the fold, by this node's
// clock alone: the times in the log are those of Redis' clock, and the difference of two
// clocks is no waiting time. The zero value is ready for use.
type waiting struct{ seen []sighting }

// sighting is where the log ended when this node looked, and when that was.
type sighting struct {
	pos store.Pos
	at  time.Time
}

// maxSightings bounds what is remembered; the oldest ones count.
const maxSightings = 64

// Lag notes that the log ended at tail while the fold stood at folded, and
// returns how long the oldest entry seen beyond folded has waited.
func (w *waiting) Lag(tail, folded store.Pos, now time.Time) time.Duration {
	// What the fold has passed no longer waits.
	w.seen = slices.DeleteFunc(w.seen, func(s sighting) bool { return !s.pos.After(folded) })
	if tail.After(folded) && len(w.seen) < maxSightings {
		w.seen = append(w.seen, sighting{tail, now})
	}
	if len(w.seen) == 0 {
		return 0
	}
	return max(0, now.Sub(w.seen[0].at))
}
