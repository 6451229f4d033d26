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
// new is weighed again; one that does not speak for a failure either has twice as long.
const weighCrowdEvery = 6

// itsTurn reports whether the crowd of a site is weighed now whatever it says.
func (e *Engine) itsTurn(id uint32, speaks bool) bool {
	turn := e.clock/evalEvery + int64(id)
	return turn%weighCrowdEvery == 0 && (speaks || turn%(2*weighCrowdEvery) == 0)
}

// crowdGrain is how small a part of a crowd's reports says nothing new: one in so many.
const crowdGrain = 64

// weighCrowd adds the evidence of a site's reports.
func (e *Engine) weighCrowd(s *site, j *judged) {
	c := e.crowdOf(s)
	if c.Weighed && c.Heard*crowdGrain <= int64(len(c.Recent)) && !e.itsTurn(j.id, c.speaks()) {
		j.crowd = c.L
		return
	}
	past := c.history(e.clock)
	was, now := &c.weighed, weighed{perMinute: rounded(e.expected(s)), caps: e.s.caps}
	if e.clock < was.until && was.caps == now.caps {
		now.n, now.until = was.n, was.until
	} else {
		now.n, now.until = e.countVoices(c)
	}
	loud := false
	for w := range windows {
		now.l[w] = was.l[w]
		if was.n[w] != now.n[w] || was.perMinute != now.perMinute {
			now.l[w] = e.s.known.evidence(now.n[w], now.perMinute, w)
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
	c.Heard, c.Weighed = 0, true
	j.crowd = c.L
}

// rounded is a rate to within a fiftieth, as well as any is known: so what it is for
// need not be worked out again each time that something is learned.
func rounded(rate float64) float64 {
	const fine = 52 - 5 // bits of a fraction of 52 that are left out
	return math.Float64frombits((math.Float64bits(rate) + 1<<(fine-1)) &^ (1<<fine - 1))
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
	l := surgesIn[w].ratio(n, perMinute*float64(windowMS[w])/float64(minute))
	if n <= fewReports {
		l = min(l, fewWorth*n)
	}
	return bounded(l, crowdEpsilon)
}

// knownEvidence remembers what crowdEvidence of a few people is: sites are many, but
// rates are rounded and mostly few complain.
type knownEvidence []struct {
	of uint64
	l  float64
}

const (
	knownBits   = 16
	knownPeople = 1 << 12
)

func (k *knownEvidence) evidence(n, perMinute float64, w int) float64 {
	people := uint64(n)
	if n >= knownPeople || float64(people) != n {
		return crowdEvidence(n, perMinute, w)
	}
	if *k == nil {
		*k = make(knownEvidence, 1<<knownBits)
	}
	of := math.Float64bits(perMinute) | people<<4 | uint64(w)<<1 | 1 // a rounded rate ends in zeros
	at := &(*k)[of*0x9e3779b97f4a7c15>>(64-knownBits)]
	if at.of != of {
		at.of, at.l = of, crowdEvidence(n, perMinute, w)
	}
	return at.l
}

// crowdRatio is the log-likelihood ratio of n reports, mu expected when well and
// extra more when fully down; the severity is averaged over.
func crowdRatio(n, mu, extra float64) float64 {
	s := surgesOf(extra / mu)
	return s.ratio(n, mu)
}

// surges is how many times as many reports as when well are expected at each severity.
type surges struct{ rise, log [len(surgeParts)]float64 }

func surgesOf(extra float64) (s surges) {
	for i, h := range surgeParts {
		s.rise[i] = 1 + extra*h
		s.log[i] = math.Log(s.rise[i])
	}
	return s
}

// surgesIn is that for each window, in which not all had the time to report.
var surgesIn = func() (t [windows]surges) {
	for w, span := range windowMS {
		t[w] = surgesOf(surge * float64(span) / (float64(span) + reportLag))
	}
	return t
}()

// ratio is the log-likelihood ratio of n reports where mu are expected when well.
func (s *surges) ratio(n, mu float64) float64 {
	var terms [len(surgeParts)]float64
	for i, rise := range s.rise {
		terms[i] = n*s.log[i] - (n+1/dispersion)*math.Log((1+dispersion*mu*rise)/(1+dispersion*mu)) - logSurgeParts
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
	n, until = e.countIndependent(c.Recent, math.Inf(1))
	most := wellShare * n[windows-1] // that can be taken back
	if len(c.Well) == 0 || most == 0 {
		return n, until
	}
	well, wellUntil := e.countIndependent(c.Well, most)
	for w := range n {
		n[w] -= min(well[w], wellShare*n[w])
	}
	return n, min(until, wellUntil)
}

// countIndependent counts reports for each window, every network and prefix
// capped: a thousand voices of one network are few. Once a window holds enough of
// them, longer ones are said to hold as many. It also returns when an older one
// next leaves a window.
func (e *Engine) countIndependent(reports []heard, enough float64) (n [windows]float64, until int64) {
	until = math.MaxInt64
	v := &e.s.heads
	v.begin(len(e.networks.rows))
	w, last := 0, 0. // window, and how many it holds
	for i := len(reports) - 1; i >= 0 && last < enough; i-- {
		h := &reports[i]
		age := e.clock - h.At
		for age > windowMS[w] {
			n[w] = e.worth(v)
			if w++; w == windows {
				return n, until
			}
		}
		until = min(until, h.At+windowMS[w]+1)
		if e.s.mute > 0 && e.networks.rows[h.Network].Incident != 0 || !v.hear(h) {
			continue
		}
		if float64(v.total) >= enough {
			last = e.worth(v)
		}
	}
	last = e.worth(v)
	for ; w < windows; w++ {
		n[w] = last
	}
	return n, until
}

// headcount is the reports that were counted of one site so far.
type headcount struct {
	perNet    []uint16 // beside networks; a site keeps fewer than 2·crowdReports
	networks  []uint32 // that were heard
	loud      []uint32 // of them, those with more than networkCap
	perPrefix map[uint32]uint8
	total     int
}

// begin forgets what was counted.
func (v *headcount) begin(networks int) {
	for _, id := range v.networks {
		v.perNet[id] = 0
	}
	v.networks, v.loud, v.total = v.networks[:0], v.loud[:0], 0
	if len(v.perPrefix) > 0 {
		clear(v.perPrefix)
	}
	if grow := networks - len(v.perNet); grow > 0 {
		v.perNet = append(v.perNet, make([]uint16, grow)...)
	}
}

// hear counts a report, unless its prefix has been heard enough.
func (v *headcount) hear(h *heard) bool {
	if h.Net != 0 {
		if v.perPrefix[h.Net] >= prefixCap {
			return false
		}
		if v.perPrefix == nil {
			v.perPrefix = map[uint32]uint8{}
		}
		v.perPrefix[h.Net]++
	}
	v.perNet[h.Network]++
	switch v.perNet[h.Network] {
	case 1:
		v.networks = append(v.networks, h.Network)
	case networkCap + 1:
		v.loud = append(v.loud, h.Network)
	}
	v.total++
	return true
}

// worth is how many independent people the reports are worth that were counted.
func (e *Engine) worth(v *headcount) float64 {
	total := float64(v.total)
	sum := total
	for _, id := range v.loud {
		sum -= max(0, float64(v.perNet[id])-e.capOf(id, total))
	}
	return sum
}

// capOf is what one network may weigh among total reports of a site.
func (e *Engine) capOf(id uint32, total float64) float64 {
	return max(networkCap, networkShareCap*e.shareOf(id)*total)
}
