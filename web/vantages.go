package web

import (
	"context"
	"fmt"
	"strings"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// vantagesPage answers: where does Faultline check from, since when, and how well?
type vantagesPage struct {
	shell
	Answer, Lead string
	Rows         []vantageRow
}

// vantageRow is one place that checks are made from. It holds nothing of its address or its
// token: where a vantage is exactly is its operator's business.
type vantageRow struct {
	Name, Place string
	Class       string // how the state is drawn
	Word, Why   string
	Since       *moment // of the state
	Known       *moment
	InTime, Of  string // the share of its checks that arrived in time, and of how many
	Version     string
}

// vantagesListed bounds the rows of the page; the API has all.
const vantagesListed = 500

// vantages lists where checks are made from. Readers judge by it how much "worldwide" is
// worth.
func (w *Web) vantages(c *gin.Context, v *localizer) error {
	return w.show(c, v, "vantages", func(context.Context) (doc, error) {
		return doc{page: "vantages", data: v.vantagesPage(), cache: page.CacheBriefly}, nil
	})
}

// vantagesPage builds the list. A drill has no real vantages, so its page says how many it
// simulates.
func (v *localizer) vantagesPage() vantagesPage {
	var all []faultline.VantageStatus
	if v.cfg.Vantages != nil {
		all = v.cfg.Vantages()
	}
	p, well := vantagesPage{}, 0
	for _, vantage := range all {
		if vantage.State == faultline.VantageOK {
			well++
		}
		if len(p.Rows) < vantagesListed {
			p.Rows = append(p.Rows, v.vantageRow(vantage))
		}
	}
	p.Answer, p.Lead = v.count("vantages.answer", well, "Of", v.number(len(all))), v.say("vantages.lead")
	simulated := v.cfg.Source.View().Vantages
	switch {
	case len(all) == 0 && v.cfg.Drill && simulated > 0:
		p.Answer, p.Lead = v.count("vantages.drill", simulated), v.say("vantages.drill_why")
	case len(all) == 0:
		p.Answer, p.Lead = v.say("vantages.none"), v.say("vantages.none_why")
	}
	p.shell = v.shell("/vantages", v.say("vantages.title"), p.Answer)
	return p
}

// vantageClasses are the classes of style that a vantage's states are drawn with: those of
// sites, so that a colour means the same on all pages.
var vantageClasses = map[faultline.VantageState]string{
	faultline.VantageOK: "ok", faultline.VantageBlind: "down", faultline.VantageSick: "degraded",
	faultline.VantageSilent: "unknown", faultline.VantageUnknown: "unknown",
}

// vantageRow is the row of one vantage. The reason is translated if it is one of our own
// texts; a reason of another form is not shown, because a vantage could write anything there.
func (v *localizer) vantageRow(of faultline.VantageStatus) vantageRow {
	row := vantageRow{Name: of.Vantage, Class: vantageClasses[of.State],
		Word: v.say("vantage_state." + string(of.State))}
	for _, why := range faultline.VantageWhys {
		if text, ok := faultline.ReadVantageWhy(string(why)); ok && of.Why == text {
			row.Why = v.say("vantage_why." + string(why))
		}
	}
	var place []string
	if of.ASN != 0 {
		place = append(place, fmt.Sprintf("AS%d", of.ASN))
	}
	if of.Country != "" {
		place = append(place, of.Country)
	}
	row.Place = strings.Join(place, ", ")
	if !of.Since.IsZero() && of.State != faultline.VantageOK {
		since := v.near(of.Since, formDated)
		row.Since = &since
	}
	if !of.KnownSince.IsZero() {
		known := v.near(of.KnownSince, formDated)
		row.Known = &known
	}
	if h := of.Health; h != nil && of.State != faultline.VantageSilent {
		row.Version = h.Version
		if share, ok := h.Share(); ok {
			row.InTime, row.Of = v.percent(share), v.say("vantages.of", "N", v.number(h.Delivered), "Of",
				v.number(h.Due))
		}
	}
	return row
}
