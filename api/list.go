package api

import (
	"context"
	"strconv"

	"faultline/board"
	"faultline/board/page"
)

// list renders a page of the list of incidents.
func (a *api) list(ctx context.Context, s *board.Snapshot, q listQuery) (*page.Page, error) {
	found, err := a.cfg.Board.List(ctx, s, q.Query)
	if err != nil {
		return nil, err
	}
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
	next, link := "null", []string(nil)
	if found.More {
		next = strconv.Quote(found.At.String()) // base64url: nothing to escape
		following := q
		following.After = found.At
		link = []string{"<" + a.cfg.Board.PublicURL() + "/v1/incidents?" + following.key() + `>; rel="next"`}
	}
	p := page.Of(append(append(append(body, `],"next":`...), next...), '}'))
	p.Link = link
	return p, nil
}
