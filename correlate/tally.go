package correlate

import "math"

// What the results of a track add up to is looked at several times in every
// evaluation and changes seldom: when a result comes in, or leaves a window. It is
// kept beside the results, and is no part of the state.

// recent is what the results of a track add up to.
type recent struct {
	known    bool // false: the results have changed
	failed   int  // of all of them
	lastFail int64
	// The tally holds from one time until another.
	from, until int64
	k, m        [windows]uint8 // at most ringResults
}

// tally counts, for each window, the failures k among the m results in it.
func (t *track) tally(now int64) (k, m [windows]int) {
	c := t.counted()
	if now < c.from || now >= c.until {
		c.count(t.Recent, now)
	}
	for w := range windows {
		k[w], m[w] = int(c.k[w]), int(c.m[w])
	}
	return k, m
}

// believed is the tally without what failed while the vantage itself was sick: that is
// no evidence of the site. A success is one whenever it was seen.
func (t *track) believed(v *vantage, now int64) (k, m [windows]int) {
	k, m = t.tally(now)
	if !v.sickSince(now - windowMS[windows-1]) {
		return k, m
	}
	for _, r := range t.Recent {
		if !r.failed() || !v.sick(r.at()) {
			continue
		}
		for w := range windows {
			if now-r.at() <= windowMS[w] {
				k[w]--
				m[w]--
			}
		}
	}
	return k, m
}

// counted returns what the results add up to; the tally may be of another time.
func (t *track) counted() *recent {
	c := &t.recent
	if c.known {
		return c
	}
	*c = recent{known: true}
	for _, r := range t.Recent {
		if r.failed() {
			c.failed++
			c.lastFail = r.at()
		}
	}
	return c
}

// count makes the tally of a time.
func (c *recent) count(results []result, now int64) {
	c.from, c.until = now, math.MaxInt64
	w, fails, all := 0, uint8(0), uint8(0)
	for i := len(results) - 1; i >= 0; i-- {
		at := results[i].at()
		for w < windows && now-at > windowMS[w] {
			c.k[w], c.m[w] = fails, all
			w++
		}
		if w == windows {
			return
		}
		c.until = min(c.until, at+windowMS[w]+1) // then it leaves the window
		all++
		if results[i].failed() {
			fails++
		}
	}
	for ; w < windows; w++ {
		c.k[w], c.m[w] = fails, all
	}
}

// changed says that the results are others than they were.
func (t *track) changed() { t.recent.known = false }

// came and went keep what the results add up to when one of them comes in, and when
// the oldest leaves: the rest need not be read again.
func (c *recent) came(r result) {
	c.from, c.until = 0, 0
	if r.failed() {
		c.failed++
		c.lastFail = max(c.lastFail, r.at())
	}
}

func (c *recent) went(oldest result) {
	if oldest.failed() {
		if c.failed--; c.failed == 0 {
			c.lastFail = 0
		}
	}
}

// trackWeighed is the evidence of a track as last worked out, and of what.
type trackWeighed struct {
	all, allFail float64
	k, m         [windows]uint8
	l            [windows]float64
}
