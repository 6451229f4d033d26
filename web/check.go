package web

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Checks has sites checked that are not on the list, for a person who asks.
// Package ingest has it.
type Checks interface {
	// Ask has a site checked and returns at once. It reports known, and checks
	// nothing, when the site is on the list. It fails with
	// [faultline.InvalidError], [faultline.BusyError] or [faultline.ErrUnavailable].
	Ask(ctx context.Context, addr netip.Addr, site string) (check faultline.Check, known bool, err error)
	// Check returns what came of it so far, or [faultline.ErrNotFound].
	Check(ctx context.Context, id string) (faultline.Check, error)
}

// checkPage answers for a site that is not on the list: it offers a check, or says what
// came of one. It is never kept by caches, because its form is good for a
// while only.
type checkPage struct {
	shell
	Site   string
	Answer string
	Lead   string
	Rows   []checkRow
	Token  string // of the form that asks for a check; empty: none can be asked for
}

// checkRow is the result of one vantage.
type checkRow struct {
	From string
	What string
	Ms   string
	At   moment
}

// checkRefresh is after how many seconds a page that waits for a result loads again by
// itself. It works without a script; two seconds is about what the first vantage takes.
const checkRefresh = 2

// offerCheck shows the page of a site that is not on the list, with a form that asks
// for a check of it. To show the page asks for nothing. A search engine that follows
// links to unknown sites must not set off checks.
func (w *Web) offerCheck(c *gin.Context, v *localizer, record faultline.SiteRecord, err error) (bool, error) {
	if w.cfg.Checks == nil || !errors.Is(err, faultline.ErrNotFound) || !hostLike.MatchString(record.Site) {
		return false, nil
	}
	if asked := c.Param("site"); record.Site != asked {
		v.seeOther(c, "/site/"+record.Site+v.Query, page.CacheNever)
		return true, nil
	}
	return true, w.show(c, v, "check/"+record.Site, func(ctx context.Context) (doc, error) {
		p := checkPage{Site: record.Site, Answer: v.say("check.not_watched", "Site", record.Site),
			Lead: v.say("check.offer")}
		p.shell = v.shell("", v.say("site.title", "Site", record.Site), p.Answer)
		p.Token = v.checkToken(ctx, record.Site)
		return doc{page: "check", data: p, cache: page.CacheNever}, nil
	})
}

// checkToken is the token of a form that asks for a check; empty when none can
// be made just now.
func (v *localizer) checkToken(ctx context.Context, site string) string {
	token, err := v.forms.issue(ctx, site, v.cfg.Wall())
	if err != nil {
		v.log.WarnContext(ctx, "the form that asks for a check is left out", "error", err)
	}
	return token
}

// askCheck takes the form that asks for a check, and leads to its result. The form must
// be ours and fresh, or any page on the web could have its readers order checks.
func (w *Web) askCheck(c *gin.Context, v *localizer) error {
	site := c.Param("site")
	if w.cfg.Checks == nil {
		return faultline.ErrNotFound
	}
	if _, err := w.ownForm(c, site); err != nil {
		return err
	}
	addr, err := readerAddr(c)
	if err != nil {
		return err
	}
	check, known, err := w.cfg.Checks.Ask(c, addr, site)
	if err != nil {
		return err
	}
	if known {
		v.seeOther(c, "/site/"+check.Site+v.Query, page.CacheNever)
		return nil
	}
	v.seeOther(c, "/check/"+check.ID+v.Query, page.CacheNever)
	return nil
}

// toCheck answers whoever asks with GET for what the form is sent to. That happens when
// somebody reloads or shares the address of the form.
func (w *Web) toCheck(c *gin.Context, v *localizer) error {
	v.seeOther(c, "/site/"+c.Param("site")+v.Query, page.CacheNever)
	return nil
}

// check shows what came of a check to whoever has its id, for as long as it is kept (ten
// minutes). No page lists the ids.
func (w *Web) check(c *gin.Context, v *localizer) error {
	if w.cfg.Checks == nil {
		return faultline.ErrNotFound
	}
	check, err := w.cfg.Checks.Check(c, c.Param("id"))
	if err != nil {
		return err
	}
	return w.show(c, v, "check/"+check.ID, func(ctx context.Context) (doc, error) {
		p := v.checkPage(check)
		if !check.Pending {
			p.Token = v.checkToken(ctx, check.Site)
		}
		return doc{page: "check", data: p, cache: page.CacheNever}, nil
	})
}

// checkPage shows the result of a check that somebody asked for, the newest answer first.
func (v *localizer) checkPage(check faultline.Check) checkPage {
	p := checkPage{Site: check.Site}
	p.Answer, p.Lead = v.checkWords(check)
	for _, probe := range slices.Backward(check.Results) {
		row := checkRow{From: probe.Vantage, What: v.symptom(probe.Symptom), At: v.near(probe.At, formSecond)}
		if probe.Symptom == faultline.SymptomOK {
			row.What = v.say("check.answers")
		}
		if probe.LatencyMS > 0 {
			row.Ms = v.say("check.took", "Ms", v.number(probe.LatencyMS))
		}
		p.Rows = append(p.Rows, row)
	}
	p.shell = v.shell("", v.say("site.title", "Site", check.Site), p.Answer)
	if check.Pending {
		p.Refresh = checkRefresh
	}
	return p
}

// checkWords says in words what the vantages found. It says that nobody else sees the result.
func (v *localizer) checkWords(check faultline.Check) (answer, lead string) {
	site := check.Site
	switch check.State {
	case faultline.SiteOK:
		return v.say("check.ok", "Site", site),
			lines(v.say("check.only_you", "Site", site), v.say("check.near_you", "Site", site))
	case faultline.SiteDown:
		if last := check.Results[len(check.Results)-1]; last.Symptom == faultline.SymptomDNS &&
			last.Detail == "nxdomain" {
			return v.say("check.none", "Site", site), v.say("check.none_why", "Site", site)
		}
		return v.say("check.down", "Site", site), v.say("check.only_you", "Site", site)
	case faultline.SiteDegraded:
		return v.say("check.degraded", "Site", site), v.say("check.only_you", "Site", site)
	}
	switch {
	case check.Pending:
		return v.say("check.pending", "Site", site), v.say("check.pending_why", "Site", site)
	case len(check.Results) == 0:
		return v.say("check.unknown", "Site", site), v.say("check.nobody")
	}
	return v.say("check.unknown", "Site", site), v.say("check.unknown_why", "Site", site)
}

// proberPage explains the probes to the owners of sites.
type proberPage struct {
	prosePage
	Robots string
}

// prober is the page to which the User-Agent of probes leads: what a probe does, and how to opt
// out.
func (w *Web) prober(c *gin.Context, v *localizer) error {
	return w.show(c, v, "prober", func(context.Context) (doc, error) {
		return doc{page: "prober", data: proberPage{v.prose("prober"), "User-agent: faultline\nDisallow: /"},
			cache: page.CacheBriefly}, nil
	})
}
