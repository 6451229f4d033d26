package web

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/find"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
)

// Config is what the pages are made of. Source, Door, Keys, Lookup and Now are
// required.
type Config struct {
	Source Source
	Door   Door
	Keys   Keys
	// Lookup normalises what a person calls a site and says what it depends on.
	// It fails with [faultline.InvalidError] or [faultline.ErrNotFound], in which
	// case the record holds the name as ingest writes it.
	Lookup func(input string) (faultline.SiteRecord, error)
	// SelfKeys: anybody may make a key, and the page for developers shows how.
	SelfKeys bool
	// Notifies: browsers may ask for notifications, and pages have a button for it.
	Notifies bool
	// NameOf is what people call a site, as they write it: BBC. Empty: no other
	// name is known. nil: of none.
	NameOf func(site string) string
	// Checks has sites checked that are not on the list, when a person asks for it;
	// nil: nobody checks such sites.
	Checks Checks
	// Vantages are the places that probes run from; nil: unknown.
	Vantages func() []faultline.VantageStatus
	// Notices are what is known of the time to come; nil: nothing.
	Notices *board.Notices
	// Sites names the sites of the list, the most visited first; nil: the sitemap has none.
	Sites func() []string
	// Members says how many sites of the map depend on a component; nil: unknown.
	Members func(faultline.Component) int
	// Dependents names the best known sites of the map that depend on a component,
	// at most limit; nil: none are named.
	Dependents func(of faultline.Component, limit int) []string
	// Parts are the open incidents whose causes serve parts of a site's page while the site
	// itself answers, the foremost first; nil: none is known. Partly names the sites that may
	// load only in part because of an incident, and says how many there are.
	Parts  func(site string) []faultline.Incident
	Partly func(incident string, limit int) (sites []string, total int)
	// Components are those that sites depend on, those with most sites first; nil: none
	// are named.
	Components func() []faultline.Component
	// Tally counts the sites that depend on any of some components, as the API does; nil:
	// none of them is observed.
	Tally func(of ...faultline.Component) board.Tally
	// Dumps are the days that can be had as files; nil: none can.
	Dumps Dumps
	// Concentration is how the sites of a part of the list share out over providers; nil:
	// unknown.
	Concentration func(board.Part) Concentrated
	// Providers are who runs what; nil: nobody is known. Find reads what people type
	// into the search box; nil: names of sites alone are read.
	Providers *faultline.Providers
	Find      func(text string, limit int) []find.Match
	// Stack says how the things do that somebody depends on; nil: nobody does.
	Stack func(items []faultline.StackItem) (board.Stack, error)
	// Series and Verdicts may be nil: pages then say that there is no chart, and
	// leave out what they would say of the reader's own network. Without Networks
	// that network is not known.
	Series   Series
	Verdicts Verdicts
	Networks Networks
	// Contact is how to reach whoever runs this server: an address for mail, or of
	// a page. Empty: the pages say that none is given.
	Contact string
	// Registerer takes the counters of pictures and pages; nil: none.
	Registerer prometheus.Registerer
	// BaseURL is how people reach this server, as https://faultline.example,
	// without a slash at its end. A path in it is put before every link. Empty:
	// links are paths alone. It is never taken from a request.
	BaseURL string
	// Listen is the HOST:PORT that the server listens on. A name in it is one of its own:
	// see [faultline.Origins].
	Listen string
	// FixedDir is where pages of revisions are kept on disk, so that articles which
	// embed them need no store; empty: they are kept in memory alone.
	FixedDir string
	// Drill marks every page: what it shows is not happening.
	Drill bool
	// Now is the clock of the log that is shown: in a drill, the drill's. Wall is
	// the one on the wall, for forms and caches; nil: Now.
	Now, Wall func() time.Time
	// StaleAfter is how old what is known may be by Now before pages say so; 0: 15
	// seconds.
	StaleAfter time.Duration
	Log        *slog.Logger // nil: says nothing
}

// Web are the pages.
type Web struct {
	cfg        Config
	log        *slog.Logger
	base       *url.URL // nil: unknown
	prefix     string   // before every path: empty, or as /faultline
	assets     assets
	policies   policies
	languages  languages
	localizers map[string]*localizer // by language, and by language and ?lang=
	cache      *page.Cache
	fixed      *page.Cache // of what never changes
	disk       *diskCache  // the same on disk; nil: it is not kept there
	release    string      // what renders pages
	charts     *timelines
	cards      *cards
	forms      *formTokens
	kept       keptReplays
	kinds      counted
}

// New reads every template, message and asset. It fails on a Config that lacks
// something and on a malformed BaseURL.
func New(cfg Config) (*Web, error) {
	if cfg.Source == nil || cfg.Door == nil || cfg.Keys == nil || cfg.Lookup == nil || cfg.Now == nil {
		return nil, errors.New("web: Source, Door, Keys, Lookup and Now are required")
	}
	cfg.fill()
	w := &Web{cfg: cfg, log: cfg.Log, cache: page.NewCache(pageBounds), fixed: page.NewCache(fixedBounds),
		charts: newTimelines(cfg.Source), forms: newFormTokens(cfg.Keys)}
	if cfg.BaseURL != "" {
		base, err := url.Parse(cfg.BaseURL)
		if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" ||
			strings.HasSuffix(base.Path, "/") {
			return nil, fmt.Errorf("web: base URL %q is not http(s)://HOST[/PATH]", cfg.BaseURL)
		}
		w.base, w.prefix = base, base.EscapedPath()
	}
	if err := w.openFixed(); err != nil {
		return nil, err
	}
	var err error
	if w.assets, err = readAssets(w.prefix); err != nil {
		return nil, err
	}
	w.policies = newPolicies(w.assets)
	if w.cards, err = newCards(cfg.Registerer); err != nil {
		return nil, err
	}
	return w, w.readLocalizers()
}

