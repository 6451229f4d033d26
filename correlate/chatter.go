package correlate

import "faultline/correlate/evidence"

// How loud people were before an incident. What is usual is learned of quiet minutes, so that
// in the first hour of a log it is far too low wherever people complain more than the rank of
// a site suggests. Ordinary complaints would then agree with any vantage. People agree only if
// they say more than they said just before the onset.

// hearChatter measures how many times as loud as usual people were before an incident's
// onset about all that depends on its cause. Reports are kept for half an hour, so that a
// measure that was taken stands once that time is out of reach.
func (e *Engine) hearChatter(in *incident) {
	to := in.Onset[0] - chatterGap
	from := max(e.start, e.clock-evidence.WindowMS[evidence.Windows-1])
	if to-from < chatterLeast {
		return
	}
	in.Chatter = e.chatter(e.dependentSites(in), from, to)
}

// chatter is how many times as many people as usual complained of some sites in a span of
// time: 1 at least, and nearer to 1 the fewer are usual.
func (e *Engine) chatter(sites []uint32, from, to int64) float64 {
	p := pooled{perNet: map[uint32]int{}}
	spoke := map[uint64]bool{}
	for _, id := range sites {
		s := e.sites.rows[id]
		since := from
		if c := s.Crowd; c != nil && len(c.Recent) > 0 {
			if len(c.Recent) >= evidence.CrowdReports {
				since = max(since, c.Recent[0].At) // what came before it is forgotten
			}
			e.eachAccuser(s, since, func(h *evidence.Report) {
				// What was said of a site in an outage is about that outage.
				if h.At >= to || h.Held || spoke[h.Who] {
					return
				}
				spoke[h.Who] = true
				p.perNet[h.Network]++
				p.total++
			})
		}
		p.normal += e.expected(s) * float64(max(0, to-since)) / float64(minute)
	}
	return e.loudness(p)
}

// capped is how many people a pool is worth, each network capped.
func (e *Engine) capped(p pooled) float64 {
	n := 0.
	for _, id := range sortedKeys(p.perNet) {
		n += min(float64(p.perNet[id]), evidence.CapOf(e.shareOf(id), p.total))
	}
	return n
}
