package api

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/feeds"
)

const (
	mediaAtom = "application/atom+xml; charset=utf-8"
	mediaFeed = "application/feed+json; charset=utf-8"
	// feedEntries are the newest incidents that a feed holds.
	feedEntries = 50
)

// A person who opens the Atom feed in a browser is told what it is for, by a style that
// package web serves.
const (
	feedStyle  = `<?xml-stylesheet type="text/css" href="feed.css"?>` + "\n"
	feedPolicy = "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
)

// entryOf is an incident as a feed shows it: one entry for its whole life, updated with each
// revision.
type entryOf struct {
	id, title, link, text string
	dated                 string // the title with its day, for where no date stands beside it
	began, updated        time.Time
	incident              *faultline.Incident
}

func (a *api) entry(inc *faultline.Incident) entryOf {
	e := entryOf{id: a.permanent(inc.ID), title: inc.Title, dated: inc.DatedTitle(),
		link:  a.cfg.Board.PublicURL() + "/incident/" + inc.ID,
		began: inc.DetectedAt, updated: inc.UpdatedAt, incident: inc}
	parts := []string{fmt.Sprintf("State: %s. %d of %d sites observed are failing; it began %s (UTC).",
		inc.State, inc.Impact.Failing, inc.Impact.Observed, inc.Onset.At.UTC().Format("2006-01-02 15:04:05"))}
	if inc.Cause != nil {
		parts = append(
			parts,
			fmt.Sprintf("Cause: %s (%s), confidence %.2f.", inc.Cause.Name, inc.Cause.Component,
				inc.Cause.Confidence),
		)
	} else {
		parts = append(parts, "Cause: not known.")
	}
	names := make([]string, 0, faultline.ListedSites)
	for _, s := range inc.Listed().Sites {
		names = append(names, s.Site)
	}
	if more := inc.SitesTotal - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	if len(names) > 0 {
		parts = append(parts, "Sites: "+strings.Join(names, ", ")+".")
	}
	if inc.Drill {
		e.title, e.dated = "DRILL: "+e.title, "DRILL: "+e.dated
	}
	e.text = strings.Join(parts, " ")
	return e
}

// permanent is an address that names an incident for good, wherever it is read.
func (a *api) permanent(id string) string {
	if a.cfg.Board.PublicURL() == "" {
		return "urn:faultline:" + id
	}
	return a.cfg.Board.PublicURL() + "/incident/" + id
}

// feed collects the newest incidents that a filter takes.
func (a *api) feed(s *board.Snapshot, f faultline.Filter) (entries []entryOf) {
	for _, e := range s.Order {
		if len(entries) == feedEntries {
			break
		}
		if f.Takes(&e.Incident) {
			entries = append(entries, a.entry(&e.Incident))
		}
	}
	return entries
}

// asOf is when what a snapshot says was true. Before the first view that is now: an
// answer of which nothing is known was made then.
func (a *api) asOf(s *board.Snapshot) time.Time {
	if s.Meta.AsOf != nil {
		return *s.Meta.AsOf
	}
	return a.cfg.Board.Now()
}

// feedHead is what a feed says of itself.
type feedHead struct {
	title, self string
	note        string // what is not observed; empty: nothing
	updated     time.Time
	filter      faultline.Filter
}

// writeFeed answers with a feed that render makes.
func (a *api) writeFeed(c *gin.Context, query url.Values, media, path string,
	render func(head feedHead, entries []entryOf) ([]byte, error)) error {
	f, err := faultline.ReadFilter(query, a.cfg.Lookup, a.cfg.Board.Providers())
	if err != nil {
		return err
	}
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	changes, err := readEntries(query)
	if err != nil {
		return err
	}
	asked := f.Query()
	if changes {
		asked.Set(entriesKey, entriesChanges)
	}
	p, err := s.Pages.Get(path+"?"+asked.Encode(), func() (*page.Page, error) {
		entries, updated, err := a.feed(s, f), time.Time{}, error(nil)
		if changes {
			entries, err = a.changesFeed(c.Request.Context(), s, f)
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.updated.After(updated) {
				updated = e.updated
			}
		}
		if updated.IsZero() {
			updated = a.asOf(s)
		}
		title, self := "Faultline: incidents", a.cfg.Board.PublicURL()+path
		if len(asked) > 0 {
			said, _ := url.QueryUnescape(asked.Encode()) // we have just written it
			title, self = title+" ("+said+")", self+"?"+asked.Encode()
		}
		body, err := render(feedHead{title, self, feedNote(s, f), updated, f}, entries)
		if err != nil {
			return nil, err
		}
		p := page.File(body, media)
		if media == mediaAtom {
			p = p.Under(feedPolicy)
		}
		return p, nil
	})
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}

