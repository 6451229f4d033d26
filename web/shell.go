package web

import (
	"html/template"
	"net/url"
	"strings"
)

// shell is what every page has around what it says: the head, the search box, the foot. The
// templates of the layout read it; each page embeds it.
type shell struct {
	Lang        string
	Languages   []languageLink
	Path        string // without language; empty on pages that are nobody's
	Title       string // of the window
	Description string // one sentence, for search engines and shared links
	Canonical   string // the page's own address; empty on pages that are nobody's
	Query       string // what stands in the search box
	Drill       bool
	Hidden      bool   // search engines are to leave it out
	Widget      bool   // inside a page of others: no head, no search, no foot
	Theme       string // light or dark where the page around a widget says so
	Article     bool   // may be shared as an article
	Image       string // address of a picture of it, 1200x630
	ImageAlt    string
	OEmbed      string // address that tells programs how to embed it
	Notify      string // what the button for notifications is about; empty: there is none
	Take        string // where it is offered for other pages

	// Live says what the script follows: an incident's id, all, or nothing.
	Live     string
	Revision int    // of that incident
	Say      string // what is read out when it changes

	AsOf  moment
	Stale bool

	Refresh int // seconds after which the page loads again; 0: never

	Style   template.CSS
	Scripts []string
	Icon    string
	Feeds   []feedLink
}

// languageLink is the same page in another language, for the reader and, as a whole address,
// for search engines (hreflang).
type languageLink struct {
	Tag, Name, URL string
	Whole          string // with this server's address
	Current        bool
}

// feedLink is another form of the page that programs may find: feeds and Markdown.
type feedLink struct{ URL, Media string }

// shell makes what surrounds a page. path is the page's address without language; empty for
// pages that have none of their own, such as faults.
func (v *localizer) shell(path, title, description string) shell {
	asOf, stale := v.clock()
	s := shell{
		Lang: v.Lang, Path: path, Title: title, Description: description, Drill: v.cfg.Drill,
		AsOf: v.near(asOf, formMinute), Stale: stale,
		Style: v.assets.page.css, Scripts: []string{v.assets.url(pageScript)},
		Icon: v.assets.url("icon.svg"),
		Feeds: []feedLink{{v.prefix + "/feed.atom", "application/atom+xml"},
			{v.prefix + "/feed.json", "application/feed+json"}},
	}
	s.Take = v.take(path)
	if path != "" {
		s.Canonical = v.whole(path)
	}
	for _, tag := range v.languages.tags {
		other := v.asked(tag)
		s.Languages = append(s.Languages, languageLink{Tag: tag, Name: other.say("language.name"),
			Current: tag == v.Lang,
			URL:     v.prefix + orHome(path) + other.Query, Whole: v.absolute(orHome(path)) + other.Query})
	}
	return s
}

// take is the address at which a page is offered for embedding; the front page's where the
// page itself cannot be embedded.
func (v *localizer) take(path string) string {
	q := url.Values{}
	for _, kind := range []string{"/incident/", "/site/", "/component/"} {
		if strings.HasPrefix(path, kind) {
			q.Set("of", path[1:])
		}
	}
	if v.Query != "" {
		q.Set("lang", v.Lang)
	}
	address := v.prefix + "/developers"
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	return address
}

// orHome is a path, or that of the front page.
func orHome(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

// follow has the script keep the page up to date: of all incidents, or of one. say is read
// out by screen readers when it changes.
func (s *shell) follow(live string, revision int, say string) {
	s.Live, s.Revision, s.Say = live, revision, say
}

// freeze says what was true at a moment, permanently: the page is not stale and follows
// nothing.
func (s *shell) freeze(m moment) { s.AsOf, s.Stale, s.Live = m, false, "" }

// noIndex keeps a page from search engines: what it shows is on another page too.
func (s *shell) noIndex() { s.Hidden = true }

// widget makes the page one that is embedded in a page of others: without head and foot, with
// the small style, and with scripts only if the embedding page wants them.
func (v *localizer) widget(s *shell, o widgetOptions) {
	s.Widget, s.Theme, s.Style, s.Scripts, s.Feeds = true, o.theme, v.assets.widget.css, nil, nil
	if o.still {
		s.Live = ""
		return
	}
	s.Scripts = []string{v.assets.url("frame.js")}
	if s.Live != "" {
		s.Scripts = append(s.Scripts, v.assets.url("live.js"))
	}
}

// illustrate names the picture of a page, and where programs learn how to embed it (oEmbed),
// for messengers and social networks.
func (v *localizer) illustrate(s *shell, image, alt string) {
	s.Article, s.Image, s.ImageAlt = true, v.whole(image), alt
	if v.base != nil { // programs can't ask for what has no address
		s.OEmbed = v.absolute("/oembed?format=json&url=") + url.QueryEscape(s.Canonical)
	}
}