// openFixed finds the pages of revisions that were kept before.
func (w *Web) openFixed() (err error) {
	if w.release, err = release(); err != nil || w.cfg.FixedDir == "" {
		return err
	}
	w.disk, err = openDiskCache(w.cfg.FixedDir, diskBounds, w.cfg.Wall, w.log, w.cfg.Registerer)
	return err
}

// fill puts in what may be left out.
func (cfg *Config) fill() {
	if cfg.Wall == nil {
		cfg.Wall = cfg.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.NameOf == nil {
		cfg.NameOf = func(string) string { return "" }
	}
	if cfg.Members == nil {
		cfg.Members = func(faultline.Component) int { return 0 }
	}
	if cfg.Dependents == nil {
		cfg.Dependents = func(faultline.Component, int) []string { return nil }
	}
	if cfg.Components == nil {
		cfg.Components = func() []faultline.Component { return nil }
	}
	if cfg.Tally == nil {
		cfg.Tally = func(...faultline.Component) board.Tally { return board.Tally{State: faultline.SiteUnknown} }
	}
	if cfg.Concentration == nil {
		cfg.Concentration = func(board.Part) Concentrated { return Concentrated{} }
	}
	if cfg.Registerer == nil {
		cfg.Registerer = prometheus.NewRegistry()
	}
}

// Routes adds the pages to r.
func (w *Web) Routes(r gin.IRouter) {
	read := func(path string, p policy, h handler) {
		r.Match([]string{http.MethodGet, http.MethodHead}, path, w.answer(p, h))
	}
	page, embed, static := w.policies.page, w.policies.embed, w.policies.static
	read("/", page, w.now)
	read("/incident/:id", page, w.incident)
	read("/site", page, w.search)
	read("/suggest", static, w.suggest)
	read("/site/:site", page, w.site)
	r.POST("/site/:site/report", w.answer(page, w.report))
	read("/site/:site/report", page, w.toForm)
	r.POST("/site/:site/check", w.answer(page, w.askCheck))
	read("/site/:site/check", page, w.toCheck)
	read("/check/:id", page, w.check)
	read("/component/:kind/:name", page, w.component)
	read("/components", page, w.components)
	read("/providers", page, w.providers)
	read("/sites", page, w.sites)
	read("/provider/:slug", page, w.provider)
	read("/stack", page, w.stack)
	read("/archive", page, w.archive)
	read("/replays", page, w.replays)
	read("/replays/:name", page, w.replay)
	read("/concentration", page, w.concentration)
	read("/scorecard", page, w.scorecard)
	read("/dumps", page, w.dumps)
	read("/method", page, w.method)
	read("/about", page, w.about)
	read("/press", page, w.press)
	read("/prober", page, w.prober)
	read("/vantages", page, w.vantages)
	read("/developers", w.policies.take, w.developers)
	read("/embed/incident/:id", embed, w.embedIncident)
	read("/embed/site/:site", embed, w.embedSite)
	read("/embed/component/:kind/:name", embed, w.embedComponent)
	read("/embed/provider/:slug", embed, w.embedProvider)
	read("/embed/now", embed, w.embedNow)
	read("/embed/replays/:name", embed, w.embedReplay)
	read("/embed.js", static, w.element)
	read("/feed.css", static, w.feedStyle)
	read("/sw.js", static, w.worker)
	read("/card/incident/:file", static, w.cardIncident)
	read("/card/site/:file", static, w.cardSite)
	read("/card/component/:kind/:file", static, w.cardComponent)
	read("/card/provider/:file", static, w.cardProvider)
	read("/card/:file", static, w.cardNow)
	read("/static/:file", static, w.static)
	w.findable(r)
	w.markdownPaths(r)
}

// Refuse answers a browser with a page that says why it can't have the one that
// it asked for, and when to try again: by status, and by Retry-After where that
// is set. What programs ask for is answered in package api.
func (w *Web) Refuse(c *gin.Context, status int) {
	w.answer(w.policies.page, func(c *gin.Context, _ *localizer) error {
		switch status {
		case http.StatusNotFound:
			return faultline.ErrNotFound
		case http.StatusTooManyRequests:
			seconds, _ := strconv.Atoi(c.Writer.Header().Get("Retry-After")) // where it is none, that is no time at all
			return tooMuch{site: c.Param("site"), seconds: max(1, seconds)}
		}
		return fmt.Errorf("refused with %d", status)
	})(c)
}

// handler answers one request in the language of v, or returns why it can't.
type handler func(c *gin.Context, v *localizer) error

// answer adapts a handler. This is the one place where errors become pages.
func (w *Web) answer(p policy, h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		p.set(c.Writer.Header())
		v := w.localizerOf(c)
		if err := h(c, v); err != nil {
			w.fail(c, v, p, err)
		}
	}
}

// absolute is a path as it stands in links that leave this server; where the
// server does not know its own address it stays a path.
func (w *Web) absolute(path string) string {
	return w.cfg.BaseURL + path
}

// clock is the time that a page speaks of: that of the newest view, so that a page that has
// received nothing for a while says so.
func (w *Web) clock() (asOf time.Time, stale bool) {
	now := w.cfg.Now()
	asOf = w.cfg.Source.View().AsOf
	if asOf.IsZero() {
		return now, true
	}
	return asOf, now.Sub(asOf) > cmp.Or(w.cfg.StaleAfter, staleAfter)
}

// staleAfter is how old what is known may be before pages say so.
const staleAfter = 15 * time.Second
