package web

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"faultline"

	"github.com/gin-gonic/gin"
)

// Looked is what came of looking at a site that nobody probes as a matter of
// course.
type Looked struct {
	Probes  []faultline.Probe    // of the last minutes, oldest first
	Status  faultline.SiteStatus // as they have it
	Pending bool                 // a look was asked for just now
}

// lookedPage answers for a site that the map does not hold: a look from each
// place that can, made because somebody asked.
type lookedPage struct {
	shell
	Site   string
	Answer string
	Lead   string
	Rows   []lookRow
}

// lookRow is one look.
type lookRow struct {
	From string
	What string
	Ms   string
	At   moment
}

// lookRefresh is after how many seconds a page that waits for a look loads anew.
const lookRefresh = 2

// stranger shows a site that the map does not hold, if it may be looked at.
func (w *Web) stranger(c *gin.Context, record faultline.SiteRecord, err error) (bool, error) {
	if w.cfg.Look == nil || !errors.Is(err, faultline.ErrNotFound) || !hostLike.MatchString(record.Site) {
		return false, nil
	}
	if asked := c.Param("site"); record.Site != asked {
		w.seeOther(c, "/site/"+record.Site, cacheNever)
		return true, nil
	}
	looked := w.cfg.Look(c, record.Site)
	if len(looked.Probes) == 0 && !looked.Pending {
		return false, nil
	}
	return true, w.show(c, "looked/"+record.Site, func(context.Context) (doc, error) {
		return doc{page: "looked", data: w.lookedPage(record.Site, looked), cache: cacheNever}, nil
	})
}

func (w *Web) lookedPage(site string, looked Looked) lookedPage {
	p := lookedPage{Site: site}
	p.Answer, p.Lead = lookedWords(site, looked)
	for i := len(looked.Probes) - 1; i >= 0; i-- {
		probe := looked.Probes[i]
		row := lookRow{From: probe.Vantage, What: symptomWords(probe.Symptom), At: momentOf(probe.At, formSecond)}
		if probe.Symptom == faultline.SymptomOK {
			row.What = "it answers"
		}
		if probe.LatencyMS > 0 {
			row.Ms = number(probe.LatencyMS) + " ms"
		}
		p.Rows = append(p.Rows, row)
	}
	p.shell = w.shell("Is "+site+" down? Faultline", p.Answer)
	if looked.Pending {
		p.Refresh = lookRefresh
	}
	return p
}

const notWatched = "It is not on our map, so that we do not watch it; we looked because you asked."

func lookedWords(site string, looked Looked) (answer, lead string) {
	switch looked.Status.State {
	case faultline.SiteOK:
		return "No: " + site + " works as seen from our probes.", notWatched + " If it does not work for you, the fault may be near you."
	case faultline.SiteDown:
		if last := looked.Probes[len(looked.Probes)-1]; last.Symptom == faultline.SymptomDNS && last.Detail == "nxdomain" {
			return "There is no " + site + ".", "The name does not exist. It may be mistyped, or its registration may have ended."
		}
		return "Yes: " + site + " is failing as seen from our probes.", notWatched
	case faultline.SiteDegraded:
		return "Partly: " + site + " fails from some places.", notWatched
	}
	if looked.Pending {
		return "We are looking at " + site + " now.", "This takes a few seconds. It is not on our map, so that we do not watch it."
	}
	return "We can’t tell how " + site + " does.", "It does not let our probes in, which is no sign of an outage."
}

// glance is what a look says of a site of the map that nobody has said anything
// about: asking for its page asks for one.
func (w *Web) glance(ctx context.Context, status faultline.SiteStatus, heard bool) (faultline.SiteStatus, bool) {
	if heard || w.cfg.Look == nil {
		return status, heard
	}
	looked := w.cfg.Look(ctx, status.Site)
	if len(looked.Probes) == 0 {
		return status, false
	}
	found := looked.Status
	found.Components, found.Rank, found.Incidents = status.Components, status.Rank, status.Incidents
	return found, true
}

// proberPage explains the probes to the owners of sites.
type proberPage struct {
	shell
	Robots string
}

func (w *Web) prober(c *gin.Context) error {
	return w.show(c, "prober", func(context.Context) (doc, error) {
		p := proberPage{shell: w.shell("About Faultline’s probes", "What Faultline’s probes do, and how to be left alone."),
			Robots: "User-agent: faultline\nDisallow: /"}
		p.Canonical = w.absolute("/prober")
		return doc{page: "prober", data: p, cache: cacheBriefly}, nil
	})
}

// impaired says which places can't see just now.
func (w *Web) impaired() string {
	if w.cfg.Vantages == nil {
		return ""
	}
	all := w.cfg.Vantages()
	var names []string
	sees := 0
	for _, v := range all {
		switch v.State {
		case faultline.VantageOK:
			sees++
		case faultline.VantageBlind, faultline.VantageSick:
			names = append(names, v.Vantage+" ("+cmp.Or(v.Why, string(v.State))+")")
		}
	}
	switch {
	case len(names) == 0:
		return ""
	case sees == 0:
		return "Our probes are impaired: none of them can see the internet just now, and what we do not see is unknown, not well."
	}
	return "Our probes are impaired at " + strings.Join(names[:min(len(names), impairedNamed)], ", ") + ": what they see does not count."
}

// impairedNamed bounds the places that a sentence names.
const impairedNamed = 5
