package ingest

import (
	"sync"
	"time"
)

const (
	// repeatWindow is how long one reporter counts once for one site.
	repeatWindow = 10 * time.Minute
	// recentLimit bounds each of the two generations of [recent].
	recentLimit = 1 << 17
)

// reporterSite is one person, by pseudonym, at one site.
type reporterSite struct {
	reporter uint64
	site     string
}

// seen is the report that counted, with the batch that carries it: a batch that
// failed has counted nothing.
type seen struct {
	at    time.Time
	batch *batch
}

// recent remembers who was counted where in the last ten minutes. Its two
// generations, of which the older is forgotten when the younger is full or old,
// bound it without a list: what is forgotten too soon costs the log a repeat,
// which the fold leaves out.
type recent struct {
	mu         sync.Mutex
	young, old map[reporterSite]seen
	since      time.Time // when young began
}

// claim returns the batch that carries the first report of key in the window,
// and whether that is an earlier one. When there is none yet it calls add and
// remembers its batch; looking and adding are one step, so that a double click
// is one report. Before is who the same person was until midnight, the zero
// reporter if that does not matter any more.
func (r *recent) claim(key, before reporterSite, now time.Time, add func() (*batch, error)) (b *batch, repeat bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, k := range [2]reporterSite{key, before} {
		if i > 0 && k.reporter == 0 {
			continue
		}
		if s, ok := r.find(k); ok && now.Sub(s.at) < repeatWindow && !s.batch.failed() {
			return s.batch, true, nil
		}
	}
	if b, err = add(); err != nil {
		return nil, false, err
	}
	r.turn(now)
	r.young[key] = seen{at: now, batch: b}
	return b, false, nil
}

func (r *recent) find(key reporterSite) (seen, bool) {
	if s, ok := r.young[key]; ok {
		return s, true
	}
	s, ok := r.old[key]
	return s, ok
}

func (r *recent) turn(now time.Time) {
	if r.young != nil && len(r.young) < recentLimit && now.Sub(r.since) < repeatWindow {
		return
	}
	r.old, r.young, r.since = r.young, make(map[reporterSite]seen), now
}
