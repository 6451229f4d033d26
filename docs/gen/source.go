package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"faultline"
	"faultline/record"
)

// memory is what the drill concluded, as an API reads it. It is complete before
// anybody asks.
type memory struct {
	mu        sync.Mutex
	revisions map[string][]faultline.Incident
	ids       []string // oldest first
	changes   []faultline.Change
	view      faultline.View
	rows      map[rowKey]faultline.SeriesRow
}

// rowKey names one step of a series.
type rowKey struct {
	of    string
	stepS int
	at    time.Time
}

// keep takes what was read off the engine.
func (m *memory) keep(rows []faultline.SeriesRow) {
	for _, r := range rows {
		k := rowKey{r.Of, r.StepS, r.Point.At}
		if old := m.rows[k]; !r.Stands {
			r.Point.Sites, r.Point.SitesFailing = old.Point.Sites, old.Point.SitesFailing
		}
		m.rows[k] = r
	}
}

// Series has the steps in which something was reported; the store has the others too.
func (m *memory) Series(_ context.Context, of string, stepS int, from, until time.Time) (faultline.Series, error) {
	s := faultline.Series{Of: of, StepS: stepS, Points: []faultline.SeriesPoint{}}
	for k, r := range m.rows {
		if k.of == of && k.stepS == stepS && !k.at.Before(from) && k.at.Before(until) {
			r.Point.ExpectedHigh = faultline.ExpectedHigh(r.Point.Expected)
			s.Points = append(s.Points, r.Point)
		}
	}
	slices.SortFunc(s.Points, func(a, b faultline.SeriesPoint) int { return a.At.Compare(b.At) })
	return s, nil
}

// publish adds a revision, at the time of the drill.
func (m *memory) publish(inc faultline.Incident) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if hash, err := record.Hash(inc); err == nil { // the fold's own always can be rendered
		inc.Hash = hash
	}
	if m.revisions[inc.ID] == nil {
		m.ids = append(m.ids, inc.ID)
	}
	m.revisions[inc.ID] = append(m.revisions[inc.ID], inc)
	id := fmt.Sprintf("%d-%d", inc.UpdatedAt.UnixMilli(), len(m.changes))
	m.changes = append(m.changes, faultline.Change{ID: id, Incident: inc.Listed()})
}

func (m *memory) Changes(ctx context.Context, after string, limit int,
	block time.Duration) ([]faultline.Change, error) {
	m.mu.Lock()
	from := 1 + slices.IndexFunc(m.changes, func(c faultline.Change) bool { return c.ID == after })
	if after == "" {
		from = max(0, len(m.changes)-limit)
	} else if from == 0 {
		m.mu.Unlock()
		return nil, faultline.ErrNotFound
	}
	found := slices.Clone(m.changes[from:min(from+limit, len(m.changes))])
	m.mu.Unlock()
	if len(found) == 0 && block > 0 { // there will be no more
		ctx, cancel := context.WithTimeout(ctx, block)
		defer cancel()
		<-ctx.Done()
	}
	return found, nil
}

// ConcentrationDays are two days of which the one between was not counted.
func (m *memory) ConcentrationDays(context.Context, time.Time, time.Time) ([]faultline.ConcentrationDay, error) {
	var days []faultline.ConcentrationDay
	for i, back := range []int{2, 0} {
		at := drillMoment.AddDate(0, 0, -back)
		hhi, ranked := 3_920+12*i, 3_767
		days = append(days, faultline.ConcentrationDay{Day: at.Format(time.DateOnly), At: at,
			Kinds: []faultline.ConcentrationPoint{{Kind: faultline.KindCDN, Known: 130 + i, Sites: 195, HHI: &hhi,
				Ranked: 130 + i, HHIRanked: &ranked, Firebreak: 8}}})
	}
	return days, nil
}

func (m *memory) Incident(_ context.Context, id string, revision int) (faultline.Incident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.revisions[id]
	if id == causelessID {
		all = []faultline.Incident{{ID: id, Revision: 1, State: faultline.StateResolved}}
	}
	if revision == 0 {
		revision = len(all)
	}
	if revision < 1 || revision > len(all) {
		return faultline.Incident{}, faultline.ErrNotFound
	}
	return all[revision-1], nil
}

func (m *memory) Revisions(_ context.Context, id string, first, last int) ([]faultline.Incident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.revisions[id]
	if len(all) == 0 {
		return nil, faultline.ErrNotFound
	}
	return slices.Clone(all[min(first-1, len(all)):min(last, len(all))]), nil
}

func (m *memory) Incidents(_ context.Context, limit int) ([]faultline.Incident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var last []faultline.Incident
	for _, id := range slices.Backward(m.ids) {
		if len(last) == limit {
			break
		}
		all := m.revisions[id]
		last = append(last, all[len(all)-1])
	}
	return last, nil
}

// Older has none: the drill has fewer incidents than are kept in memory.
func (m *memory) Older(context.Context, time.Time, string, int) ([]faultline.Incident, error) {
	return nil, nil
}

func (m *memory) View(_ context.Context, known int64) (faultline.View, int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known == 1 {
		return faultline.View{}, known, nil
	}
	return m.view, 1, nil
}
