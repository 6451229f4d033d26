package api

import (
	"context"
	"errors"
	"net/url"
	"sort"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

const (
	// asOfKey asks for what was said at a time of the past.
	asOfKey = "as_of"
	// settledAfter is how old a moment must be so that nothing is published before it any
	// more: how far a line may be late, with room for a node that lags.
	settledAfter = 2 * faultline.LateBound
	// asOfReach is by how much an incident may have been over, by what was found out later,
	// before it was said to be over.
	asOfReach = 3 * time.Hour
	// asOfScanned bounds the incidents whose revisions one answer reads.
	asOfScanned = 100
	// asOfOldest is how many incidents are read to learn whether anything was published by a
	// moment: of those that began before it, the newest may have been published later.
	asOfOldest = 20
)

// tooManyThen says why a moment is refused at which more incidents went on than one answer
// looks at.
const tooManyThen = "is a time of more than 100 incidents, which one answer can't look through; " +
	"ask for one incident at a time"

// readAsOf reads the moment that a reader asks for; the zero time: now.
func (a *api) readAsOf(q url.Values) (time.Time, error) {
	if !q.Has(asOfKey) {
		return time.Time{}, nil
	}
	at, err := readTime(q.Get(asOfKey), a.cfg.Board.Now().Truncate(time.Minute))
	if err != nil {
		return at, invalidParameter(asOfKey, timeForm)
	}
	if at.After(a.cfg.Board.Now()) {
		return at, invalidParameter(asOfKey, "must not lie in the future")
	}
	return at, nil
}

// revisionAt is the revision of an incident that was the last one at a moment. It fails
// with [faultline.ErrNotFound] where nothing had been said of it yet.
func (a *api) revisionAt(ctx context.Context, id string, at time.Time) (faultline.Incident, error) {
	last, err := a.cfg.Board.ReadThrough(ctx, id, 0)
	if err != nil || !last.UpdatedAt.After(at) {
		return last, err
	}
	found := faultline.Incident{}
	sort.Search(last.Revision-1, func(i int) bool {
		if err != nil {
			return true
		}
		var inc faultline.Incident
		inc, err = a.cfg.Board.ReadThrough(ctx, id, i+1)
		if err != nil || inc.UpdatedAt.After(at) {
			return true
		}
		if inc.Revision > found.Revision {
			found = inc
		}
		return false
	})
	if err == nil && found.Revision == 0 {
		err = faultline.ErrNotFound
	}
	return found, err
}

// cacheAsOf is how long an answer of the past may be kept: for good, once nothing can be
// published before that moment any more.
func (a *api) cacheAsOf(at time.Time) []string {
	if a.cfg.Board.Now().Sub(at) > settledAfter {
		return page.CacheImmutable
	}
	return page.CacheCurrent
}

// metaAsOf is the meta of an answer of the past.
func (a *api) metaAsOf(at time.Time) board.Meta {
	m := board.NewMeta(a.cfg.Board.PublicURL())
	m.AsOf = &at
	return m
}

// writeAsOf answers with a page of the past, whose time is the moment that was asked for.
func (a *api) writeAsOf(c *gin.Context, p *page.Page, at time.Time) {
	c.Writer.Header()[headerAsOf] = []string{at.UTC().Format(time.RFC3339)}
	page.Write(c.Writer, c.Request, p, a.cacheAsOf(at))
}

// incidentAsOf answers with an incident as lists and the stream had it at a moment.
func (a *api) incidentAsOf(c *gin.Context, at time.Time) error {
	inc, err := a.revisionAt(c.Request.Context(), c.Param("id"), at)
	if err != nil {
		return err
	}
	p, err := page.New(IncidentAnswer{Meta: a.metaAsOf(at), Incident: inc.Listed()})
	if err != nil {
		return err
	}
	a.writeAsOf(c, p.Plain(), at)
	return nil
}

// incidentsAsOf lists the incidents that were open at a moment, as they were then.
func (a *api) incidentsAsOf(c *gin.Context, query url.Values, at time.Time, f incidentForm) error {
	for _, key := range []string{"since", "until", "overlapping", "fields", "cursor"} {
		if query.Has(key) {
			return invalidParameter(key, "can't be asked for together with as_of")
		}
	}
	q, err := newListQuery(query, a.cfg.Lookup, a.cfg.Board.Providers(), a.cfg.Board.Now().Truncate(time.Minute))
	if err != nil {
		return err
	}
	open, err := a.openAt(c.Request.Context(), at)
	if err != nil {
		return err
	}
	published := []faultline.Incident{}
	for _, inc := range open {
		if q.Filter.Takes(&inc) && len(published) < q.Limit {
			published = append(published, inc.Listed())
		}
	}
	p, err := f.then(a.metaAsOf(at), published)
	if err != nil {
		return err
	}
	a.writeAsOf(c, p.Plain(), at)
	return nil
}

// writePast answers with what answer makes of what was published at the moment that a query
// asks for: a table as CSV, and all else as JSON.
func (a *api) writePast(c *gin.Context, query url.Values, answer func(*board.Snapshot) any) error {
	at, s, err := a.past(c.Request.Context(), query)
	if err != nil {
		return err
	}
	p, err := listPage(answer(s))
	if err != nil {
		return err
	}
	a.writeAsOf(c, p, at)
	return nil
}

// past is what was published at the moment that a query asks for.
func (a *api) past(ctx context.Context, query url.Values) (time.Time, *board.Snapshot, error) {
	at, err := a.readAsOf(query)
	if err != nil {
		return at, nil, err
	}
	open, err := a.openAt(ctx, at)
	if err != nil {
		return at, nil, err
	}
	s, err := a.cfg.Board.Past(at, a.cfg.Index, open)
	return at, s, err
}

// refuseUnanswered refuses a moment before anything was published here. That nothing is known of
// it does not say that nothing failed.
func (a *api) refuseUnanswered(ctx context.Context, s *board.Snapshot, at time.Time) error {
	found, err := a.cfg.Board.List(ctx, s, board.Query{Until: at.Add(time.Second), Limit: asOfOldest})
	if err != nil {
		return err
	}
	for _, e := range found.Entries {
		if !e.Incident.DetectedAt.After(at) {
			return nil
		}
	}
	return invalidParameter(asOfKey, "is before anything was published here, so that nothing is known of it")
}

// openAt are the incidents that were open at a moment, by what was said then.
func (a *api) openAt(ctx context.Context, at time.Time) ([]faultline.Incident, error) {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return nil, err
	}
	if err := a.refuseUnanswered(ctx, s, at); err != nil {
		return nil, err
	}
	found, err := a.cfg.Board.List(ctx, s, board.Query{Since: at.Add(-asOfReach), Until: at.Add(time.Second),
		Overlapping: true, Limit: asOfScanned})
	if err != nil {
		return nil, err
	}
	// What was open may be among those that are not looked at, and leaving it out would call
	// well what was failing.
	if found.More {
		return nil, invalidParameter(asOfKey, tooManyThen)
	}
	var open []faultline.Incident
	for _, e := range found.Entries {
		if e.Incident.DetectedAt.After(at) {
			continue
		}
		then, err := a.revisionAt(ctx, e.Incident.ID, at)
		if errors.Is(err, faultline.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if then.State.Open() {
			open = append(open, then)
		}
	}
	return open, nil
}
