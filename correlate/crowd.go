package correlate

import "math"

// The crowd is judged by a negative binomial on independent reporters, with the
// alternative scaled by the size of the site: the silence of a small site is not
// health.

const (
	dispersion = 0.3 // of reports of one site a window (Fisher's α)
	// surge is how many times its normal rate a site draws when it is fully down.
	surge = 60.
	// reportLag is the mean time from failure to report.
	reportLag = float64(minute)
	// A network or prefix is worth so many reporters of one site, or four times
	// its share of all reports, whichever is more.
	networkCap      = 3
	networkShareCap = 4.
	prefixCap       = 2
	// fewReports and fewWorth: one or two people prove nothing.
	fewReports = 2
	fewWorth   = 0.25
	// calmFactor is how much more than normal still is calm.
	calmFactor = 2.
	// wellShare is how much of a crowd those can take back whom the site works for: a
	// cover-up makes an outage look half as loud, and hides none.
	wellShare = 0.5
)

var (
	surgeParts    = [...]float64{0.05, 0.2, 0.6, 2}
	logSurgeParts = math.Log(float64(len(surgeParts)))
)

// weighCrowdEvery is how many evaluations may pass until a crowd that says nothing
// new is weighed again.
const weighCrowdEvery = 6

// weighCrowd adds the evidence of a site's reports.
func (e *Engine) weighCrowd(s *site, j *judged) {
	c := e.crowdOf(s)
	if !c.Heard && c.Weighed && (e.clock/evalEvery+int64(j.id))%weighCrowdEvery != 0 {
		j.crowd = c.L
		return
	}
	past := c.history(e.clock)
	was, now := &c.weighed, weighed{perMinute: e.expected(s), caps: e.s.caps}
	if e.clock < was.until && was.caps == now.caps {
		now.n, now.until = was.n, was.until
	} else {
		now.n, now.until = e.countVoices(c)
	}
	loud := false
	for w := range windows {
		now.l[w] = was.l[w]
		if was.n[w] != now.n[w] || was.perMinute != now.perMinute {
			now.l[w] = crowdEvidence(now.n[w], now.perMinute, w)
		}
		c.L[w] = now.l[w]
		loud = loud || c.L[w] > failed
		if c.L[w] > 0 {
			calm := max(past, e.calmBefore(c, e.clock-windowMS[w], now.perMinute))
			c.L[w] *= calm / (calm + calmMinutes)
		}
	}
	since(&c.LoudSince, loud, e.clock)
	*was = now
	c.Heard, c.Weighed = false, true
	j.crowd = c.L
}

// loudNormal is how long a crowd may be loud until that is what is normal: a site
// may be far better known than its rank says.
const loudNormal = 60 * minute

// rises reports whether a crowd is far above normal: then nothing is learned of it.
func (c *crowd) rises(now int64) bool { return c.LoudSince != 0 && now-c.LoudSince < loudNormal }

// history is how many minutes of calm are known of a crowd: one that nobody has
// known calm can't be said to have risen. Who is heard for the first time has
// been calm until then.
func (c *crowd) history(now int64) float64 {
	return c.Base.T + float64(max(0, now-learnLag-c.Base.From))/float64(minute)
}

// calmBefore is how many minutes before a time a crowd was as calm as perMinute has
// it: what is remembered of it is a past, too, before any of it is learned.
func (e *Engine) calmBefore(c *crowd, at int64, perMinute float64) float64 {
	from := max(e.start, c.Reach)
	minutes := float64(at-from) / float64(minute)
	if minutes <= 0 || c.between(from, at) > calmFactor*perMinute*minutes+fewReports {
		return 0
	}
	return minutes
}

// weighed is what the evidence of a crowd was last worked out for: mostly nothing
// has changed when it is looked at again.
type weighed struct {
	n         [windows]float64 // independent reports
	perMinute float64          // are normal
	l         [windows]float64 // the evidence of that
	until     int64            // n stays the same if nobody says anything; 0: somebody has
	caps      int              // the state of the caps that it was counted by
}

