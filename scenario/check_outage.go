package scenario

import (
	"fmt"
	"slices"
	"time"

	"faultline"
)

// checkSites checks the sites, and returns their names. Sites depend on what they buy
// or stand in. The networks of viewers are no such thing, the site itself is its own,
// and its top-level domain follows from the name.
func (s Spec) checkSites(c *complaints) map[string]bool {
	c.count("/sites", len(s.Sites), 1, maxSites)
	known := make(map[string]bool, len(s.Sites))
	for i, site := range s.Sites {
		at := fmt.Sprintf("/sites/%d", i)
		c.add(host.MatchString(site.Site) && len(site.Site) <= 253, at+"/site",
			"%q is not the ASCII lower-case name of a host", site.Site)
		c.add(!known[site.Site], at+"/site", "%s stands twice", site.Site)
		c.add(site.Rank >= 1, at+"/rank", "%d is not 1 or more", site.Rank)
		c.add(site.Home == "" || country.MatchString(site.Home), at+"/home", "%q is no country code", site.Home)
		c.count(at+"/components", len(site.Components), 0, maxComponents)
		for k, comp := range site.Components {
			p := fmt.Sprintf("%s/components/%d", at, k)
			standsOn := comp.Kind() != faultline.KindISP && comp.Kind() != faultline.KindSite &&
				comp.Kind() != faultline.KindTLD
			c.add(comp.Valid() && standsOn, p, "%q is nothing that a site is told to depend on", comp)
			c.add(!slices.Contains(site.Components[:k], comp), p, "%q stands twice", comp)
		}
		for comp, share := range site.Shares {
			p := at + "/shares/" + pointerToken(string(comp))
			c.add(slices.Contains(site.Components, comp), p, "%s does not depend on it", site.Site)
			c.within(p, share, 0, 1)
		}
		c.count(at+"/mapped", len(site.Mapped), 0, maxComponents)
		for k, comp := range site.Mapped {
			c.add(comp.Valid(), fmt.Sprintf("%s/mapped/%d", at, k), "%q is no component", comp)
		}
		known[site.Site] = true
	}
	return known
}

// checkFailure checks one failure: that some site depends on its component, and that
// its curves go forward in time. A failure that hits nobody would be a truth that no
// method could find.
func (s Spec) checkFailure(c *complaints, at string, f Failure, known map[string]bool) {
	c.add(f.Component.Valid(), at+"/component", "%q is no component", f.Component)
	if f.Component.Kind() == faultline.KindISP {
		c.add(asNumber(f.Component) > 0, at+"/component", "%q names no AS", f.Component)
	} else {
		c.add(s.concerns(f.Component), at+"/component", "no site depends on %q", f.Component)
	}
	f.Symptoms.check(c, at+"/symptoms")
	c.add(f.Status == 0 || f.Status >= minStatus && f.Status <= maxStatus, at+"/status", "%d is not between %d and %d",
		f.Status, minStatus, maxStatus)
	for i, code := range f.Countries {
		c.add(country.MatchString(code), fmt.Sprintf("%s/countries/%d", at, i), "%q is no country code", code)
	}
	for i, site := range f.Sites {
		c.add(known[site], fmt.Sprintf("%s/sites/%d", at, i), "%q is not among the sites", site)
	}
	c.count(at+"/q", len(f.Q), 1, maxPoints)
	c.count(at+"/returns", len(f.Returns), 0, maxPoints)
	for i, p := range f.Q {
		place := fmt.Sprintf("%s/q/%d", at, i)
		c.within(place+"/q", p.Q, 0, 1)
		c.add(!p.At.Before(s.Onset) && s.holds(p.At), place+"/at", "is before onset or after end")
		// A curve goes from one point to the next, in time.
		c.add(i == 0 || p.At.After(f.Q[i-1].At), place+"/at", "is not after the point before it")
	}
	for i, r := range f.Returns {
		place := fmt.Sprintf("%s/returns/%d", at, i)
		c.within(place+"/share", r.Share, 0, 1)
		c.add(!r.At.Before(s.Onset) && s.holds(r.At), place+"/at", "is before onset or after end")
		// A share that sinks would mean that a site which has returned fails again, which
		// is a second failure.
		c.add(i == 0 || r.At.After(f.Returns[i-1].At) && r.Share >= f.Returns[i-1].Share, place,
			"is not after the point before it, or takes sites away again")
	}
}

// checkEcho checks an echo.
func (s Spec) checkEcho(c *complaints, at string, e Echo, known map[string]bool) {
	c.add(s.holds(e.From) && s.holds(e.To) && e.To.After(e.From), at, "from and to are not a stretch of the scenario")
	c.within(at+"/factor", e.Factor, 1, maxFactor)
	c.count(at+"/sites", len(e.Sites), 1, maxSites)
	for i, site := range e.Sites {
		c.add(known[site], fmt.Sprintf("%s/sites/%d", at, i), "%q is not among the sites", site)
	}
}

// checkAttack checks an attack.
func (s Spec) checkAttack(c *complaints, at string, a Attack, known map[string]bool) {
	c.add(s.holds(a.From) && s.holds(a.To) && a.To.After(a.From), at, "from and to are not a stretch of the scenario")
	c.within(at+"/per_minute", a.PerMinute, 0, maxRate)
	a.Symptoms.check(c, at+"/symptoms")
	c.within(at+"/people", float64(a.People), 0, maxPeople)
	c.networks(at+"/networks", a.Networks)
	c.count(at+"/sites", len(a.Sites), 1, maxSites)
	for i, site := range a.Sites {
		c.add(known[site], fmt.Sprintf("%s/sites/%d", at, i), "%q is not among the sites", site)
	}
}

// check checks the dirt.
func (d Dirt) check(c *complaints) {
	c.within("/dirt/repeated", d.Repeated, 0, 1)
	c.within("/dirt/late", d.Late, 0, 1)
	c.within("/dirt/late_s", float64(d.LateS), 0, maxLateS)
}

// checkStatement checks what a provider says.
func (s Spec) checkStatement(c *complaints, at string, st faultline.Statement) {
	c.add(s.holds(st.At) && st.At.Before(s.End), at+"/at", "is outside the scenario")
	c.add(st.Component.Valid(), at+"/component", "%q is no component", st.Component)
	c.add(st.Source != "" && st.Status != "" && st.Text != "", at, "source, status and text must be said")
}

// holds reports whether a moment lies in the scenario.
func (s Spec) holds(t time.Time) bool { return !t.Before(s.Start) && !t.After(s.End) }

// concerns reports whether any site feels a failure of c.
func (s Spec) concerns(c faultline.Component) bool {
	return slices.ContainsFunc(s.Sites, func(site Site) bool { return site.Weight(c) > 0 })
}

// checkRecord refuses a record that the scenario itself does not bear out. A record is
// shown to readers beside the replay, so a claim without a source is refused.
func (s Spec) checkRecord(c *complaints, known map[string]bool) {
	r := s.Record
	if r == nil {
		return
	}
	c.add(r.Cause.Valid(), "/record/cause", "%q is no component", r.Cause)
	c.add(r.URL != "", "/record/url", "is missing")
	c.add(!r.FirstWord.IsZero() || r.WordNote != "", "/record/word_note", "must say why the first word has no time")
	c.add(r.FirstWord.IsZero() || s.holds(r.FirstWord), "/record/first_word", "is outside the scenario")
	c.add(r.Ended.IsZero() || r.Ended.After(s.End), "/record/ended", "is not after the end of the scenario")
	for i, site := range r.Well {
		c.add(known[site], fmt.Sprintf("/record/well/%d", i), "%q is not among the sites", site)
	}
}
