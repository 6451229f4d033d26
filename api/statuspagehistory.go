package api

import (
	"encoding/xml"
	"fmt"
	"html"
	"net/url"
	"strings"
	"time"

	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/feeds"
)

// historyFeed is what Statuspage serves as history.atom beside the JSON of a page: an entry for
// each incident, whose content is all updates of it, the newest first.
type historyFeed struct {
	atomFeed
	Lang string `xml:"xml:lang,attr"`
}

// getHistory is the history of everything as a feed, where pages of Statuspage have it.
//
// @ID       getStatuspageHistory
// @Summary  The history of everything as an Atom feed, in the shape of Statuspage
// @Description One entry an incident, the newest onset first, at most 50. Its content is the updates that the JSON of the same page has. An update never changes.
// @Tags     statuspage
// @Produce  application/atom+xml
// @Success  200 {string} string "RFC 4287"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  503 {object} Problem
// @Router   /statuspage/history.atom [get]
func (a *api) getHistory(c *gin.Context, _ url.Values) error { return a.writeHistory(c) }

// getRootHistory is the same for clients that know a host and no path.
//
// @ID       getRootHistory
// @Summary  The same, where clients look for it that take a host and no path
// @Tags     statuspage
// @Produce  application/atom+xml
// @Success  200 {string} string "RFC 4287"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  503 {object} Problem
// @Router   /history.atom [get]
func (a *api) getRootHistory(c *gin.Context, _ url.Values) error { return a.writeHistory(c) }

// getComponentHistory is the history of one component, provider or site, or of a stack.
//
// @ID       getComponentHistory
// @Summary  The history of one component, provider or site as an Atom feed, in the shape of Statuspage
// @Tags     statuspage
// @Produce  application/atom+xml
// @Param    kind path string true "cdn, cloud, dns, asn, …, or provider, site or stack" example(cdn)
// @Param    name path string true "its name; a slash in it is written as a tilde" example(fastly)
// @Success  200 {string} string "RFC 4287"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  400,404,503 {object} Problem
// @Router   /statuspage/{kind}/{name}/history.atom [get]
func (a *api) getComponentHistory(c *gin.Context, _ url.Values) error { return a.writeHistory(c) }

func (a *api) writeHistory(c *gin.Context) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	of, err := a.statuspageOf(c, s)
	if err != nil {
		return err
	}
	self := a.cfg.Board.PublicURL() + c.Request.URL.EscapedPath()
	p, err := s.Pages.Get("history "+of.key()+" "+self, func() (*page.Page, error) {
		status := a.newStatuspagePage(c.Request.Context(), s, of)
		body, err := a.history(s, status, self)
		if err != nil {
			return nil, err
		}
		return page.File(body, mediaAtom), nil
	})
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}

// history renders the incidents of a page.
func (a *api) history(s *board.Snapshot, of *statuspagePage, self string) ([]byte, error) {
	base := &feeds.AtomFeed{
		Xmlns:    "http://www.w3.org/2005/Atom",
		Title:    of.Name + " Status - Incident History",
		Subtitle: s.Coverage().Note,
		Id:       a.tag("history/" + of.ID),
		Updated:  of.UpdatedAt,
		Rights:   board.Licence,
		Author:   &feeds.AtomAuthor{AtomPerson: feeds.AtomPerson{Name: "Faultline"}},
	}
	for _, inc := range of.incidents(statuspageIncidents) {
		base.Entries = append(base.Entries, &feeds.AtomEntry{Title: inc.Name, Id: a.tag("Incident/" + inc.ID),
			Published: inc.CreatedAt, Updated: inc.UpdatedAt,
			Links:   []feeds.AtomLink{{Href: inc.Shortlink, Rel: "alternate", Type: "text/html"}},
			Content: &feeds.AtomContent{Content: historyOf(inc.IncidentUpdates), Type: "html"}})
	}
	body, err := xml.MarshalIndent(historyFeed{Lang: "en-US", atomFeed: atomFeed{base, []feeds.AtomLink{
		{Href: of.URL, Rel: "alternate", Type: "text/html"},
		{Href: self, Rel: "self", Type: "application/atom+xml"}}}}, "", " ")
	if err != nil {
		return nil, fmt.Errorf("render the history: %w", err)
	}
	return append([]byte(xml.Header), body...), nil
}

// historyOf is the updates of an incident in the markup that pages of Statuspage give them:
// programs read times and states out of it.
func historyOf(updates []StatuspageUpdate) string {
	var b strings.Builder
	for _, u := range updates {
		at, err := time.Parse(statuspageTime, u.DisplayAt)
		if err != nil {
			continue // it was written in this form
		}
		fmt.Fprintf(&b, "<p><small>%s <var data-var='date'>%2d</var>, <var data-var='time'>%s</var> UTC</small><br>"+
			"<strong>%s</strong> - %s</p>", at.Format("Jan"), at.Day(), at.Format("15:04"),
			strings.ToUpper(u.Status[:1])+u.Status[1:], html.EscapeString(u.Body))
	}
	return b.String()
}

// tag is a name that stays the same wherever a feed is read (RFC 4151), in the form that pages
// of Statuspage use.
func (a *api) tag(name string) string {
	u, err := url.Parse(a.cfg.Board.PublicURL())
	if err != nil || u.Host == "" {
		return "urn:faultline:" + name
	}
	return "tag:" + u.Hostname() + ",2005:" + name
}
