package correlate

import "slices"

// A vantage's clock may be wrong. How far its results lag behind the log's own
// clock when they arrive is the skew and the way; the way is short for some
// results of every minute, so that a low quantile over the minute is the skew,
// against the same of the reports, which ingest itself dates, or else against
// the vantages' median (as NTP filters by the shortest delays, RFC 5905 section
// 10). What is known of it is taken out of the results' times.

// lag is how far a source's events lie behind the clock as they arrive.
type lag struct {
	Looks []int64 // of this minute, at most skewSamples
	Lows  []int64 // of the last minutes, oldest first, at most skewMinutes
	Known bool
	MS    int64 // the median of those
}

// note counts one arrival.
func (l *lag) note(ms int64) {
	if len(l.Looks) < skewSamples {
		l.Looks = append(l.Looks, ms)
	}
}

// close ends a minute.
func (l *lag) close() {
	if len(l.Looks) >= skewFew {
		slices.Sort(l.Looks)
		l.Lows = append(l.Lows, l.Looks[int(skewLow*float64(len(l.Looks)))])
		if len(l.Lows) > skewMinutes {
			l.Lows = slices.Delete(l.Lows, 0, 1)
		}
	}
	l.Looks = l.Looks[:0]
	if len(l.Lows) > skewMinutes/2 {
		l.Known, l.MS = true, median(l.Lows)
	}
}

// median is the middle of some values, the upper one of two.
func median(of []int64) int64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// setClocks finds, once a minute, how far the clock of each vantage is off.
func (e *Engine) setClocks() {
	if e.clock/minute == e.clocksSet/minute {
		return
	}
	e.clocksSet = e.clock
	e.reportLag.close()
	var known []int64
	for _, v := range e.vantages.rows {
		v.Lag.close()
		if v.Lag.Known {
			known = append(known, v.Lag.MS)
		}
	}
	var right int64
	switch {
	case e.reportLag.Known:
		right = e.reportLag.MS
	case len(known) >= skewSources:
		right = median(known)
	default:
		return
	}
	for _, v := range e.vantages.rows {
		if !v.Lag.Known {
			continue
		}
		behind := v.Lag.MS - right
		if max(behind, -behind) < skewLeast {
			behind = 0
		}
		if moved := behind - v.Behind; max(moved, -moved) > skewChange {
			v.Behind = behind
		}
	}
}

// onOurClock puts a result's time right by what is known of its vantage's clock,
// never beyond the engine's own.
func (e *Engine) onOurClock(v *vantage, sent, at int64) int64 {
	if e.clock == 0 {
		return at
	}
	v.Lag.note(e.clock - sent)
	if v.Behind == 0 {
		return at
	}
	return min(sent+v.Behind, max(at, e.clock))
}
