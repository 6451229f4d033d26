package evidence

import (
	"math"
	"slices"
)

// What the results of a track add up to is asked for several times in every evaluation
// and changes seldom: when a result comes in, or leaves a window. It is kept beside the
// results, and is no part of the state.

// Track is what one vantage saw of one site, with what is normal for the two.
type Track struct {
	Vantage uint32
	Recent  []Result // ascending in time, at most RingResults
	OK      float64  // learned successes, decayed
	Fail    float64  // learned failures, decayed
	At      int64    // of the newest result that was learned

	recent  recent
	weighed trackWeighed
}

// place is where a result of a time belongs among the results, and whether there is one.
func (t *Track) place(at int64) (i int, there bool) {
	return slices.BinarySearchFunc(t.Recent, at, func(r Result, at int64) int { return int(r.At() - at) })
}

// Takes reports whether a result of a time is new to the track: none of that very time
// is there, and it is not older than all that a full track keeps.
func (t *Track) Takes(at int64) bool {
	i, repeated := t.place(at)
	return !repeated && !(t.Full() && i == 0)
}

// Full reports whether the oldest result must go before another one is added.
func (t *Track) Full() bool { return len(t.Recent) == RingResults }

// Shift takes the oldest result out. Whether it is learned is up to the caller.
func (t *Track) Shift() Result {
	old := t.Recent[0]
	t.counted().went(old)
	t.Recent = slices.Delete(t.Recent, 0, 1)
	return old
}

// Add puts a result where its time is.
func (t *Track) Add(r Result) {
	t.counted().came(r)
	i, _ := t.place(r.At())
	t.Recent = slices.Insert(t.Recent, i, r)
}

// Forget drops the results from a time on, up to another one.
func (t *Track) Forget(from, until int64) {
	t.Recent = slices.DeleteFunc(t.Recent, func(r Result) bool { return r.At() >= from && r.At() <= until })
	t.recent.known = false
}

// recent is what the results of a track add up to.
type recent struct {
	known    bool // false: the results have changed
	failed   int  // of all of them
	lastFail int64
	// The tally holds from one time until another.
	from, until int64
	k, m        [Windows]uint8 // at most RingResults
}

// Tally counts, for each window, the failures k among the m results in it.
func (t *Track) Tally(now int64) (k, m [Windows]int) {
	c := t.counted()
	if now < c.from || now >= c.until {
		c.count(t.Recent, now)
	}
	for w := range Windows {
		k[w], m[w] = int(c.k[w]), int(c.m[w])
	}
	return k, m
}

// Believed is the tally without what failed while the vantage itself was sick: that is
// no evidence of the site. A success is one whenever it was seen.
func (t *Track) Believed(v Health, now int64) (k, m [Windows]int) {
	k, m = t.Tally(now)
	if !v.SickSince(now - WindowMS[Windows-1]) {
		return k, m
	}
	for _, r := range t.Recent {
		if !r.Failed() || !v.SickAt(r.At()) {
			continue
		}
		for w := range Windows {
			if now-r.At() <= WindowMS[w] {
				k[w]--
				m[w]--
			}
		}
	}
	return k, m
}

// counted returns what the results add up to; the tally may be of another time.
func (t *Track) counted() *recent {
	c := &t.recent
	if c.known {
		return c
	}
	*c = recent{known: true}
	for _, r := range t.Recent {
		if r.Failed() {
			c.failed++
			c.lastFail = r.At()
		}
	}
	return c
}

// Failures is how many of the results that are kept failed.
func (t *Track) Failures() int { return t.counted().failed }

// count makes the tally of a time.
func (c *recent) count(results []Result, now int64) {
	c.from, c.until = now, math.MaxInt64
	w, fails, all := 0, uint8(0), uint8(0)
	for i := len(results) - 1; i >= 0; i-- {
		at := results[i].At()
		for w < Windows && now-at > WindowMS[w] {
			c.k[w], c.m[w] = fails, all
			w++
		}
		if w == Windows {
			return
		}
		c.until = min(c.until, at+WindowMS[w]+1) // then it leaves the window
		all++
		if results[i].Failed() {
			fails++
		}
	}
	for ; w < Windows; w++ {
		c.k[w], c.m[w] = fails, all
	}
}

// came and went keep what the results add up to when one of them comes in, and when
// the oldest leaves: the rest need not be read again.
func (c *recent) came(r Result) {
	c.from, c.until = 0, 0
	if r.Failed() {
		c.failed++
		c.lastFail = max(c.lastFail, r.At())
	}
}

// went takes the oldest result out of the counts.
func (c *recent) went(oldest Result) {
	if oldest.Failed() {
		if c.failed--; c.failed == 0 {
			c.lastFail = 0
		}
	}
}

// Flaky reports whether a track has often failed before.
func (t *Track) Flaky() bool { return t.Fail > flakyShare*(t.OK+t.Fail+1) }

// LastFailure is the time of the newest result that failed, 0 if none did.
func (t *Track) LastFailure() int64 { return t.counted().lastFail }

// Learn counts a result that has left the track's memory.
func (t *Track) Learn(r Result) {
	if t.At != 0 && r.At() > t.At {
		fade := math.Exp2(-float64(r.At()-t.At) / float64(HalfLife))
		t.OK *= fade
		t.Fail *= fade
	}
	t.At = max(t.At, r.At())
	if r.Failed() {
		t.Fail++
	} else {
		t.OK++
	}
}

// Chronic reports whether a track failed more often than not before.
func (t *Track) Chronic() bool { return t.Fail > chronicFailures*(t.OK+t.Fail) }
