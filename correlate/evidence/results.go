package evidence

import "slices"

// FirstFailure is the time of the first result that failed within a stretch of time, its
// ends included, while the vantage was well; 0 if none did.
func (t *Track) FirstFailure(v Health, from, to int64) int64 {
	for _, r := range t.Recent {
		if r.Failed() && r.At() >= from && r.At() <= to && !v.SickAt(r.At()) {
			return r.At()
		}
	}
	return 0
}

// FailsSince is when the first of the newest failures in a row was made, 0 if the newest result is
// a success.
func (t *Track) FailsSince() (from int64) {
	for _, r := range slices.Backward(t.Recent) {
		if !r.Failed() {
			break
		}
		from = r.At()
	}
	return from
}

// FailedBefore reports whether the result before one at a time was a failure too.
func (t *Track) FailedBefore(at int64) bool {
	i := slices.IndexFunc(t.Recent, func(r Result) bool { return r.At() >= at })
	return i > 0 && t.Recent[i-1].Failed()
}

// wellElsewhere reports whether another vantage has checked a site within a span, and
// none of its checks failed.
func wellElsewhere(tracks []*Track, vantage uint32, now, span int64) bool {
	return slices.ContainsFunc(tracks, func(t *Track) bool {
		n := len(t.Recent)
		return t.Vantage != vantage && n > 0 && now-t.Recent[n-1].At() <= span && now-t.LastFailure() > span
	})
}

// deniedSince reports whether another vantage found a site well after it had failed from
// one, in a stretch of time up to now.
func deniedSince(tracks []*Track, failing *Track, from int64) bool {
	i := slices.IndexFunc(failing.Recent, func(r Result) bool { return r.Failed() && r.At() >= from })
	if i < 0 {
		return false
	}
	first := failing.Recent[i].At()
	return slices.ContainsFunc(tracks, func(t *Track) bool {
		for k := len(t.Recent) - 1; t != failing && k >= 0 && t.Recent[k].At() > first; k-- {
			if !t.Recent[k].Failed() {
				return true
			}
		}
		return false
	})
}

// FailuresSince counts the results of a track since a time that are failures.
func (t *Track) FailuresSince(from int64) (n int) {
	for i := len(t.Recent) - 1; i >= 0 && t.Recent[i].At() >= from; i-- {
		if t.Recent[i].Failed() {
			n++
		}
	}
	return n
}

// SeenSince counts the results of a track since a time, and those of them that failed
// while its vantage could be trusted.
func (t *Track) SeenSince(from int64, v Health) (probes, failed int) {
	for _, r := range t.Recent {
		if r.At() < from {
			continue
		}
		probes++
		if r.Failed() && !v.SickAt(r.At()) {
			failed++
		}
	}
	return probes, failed
}

// Cadence is the mean time between a track's results, one minute if unknown.
func (t *Track) Cadence() int64 {
	if len(t.Recent) < 2 {
		return minute
	}
	return (t.Recent[len(t.Recent)-1].At() - t.Recent[0].At()) / int64(len(t.Recent)-1)
}

// FailedLike counts the failures of a track since a time, and those of a class among them.
func (t *Track) FailedLike(class int, from int64) (same, all int) {
	for _, r := range t.Recent {
		if !r.Failed() || r.At() < from {
			continue
		}
		all++
		if SymptomClass(r.Code()) == class {
			same++
		}
	}
	return same, all
}

// Usual is the part of a track's results that fails when all is well, by those that have
// been learned.
func (t *Track) Usual() float64 { return normalFailures(t.Fail, t.OK) }
