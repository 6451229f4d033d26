package web

import (
	"cmp"
	"context"
	"errors"
	"slices"
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
func (w *Web) stranger(c *gin.Context, v *voice, record faultline.SiteRecord, err error) (bool, error) {
	if w.cfg.Look == nil || !errors.Is(err, faultline.ErrNotFound) || !hostLike.MatchString(record.Site) {
		return false, nil
	}
	if asked := c.Param("site"); record.Site != asked {
		v.seeOther(c, "/site/"+record.Site+v.Query, cacheNever)
		return true, nil
	}
	looked := w.cfg.Look(c, record.Site)
	if len(looked.Probes) == 0 && !looked.Pending {
		return false, nil
	}
	return true, w.show(c, v, "looked/"+record.Site, func(context.Context) (doc, error) {
		return doc{page: "looked", data: v.lookedPage(record.Site, looked), cache: cacheNever}, nil
	})
}

func (v *voice) lookedPage(site string, looked Looked) lookedPage {
	p := lookedPage{Site: site}
	p.Answer, p.Lead = v.lookedWords(site, looked)
	for _, probe := range slices.Backward(looked.Probes) {
		row := lookRow{From: probe.Vantage, What: v.symptom(probe.Symptom), At: v.near(probe.At, formSecond)}
		if probe.Symptom == faultline.SymptomOK {
			row.What = v.say("looked.answers")
		}
		if probe.LatencyMS > 0 {
			row.Ms = v.say("looked.took", "Ms", v.number(probe.LatencyMS))
		}
		p.Rows = append(p.Rows, row)
	}
	p.shell = v.shell("", v.say("site.title", "Site", site), p.Answer)
	if looked.Pending {
		p.Refresh = lookRefresh
	}
	return p
}

func (v *voice) lookedWords(site string, looked Looked) (answer, lead string) {
	switch looked.Status.State {
	case faultline.SiteOK:
		return v.say("looked.ok", "Site", site), lines(v.say("looked.not_watched", "Site", site), v.say("looked.near_you", "Site", site))
	case faultline.SiteDown:
		if last := looked.Probes[len(looked.Probes)-1]; last.Symptom == faultline.SymptomDNS && last.Detail == "nxdomain" {
			return v.say("looked.none", "Site", site), v.say("looked.none_why", "Site", site)
		}
		return v.say("looked.down", "Site", site), v.say("looked.not_watched", "Site", site)
	case faultline.SiteDegraded:
		return v.say("looked.degraded", "Site", site), v.say("looked.not_watched", "Site", site)
	}
	if looked.Pending {
		return v.say("looked.pending", "Site", site), v.say("looked.pending_why", "Site", site)
	}
	return v.say("looked.unknown", "Site", site), v.say("looked.unknown_why", "Site", site)
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
	prosePage
	Robots string
}

func (w *Web) prober(c *gin.Context, v *voice) error {
	return w.show(c, v, "prober", func(context.Context) (doc, error) {
		return doc{page: "prober", data: proberPage{v.prose("prober"), "User-agent: faultline\nDisallow: /"}, cache: cacheBriefly}, nil
	})
}

// impaired says which places can't see just now.
func (v *voice) impaired() string {
	if v.cfg.Vantages == nil {
		return ""
	}
	var names []string
	sees := 0
	for _, place := range v.cfg.Vantages() {
		switch place.State {
		case faultline.VantageOK:
			sees++
		case faultline.VantageBlind, faultline.VantageSick:
			names = append(names, place.Vantage+" ("+cmp.Or(place.Why, string(place.State))+")")
		}
	}
	switch {
	case len(names) == 0:
		return ""
	case sees == 0:
		return v.say("now.blind")
	}
	return v.say("now.impaired", "Places", strings.Join(names[:min(len(names), impairedNamed)], ", "))
}

// impairedNamed bounds the places that a sentence names.
const impairedNamed = 5
