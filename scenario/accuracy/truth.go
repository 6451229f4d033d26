package accuracy

import (
	"math"
	"slices"
	"time"

	"faultline"
	"faultline/scenario"
)

// What makes a failing site one that could be seen: so many failing probes that are so
// large a share of all, or so many reports. A site that nobody could see fail is not
// asked for, and naming it is no mistake.
const (
	seenProbes  = 6.
	seenShare   = 0.1
	seenReports = 60.
	truthStep   = 15 * time.Second
)

// settle works out the truth of every cause from what was drawn: which sites it hit,
// and which of them could be seen to fail. The sites of an internet service provider's
// failure are not asked for: they are well, and only its customers do not reach them.
func (d *draft) settle() {
	for i, c := range d.causes {
		f := Fault{
			Component: c.component, Accept: c.accept, Onset: d.at(c.from), End: d.at(c.to),
			Demanded: c.demanded, Timed: c.timed,
		}
		if c.component.Kind() != faultline.KindISP {
			d.hit(&f, c, d.others(i))
		}
		d.truth = append(d.truth, f)
	}
	slices.SortStableFunc(d.truth, func(a, b Fault) int { return a.Onset.Compare(b.Onset) })
}

// others are the sites that fail for another cause while this one lasts.
func (d *draft) others(mine int) map[string]bool {
	out := map[string]bool{}
	for i, c := range d.causes {
		if i == mine || c.component.Kind() == faultline.KindISP || c.from > d.causes[mine].to ||
			c.to < d.causes[mine].from {
			continue
		}
		for _, s := range d.sites {
			if d.hits(s, c) {
				out[s.Site] = true
			}
		}
	}
	return out
}

// hits reports whether a cause's failures concern a site.
func (d *draft) hits(s scenario.Site, c cause) bool {
	return slices.ContainsFunc(c.failures, func(i int) bool {
		f := d.spec.Failures[i]
		return s.Weight(f.Component) > 0 && (len(f.Sites) == 0 || slices.Contains(f.Sites, s.Site))
	})
}

// hit sorts the sites of a cause by whether anyone could see them fail. Those
// that fail for other causes too are asked of none.
func (d *draft) hit(f *Fault, c cause, others map[string]bool) {
	for _, s := range d.sites {
		if !d.hits(s, c) {
			continue
		}
		var failed, probes, reports float64
		for _, i := range c.failures {
			fl, pr, re := d.expect(s, d.spec.Failures[i])
			failed, probes, reports = failed+fl, probes+pr, reports+re
		}
		seen := failed >= seenProbes && failed >= seenShare*probes || reports >= seenReports
		if seen && !others[s.Site] {
			f.Sites = append(f.Sites, s.Site)
		} else {
			f.Maybe = append(f.Maybe, s.Site)
		}
	}
	slices.Sort(f.Sites)
	slices.Sort(f.Maybe)
}

// expect is how many failing probes, probes at all, and reports a failure makes of a
// site while it lasts. It is computed and not counted, so that the truth does not
// depend on chance.
func (d *draft) expect(s scenario.Site, f scenario.Failure) (failed, probes, reports float64) {
	scope := func(country string) bool { return len(f.Countries) == 0 || slices.Contains(f.Countries, country) }
	perStep := 0.
	for _, v := range d.spec.Vantages {
		if scope(v.Country) && !s.Unprobed {
			perStep += truthStep.Seconds() / float64(v.CadenceS)
		}
	}
	audience, all := 0., 0.
	for _, n := range d.spec.Crowd.Networks {
		all += n.Share
		if scope(n.Country) {
			audience += n.Share
		}
	}
	audience /= all
	if s.Home != "" {
		audience *= 1 - d.spec.Crowd.Home
		if scope(s.Home) {
			audience += d.spec.Crowd.Home
		}
	}
	rate := d.spec.Crowd.Rate / math.Pow(float64(s.Rank+1), d.spec.Crowd.Exponent) * truthStep.Minutes()
	first, last := f.Q[0].At, f.Q[len(f.Q)-1].At
	for at := first; at.Before(last); at = at.Add(truthStep) {
		q := s.Weight(f.Component) * valueAt(f.Q, at)
		failed += perStep * q
		probes += perStep
		reports += rate * audience * q * math.Exp(-at.Sub(first).Seconds()/d.spec.Crowd.WearyS)
	}
	return failed, probes, reports
}

// valueAt reads a curve of straight lines. It is 0 before the first point, and the last
// value holds for ever.
func valueAt(curve []scenario.Point, at time.Time) float64 {
	for i := len(curve) - 1; i >= 0; i-- {
		switch p := curve[i]; {
		case p.At.After(at):
		case i == len(curve)-1:
			return p.Q
		default:
			next := curve[i+1]
			return p.Q + (next.Q-p.Q)*float64(at.Sub(p.At))/float64(next.At.Sub(p.At))
		}
	}
	return 0
}
