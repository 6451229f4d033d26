package web

import (
	"context"

	"github.com/gin-gonic/gin"
)

// embedPage is the headline block of an incident on somebody else's page.
type embedPage struct {
	shell
	Head   headline
	Source string // where it is from, with the revision
	Link   string
	Frozen bool
}

func (w *Web) embedIncident(c *gin.Context) error {
	id, revision, err := readID(c.Param("id"))
	if err != nil {
		return err
	}
	return w.show(c, "embed/"+c.Param("id"), func(ctx context.Context) (doc, error) {
		inc, err := w.cfg.Source.Incident(ctx, id, revision)
		if err != nil {
			return doc{}, err
		}
		frozen := revision != 0
		asOf, _ := w.clock()
		if frozen {
			asOf = inc.UpdatedAt
		}
		head := w.headlineOf(&inc, asOf)
		p := embedPage{shell: w.shell(inc.Title, describeHead(head)), Head: head, Frozen: frozen}
		p.Widget, p.Drill = true, p.Drill || inc.Drill
		cite := w.cite(&inc)
		p.Canonical, p.Link = cite.Live, cite.Live
		if frozen {
			p.Link, p.AsOf, p.Stale = cite.Frozen, momentOf(asOf, formDated), false
		} else {
			p.Live, p.Revision, p.Say = inc.ID, inc.Revision, head.Word+": "+inc.Title
		}
		p.Source = "revision " + number(inc.Revision)
		return doc{page: "embed", data: p, cache: cacheOf(frozen)}, nil
	})
}
