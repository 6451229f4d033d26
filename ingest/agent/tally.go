package agent

import (
	"sync"
	"time"

	"faultline"
)

// tallyMinutes is how far back the checks of a vantage are counted.
const tallyMinutes = 60

// maxTallied bounds the sites whose last result is remembered.
const maxTallied = 1 << 20

// tally counts, over the last hour, the checks that a schedule held and the results
// that were accepted in time. A site's results count once in a period: a check that was
// repeated, or asked for, makes good for none that is missing. The share of both is
// what /vantages shows as "in time".
type tally struct {
	sites  int
	period time.Duration
	since  time.Time            // up to when due checks are counted
	last   map[string]time.Time // by site, the last result that counted
	minute [tallyMinutes]tallied
}

// tallied is what was due and delivered in one minute.
type tallied struct {
	of             int64 // minutes since 1970
	due, delivered float64
}

// Ledger counts what a vantage delivers. The zero value has counted nothing. It is safe
// for concurrent use.
type Ledger struct {
	mu   sync.Mutex
	at   time.Time // when results were last accepted
	hour tally
}

// Assign says how many sites the vantage checks once a period from now on.
func (l *Ledger) Assign(sites int, period time.Duration, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hour.assign(sites, period, now)
}

// Delivered takes in results that were accepted now.
func (l *Ledger) Delivered(probes []faultline.Probe, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at = now
	l.hour.deliver(probes, now)
}

// Health is what was counted within the last hour.
func (l *Ledger) Health(now time.Time) (h faultline.VantageHealth) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h.DeliveredAt = faultline.Millis(l.at)
	h.Due, h.Delivered = l.hour.count(now)
	return h
}

// at is the row of the present minute. A row of an hour ago is cleared when its place is needed.
func (t *tally) at(now time.Time) *tallied {
	of := now.Unix() / 60
	m := &t.minute[of%tallyMinutes]
	if m.of != of {
		*m = tallied{of: of}
	}
	return m
}

// assign changes the schedule from now on.
func (t *tally) assign(sites int, period time.Duration, now time.Time) {
	t.accrue(now)
	t.sites, t.period, t.since = sites, period, now
}

// accrue counts what has become due since it was counted last, minute by minute: so
// many sites in each period. It needs no event for each check.
func (t *tally) accrue(now time.Time) {
	if t.sites == 0 || t.period <= 0 {
		t.since = now
		return
	}
	if early := now.Add(-tallyMinutes * time.Minute); t.since.Before(early) {
		t.since = early
	}
	for t.since.Before(now) {
		next := t.since.Truncate(time.Minute).Add(time.Minute)
		if next.After(now) {
			next = now
		}
		t.at(t.since).due += float64(t.sites) * float64(next.Sub(t.since)) / float64(t.period)
		t.since = next
	}
}

// deliver counts results that were accepted at a time.
func (t *tally) deliver(probes []faultline.Probe, now time.Time) {
	t.accrue(now)
	if t.last == nil || len(t.last) > maxTallied {
		t.last = map[string]time.Time{}
	}
	for _, line := range probes {
		for p := range line.Results() {
			if now.Sub(p.At) > faultline.LateBound || p.At.Sub(t.last[p.Site]) < t.period/2 {
				continue
			}
			t.last[p.Site] = p.At
			t.at(now).delivered++
		}
	}
}

// count is what was due and delivered within the last hour.
func (t *tally) count(now time.Time) (due, delivered int) {
	t.accrue(now)
	var d, got float64
	for _, m := range t.minute {
		if now.Unix()/60-m.of < tallyMinutes {
			d, got = d+m.due, got+m.delivered
		}
	}
	return int(d), int(min(d, got))
}
