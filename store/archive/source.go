package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"faultline"
	"faultline/store"
)

// Source reads incidents wherever they are: in Redis, or in the archive. Without an
// archive it is the store. Readers use it and need not know where an incident is.
type Source struct {
	*store.Store
	Archive *Archive
}

// Incident returns one revision of an incident; revision 0 is the last. It fails with
// [faultline.ErrNotFound] only where neither Redis nor the archive has it.
func (s Source) Incident(ctx context.Context, id string, revision int) (faultline.Incident, error) {
	inc, err := s.Store.Incident(ctx, id, revision)
	if err == nil || s.Archive == nil {
		return inc, err
	}
	if err := s.caughtUp(ctx, err); err != nil {
		return inc, err
	}
	archived := s.Archive.in(id, func(o *opened, e entry) (err error) {
		inc, err = o.incident(id, cmp.Or(revision, e.Last))
		return err
	})
	return inc, s.worse(err, archived)
}

// Revisions returns the revisions of an incident from first to last that there are.
func (s Source) Revisions(ctx context.Context, id string, first, last int) ([]faultline.Incident, error) {
	list, err := s.Store.Revisions(ctx, id, first, last)
	if err == nil || s.Archive == nil || last-first >= store.MaxRevisions {
		return list, err
	}
	if err := s.caughtUp(ctx, err); err != nil {
		return nil, err
	}
	archived := s.Archive.in(id, func(o *opened, e entry) error {
		for n := first; n <= min(last, e.Last); n++ {
			inc, err := o.incident(id, n)
			if errors.Is(err, faultline.ErrNotFound) {
				continue // lost in a failover
			}
			if err != nil {
				return err
			}
			list = append(list, inc)
		}
		return nil
	})
	return list, s.worse(err, archived)
}

// caughtUp sees to it that the archive's list is as new as what Redis did not have.
// When Redis does not answer, what is known of the archive is right still: nothing
// leaves it. Otherwise an incident that was moved a second ago would be answered with
// 404.
func (s Source) caughtUp(ctx context.Context, why error) error {
	if !errors.Is(why, faultline.ErrNotFound) {
		return nil
	}
	return s.Archive.sync(ctx, false)
}

// worse is the outcome of both reads. Where Redis did not answer, an incident that the
// archive does not have may be in Redis, so "not found" would be a guess.
func (s Source) worse(redis, archived error) error {
	if errors.Is(archived, faultline.ErrNotFound) {
		return redis
	}
	return archived
}

// Incidents returns the newest incidents at their last revisions, the newest onset first.
// While this node lacks a file of the archive that it would need, it returns those of Redis,
// so that a node whose disk was lost can be read, and [Source.Complete] is false.
func (s Source) Incidents(ctx context.Context, limit int) ([]faultline.Incident, error) {
	list, err := s.Store.Incidents(ctx, limit)
	if err != nil || s.Archive == nil || limit <= 0 {
		return list, err
	}
	if err := s.Archive.sync(ctx, false); err != nil {
		return nil, err
	}
	all, err := s.with(list, place{math.MaxInt64, ""}, limit)
	lacks := s.Archive.fetch == nil && errors.Is(err, faultline.ErrUnavailable)
	s.Archive.partial.Store(lacks)
	if lacks {
		return list, nil
	}
	return all, err
}

// Complete reports whether the list that Incidents returned last has what the archive has.
func (s Source) Complete() bool { return s.Archive == nil || !s.Archive.partial.Load() }

// Older is Incidents behind the place of one of that onset and id.
func (s Source) Older(ctx context.Context, onset time.Time, id string, limit int) ([]faultline.Incident, error) {
	list, err := s.Store.Older(ctx, onset, id, limit)
	if err != nil || s.Archive == nil || limit <= 0 {
		return list, err
	}
	// Read after Redis was: what was moved in between is in both, and nothing is in neither.
	if err := s.Archive.sync(ctx, false); err != nil {
		return nil, err
	}
	return s.with(list, place{onset.UnixMilli(), id}, limit)
}

// place is where an incident is in a list: by onset, and of equal onsets by id. Pages
// begin behind a place, so that an incident which is added does not shift them.
type place struct {
	onsetMS int64
	id      string
}

// compare is below 0 where p comes first in a list, the newest first.
func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(q.onsetMS, p.onsetMS), strings.Compare(q.id, p.id))
}

// ref is an incident of a list: one that was read, or where in the archive it is.
type ref struct {
	place
	inc     *faultline.Incident
	segment string
	last    int
}

// with adds what the archive has behind a place to what Redis has there.
func (s Source) with(list []faultline.Incident, behind place,
	limit int) ([]faultline.Incident, error) {
	st := s.Archive.state.Load()
	refs := make([]ref, 0, len(list))
	for i := range list {
		refs = append(refs, ref{place: place{list[i].Onset.At.UnixMilli(), list[i].ID}, inc: &list[i]})
	}
	for _, seg := range st.segments { // the greatest onset first
		if seg.FromMS > behind.onsetMS {
			continue
		}
		if len(refs) >= limit && refs[limit-1].onsetMS > seg.UntilMS {
			break
		}
		if err := s.Archive.withFile(st, seg.Name, func(o *opened) error {
			for _, e := range o.index {
				if p := (place{e.OnsetMS, e.ID}); behind.compare(p) < 0 {
					refs = append(refs, ref{place: p, segment: seg.Name, last: e.Last})
				}
			}
			return nil
		}); err != nil {
			return nil, err
		}
		refs = first(refs, limit)
	}
	return s.Archive.load(st, first(refs, limit))
}

// first sorts refs, leaves out repeats (Redis' own is the newer) and cuts them to limit.
func first(refs []ref, limit int) []ref {
	slices.SortStableFunc(refs, func(a, b ref) int { return a.compare(b.place) })
	refs = slices.CompactFunc(refs, func(a, b ref) bool { return a.id == b.id })
	return refs[:min(limit, len(refs))]
}

// load reads the incidents of a list that were not read yet, opening each file once.
func (a *Archive) load(st *state, refs []ref) ([]faultline.Incident, error) {
	out := make([]faultline.Incident, len(refs))
	bySegment := map[string][]int{}
	for i, r := range refs {
		if r.inc != nil {
			out[i] = *r.inc
		} else {
			bySegment[r.segment] = append(bySegment[r.segment], i)
		}
	}
	for name, places := range bySegment {
		if err := a.withFile(st, name, func(o *opened) error {
			for _, i := range places {
				inc, err := o.incident(refs[i].id, refs[i].last)
				if err != nil {
					//nolint:errorlint // it is damage, and not what is answered "not found"
					return fmt.Errorf("%s is in the index alone: %v", refs[i].id, err)
				}
				out[i] = inc
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}
