package replica

import (
	"context"
	"errors"
	"sync"
	"time"

	"faultline"
	"faultline/store"
)

const (
	// seriesEvery is how often, on the engine's clock, series are read off it. At
	// least once a minute, or late events would be missed.
	seriesEvery = 30 * time.Second
	// seriesLimit bounds the rows that wait, seriesBatch those stored at once.
	seriesLimit = 300_000
	seriesBatch = 2_000
	// seriesWait is how long a row waits where another node leads: that one has
	// stored it long since.
	seriesWait = 5 * time.Minute
	// After this long on the engine's clock from its beginning a minute, or an hour,
	// can change no more.
	forgetMinute = 10 * time.Minute
	forgetHour   = 70 * time.Minute
)

// rowKey names one step of one series.
type rowKey struct {
	of    string
	stepS int
	at    int64 // Unix seconds
}

// keyOf is the key that a row is known by.
func keyOf(r faultline.SeriesRow) rowKey { return rowKey{r.Of, r.StepS, r.Point.At.Unix()} }

// queued is a row that waits.
type queued struct {
	key   rowKey
	since time.Time // by the wall
}

// seriesBox holds the rows of series between the fold, which reads them off on leader and
// standby alike, and the store, where the leader puts those that have changed. A standby
// holds its rows for a while: what a leader could not store before it ended, its successor
// still has.
type seriesBox struct {
	m   *metrics
	now func() time.Time

	mu      sync.Mutex
	known   map[rowKey]faultline.SeriesRow // as last read off
	waiting map[rowKey]faultline.SeriesRow
	order   []queued // of waiting; some may have left
	news    chan struct{}
	swept   time.Time // on the engine's clock
}

// newSeriesBox returns an empty box.
func newSeriesBox(m *metrics, now func() time.Time) *seriesBox {
	return &seriesBox{m: m, now: now, known: map[rowKey]faultline.SeriesRow{},
		waiting: map[rowKey]faultline.SeriesRow{}, news: make(chan struct{}, 1)}
}

// Put takes what was read off at clock; what has not changed since is dropped. Most minutes
// are read off several times, and each write costs Redis as much as the first.
func (b *seriesBox) Put(rows []faultline.SeriesRow, clock time.Time, leading bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	for _, r := range rows {
		k := keyOf(r)
		if old, ok := b.known[k]; ok && sameRow(old, r) {
			continue
		}
		b.known[k] = r
		b.wait(k, r, now)
	}
	b.sweep(clock, now, leading)
	b.m.seriesWaiting.Set(float64(len(b.waiting)))
	select {
	// One signal is enough, however many rows there are.
	case b.news <- struct{}{}:
	default:
	}
}

// wait queues a row; one that waits already is replaced. A row that does not say how many
// sites fail keeps what the one before it said.
func (b *seriesBox) wait(k rowKey, r faultline.SeriesRow, now time.Time) {
	old, ok := b.waiting[k]
	if ok && !r.Stands {
		r.Stands, r.Point.Sites, r.Point.SitesFailing = old.Stands, old.Point.Sites, old.Point.SitesFailing
	}
	b.waiting[k] = r
	if !ok {
		b.order = append(b.order, queued{k, now})
	}
}

// sweep forgets rows that change no more, and those that wait in vain: where too many wait,
// and where another node leads and has stored them long since.
func (b *seriesBox) sweep(clock, now time.Time, leading bool) {
	if clock.Sub(b.swept) >= time.Minute {
		b.swept = clock
		for k := range b.known {
			age := forgetMinute
			if k.stepS == faultline.StepHour {
				age = forgetHour
			}
			if clock.Sub(time.Unix(k.at, 0)) > age {
				delete(b.known, k)
			}
		}
	}
	for len(b.order) > 0 {
		first := b.order[0]
		_, waits := b.waiting[first.key]
		switch {
		case !waits:
		// Only the oldest go: a chart with a gap in its past is better than one without its
		// present.
		case len(b.waiting) > seriesLimit:
			b.m.seriesDropped.Inc()
		case !leading && now.Sub(first.since) > seriesWait:
		default:
			return
		}
		delete(b.waiting, first.key)
		b.order = b.order[1:]
	}
}

// sameRow reports whether a row says nothing new. Expected reports drift all the time, so
// that they are written together with the next count that changes.
func sameRow(a, b faultline.SeriesRow) bool {
	a.Point.Expected, b.Point.Expected = 0, 0
	if a.StepS == faultline.StepHour && a.Point == b.Point {
		return true // nothing was reported since
	}
	return a == b
}

// Next returns rows to store, oldest first, without taking them out.
func (b *seriesBox) Next() []faultline.SeriesRow {
	b.mu.Lock()
	defer b.mu.Unlock()
	rows := make([]faultline.SeriesRow, 0, min(seriesBatch, len(b.waiting)))
	for _, q := range b.order {
		if len(rows) == seriesBatch {
			break
		}
		if r, ok := b.waiting[q.key]; ok {
			rows = append(rows, r)
		}
	}
	return rows
}

// Stored takes rows out, but for those that have changed while they were being stored.
func (b *seriesBox) Stored(rows []faultline.SeriesRow) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range rows {
		if k := keyOf(r); b.waiting[k] == r {
			delete(b.waiting, k)
		}
	}
	for len(b.order) > 0 {
		if _, waits := b.waiting[b.order[0].key]; waits {
			break
		}
		b.order = b.order[1:]
	}
	b.m.seriesWaiting.Set(float64(len(b.waiting)))
}

// saveSeries stores what waits, as it comes. A Redis that is away is waited for.
func (l *leader) saveSeries(ctx context.Context, lease store.Lease) error {
	for {
		rows := l.fold.series.Next()
		if len(rows) == 0 {
			select {
			case <-l.fold.series.news:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		err := l.retry(ctx, "store series", func() error { return l.store.SaveSeries(ctx, lease, rows) })
		switch {
		case err == nil:
			l.fold.series.Stored(rows)
		case errors.Is(err, faultline.ErrNotLeader) || ctx.Err() != nil:
			return err
		default: // a row that can't be stored must not hold up the others
			l.log.Error("rows of series are left out", "rows", len(rows), "error", err)
			l.fold.series.Stored(rows)
		}
	}
}
