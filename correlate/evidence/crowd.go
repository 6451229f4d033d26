package evidence

import (
	"slices"
	"sort"

	"faultline/correlate/cause"
)

// First is when the oldest report of a failure after from was made, 0 if there is
// none.
func (c *Crowd) First(from int64) int64 {
	for _, h := range c.Recent {
		if h.At > from && h.Code != CodeOK {
			return h.At
		}
	}
	return 0
}

// Report is one counted report.
type Report struct {
	At      int64
	Network uint32
	Net     uint32  // pseudonym of the prefix, 0 if unknown
	Who     uint64  // pseudonym of the person
	Country [2]byte // two letters; zero is unknown
	Code    uint16
	Held    bool // its site belonged to an incident then: that is what it speaks of
}

// Crowd is what people said of one site, with what is normal. A report touches its
// first 64 bytes, a line of the processor's cache, and mostly nothing more.
type Crowd struct {
	Recent    []Report // of trouble: ascending in time, fewer than 2·CrowdReports
	Well      []Report // that it works: ascending in time, fewer than 2·WellReports
	LastAt    int64    // of the newest report of either kind
	Unweighed uint32   // reports that matter since it was last weighed
	Weighed   bool
	alarming  bool // L says in some window that its site fails
	recount   bool // who is counted has changed since they were counted

	Base      Rate
	LoudSince int64 // far above normal, whenever it was weighed; 0: it is not
	Reach     int64 // what is older has been forgotten

	L       [Windows]float64 // evidence when it was last weighed
	weighed weighed          // for what L was worked out; not part of the state
}

// Add notes a report, among those of trouble or those that it works. Of one that is known to be the
// newest, as most are, those before it are not read.
func (c *Crowd) Add(h Report, newest bool) {
	c.LastAt = max(c.LastAt, h.At)
	if h.Code == CodeOK {
		c.Well = insert(c.Well, h, newest, WellReports)
	} else {
		c.Recent = insert(c.Recent, h, newest, CrowdReports)
	}
	if h.Code != CodeOK || c.alarming {
		c.Unweighed++
	}
	c.recount = true
}

// insert puts a report where its time is, and drops the oldest when twice as many
// as are kept have come.
func insert(to []Report, h Report, newest bool, keep int) []Report {
	i := len(to)
	for !newest && i > 0 && to[i-1].At > h.At {
		i--
	}
	if i == len(to) {
		to = append(to, h)
	} else {
		to = slices.Insert(to, i, h)
	}
	if len(to) >= 2*keep {
		to = append(to[:0], to[keep:]...)
	}
	return to
}

// Forget drops reports that no window reaches any more.
func (c *Crowd) Forget(now int64) { c.Drop(now - WindowMS[Windows-1] - lateBound) }

// Drop forgets the reports before a time.
func (c *Crowd) Drop(before int64) {
	c.Reach = max(c.Reach, before)
	for _, kept := range []*[]Report{&c.Recent, &c.Well} {
		if gone := len(*kept) - len(ReportsSince(*kept, before)); gone > 0 {
			*kept, c.recount = slices.Delete(*kept, 0, gone), true
		}
	}
}

// Since returns the reports of trouble from a time on.
func (c *Crowd) Since(from int64) []Report { return ReportsSince(c.Recent, from) }

// ReportsSince are the reports from a time on, of a list that ascends in time.
func ReportsSince(reports []Report, from int64) []Report {
	return reports[sort.Search(len(reports), func(i int) bool { return reports[i].At >= from }):]
}

// Silent reports whether nobody has said anything of late.
func (c *Crowd) Silent() bool { return c.LastAt < c.Reach }

// Between counts the reports of trouble after from, up to to.
func (c *Crowd) Between(from, to int64) float64 {
	return float64(max(0, len(c.Since(from+1))-len(c.Since(to+1))))
}

// Crowd weighs the reports of a site again, where perMinute are normal and the fold
// began at a time, before which nothing is known. The result stands in c.L. The caps of
// networks are of a generation: while that and the reports stay, so does their number.
func (g *Weigher) Crowd(c *Crowd, perMinute float64, from Networks, capsGen int, start, now int64) {
	history := c.QuietHistory(now)
	was, is := &c.weighed, weighed{perMinute: rounded(perMinute), capsGen: capsGen}
	if !c.recount && now < was.until && was.capsGen == is.capsGen {
		is.n, is.until = was.n, was.until
	} else {
		is.n, is.until = g.heads.countReporters(c, from, now)
	}
	loud := false
	c.alarming = false
	for w := range Windows {
		is.l[w] = was.l[w]
		if was.n[w] != is.n[w] || was.perMinute != is.perMinute {
			is.l[w] = g.known.evidence(is.n[w], is.perMinute, w)
		}
		c.L[w] = is.l[w]
		loud = loud || c.L[w] > cause.Failed
		if c.L[w] > 0 {
			quiet := max(history, c.quietBefore(now-WindowMS[w], max(start, c.Reach), is.perMinute))
			c.L[w] *= quiet / (quiet + QuietMinutes)
			c.alarming = c.alarming || c.L[w] > 0
		}
	}
	switch {
	case !loud:
		c.LoudSince = 0
	case c.LoudSince == 0:
		c.LoudSince = now
	}
	*was = is
	c.Unweighed, c.Weighed, c.recount = 0, true, false
}

// Alarming reports whether the reports speak, in some window, for a failure of the site.
func (c *Crowd) Alarming() bool { return c.alarming }

// Recall works out again what is kept beside L, after L was read from a checkpoint.
func (c *Crowd) Recall() { c.alarming = slices.Max(c.L[:]) > 0 }

// GrownLittle reports whether so little has come in since a crowd was weighed that it may
// wait for its turn.
func (c *Crowd) GrownLittle() bool {
	return c.Weighed && int(c.Unweighed)*crowdGrain <= len(c.Recent)
}

// Rises reports whether a crowd is far above normal: then nothing is learned of it.
func (c *Crowd) Rises(now int64) bool { return c.LoudSince != 0 && now-c.LoudSince < loudNormal }

// QuietHistory is how many minutes of quiet are known of a crowd: one that nobody has
// known quiet can't be said to have risen. Who is reported for the first time has
// been quiet until then.
func (c *Crowd) QuietHistory(now int64) float64 {
	return c.Base.T + float64(max(0, now-LearnLag-c.Base.From))/float64(minute)
}

// quietBefore is how many minutes from a time until another one a crowd was as quiet as
// perMinute has it: what is remembered of it is a past, too, before any of it is learned.
func (c *Crowd) quietBefore(at, from int64, perMinute float64) float64 {
	minutes := float64(at-from) / float64(minute)
	if minutes <= 0 || c.Between(from, at) > quietFactor*perMinute*minutes+FewReports {
		return 0
	}
	return minutes
}

// weighed is what the evidence of a crowd was last worked out for: mostly nothing
// has changed when it is evaluated again.
type weighed struct {
	n         [Windows]float64 // independent reports
	perMinute float64          // are normal
	l         [Windows]float64 // the evidence of that
	until     int64            // n stays the same if nobody says anything
	capsGen   int              // the state of the caps that it was counted by
}
