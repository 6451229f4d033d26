package api

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// incidentForm is a form in which incidents are listed.
type incidentForm struct {
	path string // of its route
	// now renders what is known now, and then what was said at a moment of the past.
	now  func(*board.Snapshot, board.Listing, listQuery) (*page.Page, error)
	then func(board.Meta, []faultline.Incident) (*page.Page, error)
}

// writeIncidents answers with a page of the list of incidents.
func (a *api) writeIncidents(c *gin.Context, query url.Values, f incidentForm) error {
	if at, err := a.readAsOf(query); err != nil || !at.IsZero() {
		if err != nil {
			return err
		}
		return a.incidentsAsOf(c, query, at, f)
	}
	q, err := newListQuery(query, a.cfg.Lookup, a.cfg.Board.Providers(), a.cfg.Board.Now().Truncate(time.Minute))
	if err != nil {
		return err
	}
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	p, err := s.Pages.Get("list "+f.path+"?"+q.key(), func() (*page.Page, error) {
		return a.list(c.Request.Context(), s, q, f)
	})
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}

// list renders a page of the list of incidents.
func (a *api) list(ctx context.Context, s *board.Snapshot, q listQuery, f incidentForm) (*page.Page, error) {
	found, err := a.cfg.Board.List(ctx, s, q.Query)
	if err != nil {
		return nil, err
	}
	p, err := f.now(s, found, q)
	if err == nil && found.More {
		q.After = found.At
		p.Link = []string{"<" + a.cfg.Board.PublicURL() + f.path + "?" + q.key() + `>; rel="next"`}
	}
	return p, err
}

// incidentsJSON renders a page of the list of incidents as JSON.
func incidentsJSON(s *board.Snapshot, found board.Listing, q listQuery) (*page.Page, error) {
	body := append([]byte(`{"meta":`), s.MetaBody...)
	body = append(body, `,"incidents":[`...)
	for i, e := range found.Entries {
		listed, err := membersOf(e, q.fields)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, listed...)
	}
	next := "null"
	if found.More {
		next = strconv.Quote(found.At.String()) // base64url: nothing to escape
	}
	return page.Of(append(append(append(body, `],"next":`...), next...), '}')), nil
}
