package web

import "strings"

// shell is what every page has around what it says.
type shell struct {
	Title       string // of the window
	Description string // one sentence, for search engines and shared links
	Canonical   string // the page's own address; empty on pages that are nobody's
	Query       string // what stands in the search box
	Drill       bool
	Widget      bool // inside a page of others: no head, no search, no foot
	Article     bool // may be shared as an article

	// Live says what the script follows: an incident's id, all, or nothing.
	Live     string
	Revision int    // of that incident
	Say      string // what is read out when it changes

	AsOf  moment
	Stale bool

	Refresh int // seconds after which the page loads anew; 0: never

	Style, Script, Icon string
}

func (w *Web) shell(title, description string) shell {
	asOf, stale := w.clock()
	return shell{
		Title: title, Description: description, Drill: w.cfg.Drill,
		AsOf: momentOf(asOf, formMinute).local(), Stale: stale,
		Style: w.assets.url("style.css"), Script: w.assets.url("live.js"), Icon: w.assets.url("icon.svg"),
	}
}

// lines joins sentences, leaving out empty ones.
func lines(sentences ...string) string {
	var said []string
	for _, s := range sentences {
		if s != "" {
			said = append(said, s)
		}
	}
	return strings.Join(said, " ")
}