// feedNote says what a feed can't know of: what is not observed just now, and what of a
// stack is on none of our lists.
func feedNote(s *board.Snapshot, f faultline.Filter) string {
	note := s.Coverage().Note
	var unknown []string
	for _, item := range f.Of {
		if item.Kind == faultline.StackUnknown {
			unknown = append(unknown, item.ID)
		}
	}
	if len(unknown) > 0 {
		note = strings.TrimSpace(note + " Not covered: " + strings.Join(unknown, ", ") + ".")
	}
	return note
}

// getAtom is the feed of incidents in Atom (RFC 4287).
//
// @ID       getAtom
// @Summary  Incidents as an Atom feed
// @Description One entry for each incident, at most 50, newest onset first. An entry is updated with each revision. A filter makes it the feed of one component or one site. With entries=changes, each change of an incident\'s state has an entry, newest first. Its id and text are of one revision and never change.
// @Tags     feeds
// @Produce  application/atom+xml
// @Param    entries query string false "what an entry is of: an incident, or one change of its state" Enums(incidents, changes) default(incidents)
// @Success  200 {string} string "RFC 4287"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  503 {object} Problem
// @Router   /feed.atom [get]
func (a *api) getAtom(c *gin.Context, query url.Values) error {
	return a.writeFeed(c, query, mediaAtom, "/feed.atom", a.renderAtom)
}

// atomFeed adds what the library leaves out: links, to the page for people and to
// itself. The library knows one.
type atomFeed struct {
	*feeds.AtomFeed
	Links []feeds.AtomLink
}

func (a *api) renderAtom(head feedHead, entries []entryOf) ([]byte, error) {
	base := &feeds.AtomFeed{
		Xmlns:    "http://www.w3.org/2005/Atom",
		Title:    head.title,
		Subtitle: head.note,
		Id:       head.self,
		Updated:  head.updated.UTC().Format(time.RFC3339),
		Rights:   board.Licence,
		Author:   &feeds.AtomAuthor{AtomPerson: feeds.AtomPerson{Name: "Faultline"}},
	}
	for _, e := range entries {
		base.Entries = append(base.Entries, &feeds.AtomEntry{Title: e.dated, Id: e.id,
			Updated: e.updated.UTC().Format(time.RFC3339), Published: e.began.UTC().Format(time.RFC3339),
			Links:   []feeds.AtomLink{{Href: e.link, Rel: "alternate", Type: "text/html"}},
			Summary: &feeds.AtomSummary{Content: e.text, Type: "text"}})
	}
	body, err := xml.MarshalIndent(
		atomFeed{base, []feeds.AtomLink{
			{Href: a.cfg.Board.PublicURL() + "/", Rel: "alternate", Type: "text/html"},
			{Href: head.self, Rel: "self", Type: "application/atom+xml"}}},
		"",
		" ",
	)
	if err != nil {
		return nil, fmt.Errorf("render Atom: %w", err)
	}
	return append([]byte(xml.Header+feedStyle), body...), nil
}

// getJSONFeed is the feed of incidents as a JSON Feed 1.1.
//
// @ID       getJSONFeed
// @Summary  Incidents as a JSON Feed
// @Description The same entries as in the Atom feed (jsonfeed.org, version 1.1).
// @Tags     feeds
// @Produce  application/feed+json
// @Param    entries query string false "what an entry is of: an incident, or one change of its state" Enums(incidents, changes) default(incidents)
// @Success  200 {object} object "jsonfeed.org, version 1.1"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  503 {object} Problem
// @Router   /feed.json [get]
func (a *api) getJSONFeed(c *gin.Context, query url.Values) error {
	return a.writeFeed(c, query, mediaFeed, "/feed.json", a.renderJSONFeed)
}

// jsonFeed always has its items, as the specification asks: the library leaves
// out an empty list.
type jsonFeed struct {
	*feeds.JSONFeed
	Items []*feeds.JSONItem `json:"items"`
}

func (a *api) renderJSONFeed(head feedHead, entries []entryOf) ([]byte, error) {
	f := jsonFeed{JSONFeed: &feeds.JSONFeed{Version: "https://jsonfeed.org/version/1.1", Title: head.title,
		Description: head.note, FeedUrl: head.self, HomePageUrl: a.cfg.Board.PublicURL() + "/",
		Language: "en"}, Items: []*feeds.JSONItem{}}
	for _, e := range entries {
		f.Items = append(f.Items, &feeds.JSONItem{Id: e.id, Url: e.link, Title: e.dated, ContentText: e.text,
			PublishedDate: &e.began, ModifiedDate: &e.updated})
	}
	body, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("render JSON Feed: %w", err)
	}
	return body, nil
}
