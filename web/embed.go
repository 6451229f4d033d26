package web

import (
	"context"
	"html/template"
	"net/url"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Bounds of a widget: rows of its table, and incidents that it names. A widget has a fixed
// height on somebody else's page.
const (
	// Frames have a height that allows for so many rows (faultline.WidgetHeight): more
	// would be cut off.
	widgetRows  = 12
	widgetHeads = 3
)

// embedPage is a widget: what we show in a frame on somebody else's page. Its content
// is that of our own pages, cut short. Kind is incident, site, component, provider or
// now, and the template shows what each has. A field that is empty is left out. A
// frozen widget never asks for news, so that an article shows the same after years.
type embedPage struct {
	shell
	Kind    string // incident, site, component, now
	Head    *headline
	Answer  string // of the others
	Reason  string
	Counts  []tally
	Heads   []headline
	More    int // incidents that are not named
	Charts  []figure
	Rows    []siteRow
	Reasons []string
	Unknown []string
	Frozen  bool
	Link    string
	Hash    string        // of the revision, as the signed record has it; empty where there is none
	Source  template.HTML // where it is from, and of when
}

// embedIncident serves the widget of an incident, live or of one revision. Articles embed a
// revision, so that what they show stays what they wrote about.
func (w *Web) embedIncident(c *gin.Context, v *localizer) error {
	id, revision, err := readID(c.Param("id"))
	if err != nil {
		return err
	}
	o := v.options(c)
	build := func(ctx context.Context) (doc, error) {
		inc, err := w.incidentOf(ctx, id, revision)
		if err != nil {
			return doc{}, err
		}
		p, final := v.in(o.zone).incidentWidget(ctx, &inc, revision, o)
		return doc{page: "embed", data: p, cache: cacheOf(final)}, nil
	}
	key := widgetKey(c.Param("id"), o)
	// A revision never changes, so its widget is kept on disk and served without Redis.
	if revision != 0 {
		return w.showFixed(c, v, w.policies.embed, key, build)
	}
	return w.show(c, v, key, build)
}

// widgetKey tells the widgets of incidents apart in the cache: by incident, revision and
// options. keepWidget uses it too, hence the function.
// The options are part of the key, since each choice of them is another page.
func widgetKey(of string, o widgetOptions) string { return "embed/incident/" + of + "?" + o.key() }

// incidentWidget builds the widget. final reports whether what it says stands for good: it is
// of one revision, and nothing of its chart was missing.
func (v *localizer) incidentWidget(
	ctx context.Context,
	inc *faultline.Incident,
	revision int,
	o widgetOptions,
) (p embedPage, final bool) {
	asOf, _ := v.clock()
	if final = revision != 0; final {
		// A fixed widget speaks as of its revision, so that what it says stays as it was quoted.
		asOf = inc.UpdatedAt
	}
	head := v.headlineOf(inc, asOf)
	// Links open in a new window: one that opened in the frame would show a page in a few
	// pixels.
	head.Blank = true
	p = embedPage{
		Kind:    "incident",
		Head:    &head,
		Frozen:  final,
		Link:    v.whole(incidentPath(inc.ID, revision)),
		Unknown: v.unknowns(inc),
		Hash:    inc.Hash,
	}
	p.shell = v.shell(incidentPath(inc.ID, revision), v.dated(inc, head.Title), v.describeHead(head))
	if final {
		p.freeze(v.moment(asOf, formDated))
	} else {
		head.Note = lines(head.Note, v.unchecked(inc))
		p.follow(inc.ID, inc.Revision, head.Word+": "+head.Title)
	}
	if o.has("chart") {
		points, whole := v.charts.told(ctx, inc)
		chart := v.chartOf(inc, points, asOf)
		// A chart with points that are still missing may be drawn again later, so the page is not
		// final yet.
		p.Charts, final = []figure{chart}, final && whole
	}
	if o.has("table") {
		p.Rows = v.rowsOf(inc, widgetRows)
	}
	if o.has("evidence") {
		p.Reasons = v.reasons(inc)
	}
	// The incident says by itself that it is of a drill: a replay of the past has such
	// incidents on a live node.
	p.Drill = p.Drill || inc.Drill
	v.signed(&p, v.say("widget.revision", "N", v.number(inc.Revision)), o)
	return p, final
}

// signed adds the last line of a widget: its source, its time, and whether it is fixed
// or live. A widget that is cut out of its page must still say whose words it has. A
// still widget shows the present and has no script that would follow it.
func (v *localizer) signed(p *embedPage, what string, o widgetOptions) {
	v.widget(&p.shell, o)
	id := "widget.live"
	switch {
	case p.Frozen:
		id = "widget.fixed"
	case o.still:
		id = "widget.still"
	}
	p.Source = v.rich(id, "What", what, "Time", p.AsOf)
}

// embedSite serves the widget of a site. Another spelling of the name leads to the
// right address, so that each widget has one. It is the site's page cut short, made by
// the same code, so that the two never disagree.
func (w *Web) embedSite(c *gin.Context, v *localizer) error {
	record, err := w.cfg.Lookup(c.Param("site"))
	if err != nil {
		return siteFault(err, c.Param("site"))
	}
	if record.Site != c.Param("site") {
		return v.elsewhere(c, "/embed/site/"+url.PathEscape(record.Site))
	}
	// The key has the one name of the site and no spelling of it, so that strangers cannot
	// fill the cache with spellings.
	o := v.options(c)
	return w.show(c, v, "embed/site/"+record.Site+"?"+o.key(), func(ctx context.Context) (doc, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return doc{}, err
		}
		v := v.in(o.zone)
		status, reported := v.statusOf(record)
		site := v.sitePage(record, status, reported, incidents)
		p := embedPage{
			Kind:    "site",
			Answer:  site.Answer,
			Reason:  site.Reason,
			Counts:  site.Counts,
			Link:    v.whole(site.Path),
			Unknown: []string{v.say("unknown.people")},
			shell:   site.shell,
		}
		if o.has("chart") {
			p.Charts = v.dayCharts(ctx, record.Site, probesShare)
		}
		v.signed(&p, record.Site, o)
		return doc{page: "embed", data: p, cache: page.CacheCurrent}, nil
	})
}

