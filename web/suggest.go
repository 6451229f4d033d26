package web

import (
	"encoding/json"
	"fmt"

	"faultline/board/find"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// suggested is how many things are suggested while somebody types: as many as fit above a
// phone's keyboard.
const suggested = 8

// suggestion is one thing that may be meant by what was typed so far.
type suggestion struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // in the reader's language
	URL  string `json:"url"`
}

// suggest answers what may be meant by what stands in the search box so far, as JSON. It says
// nothing of how these things do, so that an answer may be kept and need not be right to the
// second.
func (w *Web) suggest(c *gin.Context, v *localizer) error {
	asked := find.Question(clip(c.Query("q")))
	p, err := w.cache.GetAt(v.keyed("suggest?"+asked), w.cfg.Wall(), func() (*page.Page, error) {
		body, err := json.Marshal(v.suggestions(asked))
		if err != nil {
			return nil, fmt.Errorf("render suggestions: %w", err)
		}
		return page.File(body, "application/json"), nil
	})
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, p, page.CacheBriefly)
	return nil
}

// suggestions are the matches as a reader sees them. A site that people know by another name
// has both.
func (v *localizer) suggestions(asked string) []suggestion {
	all := []suggestion{}
	if v.cfg.Find == nil {
		return all
	}
	for _, m := range v.cfg.Find(asked, suggested) {
		row := v.foundRow(m)
		name := row.Name
		if m.Kind == find.Site && row.Detail != name {
			name += " · " + row.Detail
		}
		all = append(all, suggestion{Name: name, Kind: row.Kind, URL: row.URL})
	}
	return all
}