// crowdEvidence is the evidence of n independent reports in a window, where
// perMinute are normal.
func crowdEvidence(n, perMinute float64, w int) float64 {
	span := float64(windowMS[w])
	minutes := span / float64(minute)
	told := minutes * span / (span + reportLag) // those who had time to
	l := crowdRatio(n, perMinute*minutes, surge*perMinute*told)
	if n <= fewReports {
		l = min(l, fewWorth*n)
	}
	return bounded(l, crowdEpsilon)
}

// crowdRatio is the log-likelihood ratio of n reports, mu expected when well and
// extra more when fully down; the severity is averaged over.
func crowdRatio(n, mu, extra float64) float64 {
	var terms [len(surgeParts)]float64
	for i, h := range surgeParts {
		mu1 := mu + extra*h
		rise := 0.
		if n != 0 {
			rise = n * math.Log(mu1/mu)
		}
		terms[i] = rise - (n+1/dispersion)*math.Log((1+dispersion*mu1)/(1+dispersion*mu)) - logSurgeParts
	}
	return logSumExp(terms[:])
}

// independent is how many people complain in each window, those whom the site works
// for taken off.
func (e *Engine) independent(c *crowd) [windows]float64 {
	n, _ := e.countVoices(c)
	return n
}

// countVoices also returns when the count is next another one if nobody says
// anything and the caps stay as they are.
func (e *Engine) countVoices(c *crowd) (n [windows]float64, until int64) {
	n, until = e.countIndependent(c.Recent)
	if len(c.Well) == 0 || n[windows-1] == 0 {
		return n, until
	}
	well, wellUntil := e.countIndependent(c.Well)
	for w := range n {
		n[w] -= min(well[w], wellShare*n[w])
	}
	return n, min(until, wellUntil)
}

// countIndependent counts reports for each window, every network and prefix
// capped: a thousand voices of one network are few. It also returns when an older
// one next leaves a window.
func (e *Engine) countIndependent(reports []heard) (n [windows]float64, until int64) {
	until = math.MaxInt64
	s := &e.s
	for len(s.perNet) < len(e.networks.rows) {
		s.perNet = append(s.perNet, make([]uint16, 256)...)
	}
	clear(s.perPrefix)
	if s.perPrefix == nil {
		s.perPrefix = map[uint32]uint8{}
	}
	w, total := 0, 0.
	sum, of := 0., 0. // of how many reports in total
	flush := func() float64 {
		if of == total {
			return sum
		}
		sum, of = 0, total
		for _, id := range s.netHits {
			sum += min(float64(s.perNet[id]), e.capOf(id, total))
		}
		return sum
	}
	for i := len(reports) - 1; i >= 0 && w < windows; i-- {
		h := reports[i]
		for w < windows && e.clock-h.At > windowMS[w] {
			n[w] = flush()
			w++
		}
		if w < windows {
			until = min(until, h.At+windowMS[w]+1)
		}
		if w == windows || e.networks.rows[h.Network].Incident != 0 {
			continue
		}
		if h.Net != 0 {
			if s.perPrefix[h.Net] >= prefixCap {
				continue
			}
			s.perPrefix[h.Net]++
		}
		if s.perNet[h.Network] == 0 {
			s.netHits = append(s.netHits, h.Network)
		}
		if s.perNet[h.Network] < math.MaxUint16 {
			s.perNet[h.Network]++
		}
		total++
	}
	for ; w < windows; w++ {
		n[w] = flush()
	}
	for _, id := range s.netHits {
		s.perNet[id] = 0
	}
	s.netHits = s.netHits[:0]
	return n, until
}

// capOf is what one network may weigh among total reports of a site.
func (e *Engine) capOf(id uint32, total float64) float64 {
	return max(networkCap, networkShareCap*e.shareOf(id)*total)
}