// embedComponent serves the widget of a component. That of the kind "site" is the
// site's own, as with pages. A component that nothing is known of is not found, as on
// its page.
func (w *Web) embedComponent(c *gin.Context, v *localizer) error {
	comp := w.componentOf(c.Param("kind"), c.Param("name"))
	if comp == "" {
		return faultline.ErrNotFound
	}
	if comp.Kind() == faultline.KindSite {
		return v.elsewhere(c, "/embed/site/"+url.PathEscape(comp.Name()))
	}
	o := v.options(c)
	return w.show(c, v, "embed/component/"+string(comp)+"?"+o.key(), func(ctx context.Context) (doc, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return doc{}, err
		}
		v := v.in(o.zone)
		// Known is decided by the page itself: a component of which nothing is known must
		// not become a widget that says that all is well.
		whole, known := v.componentPage(comp, incidents)
		if !known {
			return doc{}, faultline.ErrNotFound
		}
		p := embedPage{Kind: "component", Answer: whole.Answer, Counts: whole.Counts, Link: v.whole(whole.Path),
			Unknown: []string{v.say("unknown.people")}, shell: whole.shell}
		p.name(whole.Open)
		if o.has("chart") {
			p.Charts = v.dayCharts(ctx, string(comp), membersShare)
		}
		v.signed(&p, whole.Name, o)
		return doc{page: "embed", data: p, cache: page.CacheCurrent}, nil
	})
}

// embedProvider serves the widget of a provider. It has no chart: what a provider runs has no
// series of its own.
func (w *Web) embedProvider(c *gin.Context, v *localizer) error {
	of, ok := w.cfg.Providers.Slug(c.Param("slug"))
	if !ok {
		return faultline.ErrNotFound
	}
	o := v.options(c)
	return w.show(c, v, "embed/provider/"+of.Slug+"?"+o.key(), func(context.Context) (doc, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return doc{}, err
		}
		v := v.in(o.zone)
		whole := v.providerPage(of, incidents)
		p := embedPage{Kind: "provider", Answer: whole.Answer, Link: v.whole(whole.Path),
			Unknown: []string{v.say("unknown.people")}, shell: whole.shell}
		p.name(whole.Open)
		v.signed(&p, whole.Name, o)
		return doc{page: "embed", data: p, cache: page.CacheCurrent}, nil
	})
}

// embedNow serves the widget of the front page.
func (w *Web) embedNow(c *gin.Context, v *localizer) error {
	o := v.options(c)
	return w.show(c, v, "embed/now?"+o.key(), func(ctx context.Context) (doc, error) {
		incidents, err := w.cfg.Source.Incidents()
		if err != nil {
			return doc{}, err
		}
		v := v.in(o.zone)
		now := v.nowPage(ctx, incidents)
		p := embedPage{
			Kind:    "now",
			Answer:  now.Answer,
			Link:    v.whole("/"),
			Unknown: []string{v.say("unknown.people")},
			shell:   now.shell,
		}
		p.name(now.heads)
		// The page names only its first incidents; the count is of all that are open.
		p.More = now.all - len(p.Heads)
		v.signed(&p, v.say("widget.now"), o)
		return doc{page: "embed", data: p, cache: page.CacheCurrent}, nil
	})
}

// name puts the first incidents in, and counts the rest. Their links open in a new window
// (Blank), because a link that opened inside the frame would show a page in a few pixels.
func (p *embedPage) name(heads []headline) {
	p.Heads = heads[:min(len(heads), widgetHeads)]
	p.More = len(heads) - len(p.Heads)
	for i := range p.Heads {
		p.Heads[i].Blank = true
	}
}

// elsewhere sends a widget to its one address, with all options that it was asked with.
func (v *localizer) elsewhere(c *gin.Context, path string) error {
	if c.Request.URL.RawQuery != "" {
		path += "?" + c.Request.URL.RawQuery
	}
	v.seeOther(c, path, page.CacheBriefly)
	return nil
}
