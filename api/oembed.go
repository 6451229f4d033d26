package api

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// OEmbedAnswer is how to put a widget on a page (oEmbed 1.0, type rich).
type OEmbedAnswer struct {
	Version      string `json:"version"`
	Type         string `json:"type"`
	Title        string `json:"title"`
	ProviderName string `json:"provider_name"`
	ProviderURL  string `json:"provider_url"`
	CacheAge     int    `json:"cache_age"` // seconds
	HTML         string `json:"html"`
	Width        int    `json:"width"`  // pixels
	Height       int    `json:"height"` // pixels
}

// The size of a widget, in pixels, unless less is asked for.
const (
	embedWidth  = 600
	embedHeight = 320
	embedLeast  = 200
)

// oembedKeys are the query keys of /oembed.
var oembedKeys = []string{"url", "format", "maxwidth", "maxheight", "lang"}

// embeddable are the pages that have a widget.
var embeddable = regexp.MustCompile(
	`^/(incident/(inc_[0-9A-Za-z]{1,40})(@[1-9][0-9]{0,8})?|site/[^/]{1,300}|component/[a-z]{1,10}/[^/]{1,300})$`,
)

// getOEmbed says how to embed a page of ours.
//
// @ID       getOEmbed
// @Summary  How to embed a page of ours (oEmbed 1.0)
// @Tags     feeds
// @Produce  json
// @Param    url       query string true  "address of an incident's, a site's or a component's page" example(https://faultline.example/site/bbc.co.uk)
// @Param    format    query string false "json is the only one that is made" Enums(json)
// @Param    maxwidth  query int    false "pixels" minimum(200)
// @Param    maxheight query int    false "pixels" minimum(200)
// @Success  200 {object} OEmbedAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  400,404,501,503 {object} Problem
// @Router   /oembed [get]
func (a *api) getOEmbed(c *gin.Context, query url.Values) error {
	if f := query.Get("format"); query.Has("format") && f != "json" {
		return &refusal{status: http.StatusNotImplemented, detail: "format: json is the only one that is made."}
	}
	width, err := embedSize(query, "maxwidth", embedWidth)
	if err != nil {
		return err
	}
	height, err := embedSize(query, "maxheight", embedHeight)
	if err != nil {
		return err
	}
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	path, title, err := a.embedded(c, s, query.Get("url"))
	if err != nil {
		return err
	}
	base := a.cfg.Board.PublicURL()
	p, err := page.New(
		OEmbedAnswer{Version: "1.0", Type: "rich", Title: title, ProviderName: "Faultline", ProviderURL: base + "/",
			CacheAge: 300, Width: width, Height: height,
			HTML: fmt.Sprintf(
				`<iframe src="%s" width="%d" height="%d" title="%s" loading="lazy" style="border:0"></iframe>`,
				html.EscapeString(base+"/embed"+path),
				width,
				height,
				html.EscapeString(title),
			)},
	)
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, p.Plain(), page.CacheDocuments)
	return nil
}

func embedSize(query url.Values, key string, usual int) (int, error) {
	if !query.Has(key) {
		return usual, nil
	}
	n, err := strconv.Atoi(query.Get(key))
	if err != nil || n < embedLeast {
		return 0, invalidParameter(key, fmt.Sprintf("must be a number of pixels from %d on", embedLeast))
	}
	return min(n, usual), nil
}

// embedded finds the page that an address names, with its title.
func (a *api) embedded(c *gin.Context, s *board.Snapshot, address string) (path, title string, err error) {
	if address == "" {
		return "", "", invalidParameter("url", "is needed here: which page?")
	}
	u, err := url.Parse(strings.TrimPrefix(address, a.cfg.Board.PublicURL()))
	if err != nil || u.Host != "" || u.Opaque != "" || !embeddable.MatchString(u.EscapedPath()) {
		return "", "", faultline.ErrNotFound
	}
	parts := strings.Split(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	switch parts[0] {
	case "site":
		name, err := url.PathUnescape(parts[1])
		if err != nil {
			return "", "", faultline.ErrNotFound
		}
		record, err := a.cfg.Lookup(name)
		if err != nil {
			return "", "", faultline.ErrNotFound
		}
		return u.EscapedPath(), "Is " + record.Site + " down?", nil
	case "component":
		component := faultline.ComponentFromPath(parts[1], parts[2])
		if _, _, known := a.cfg.Index.Members(component, 0); !known {
			return "", "", faultline.ErrNotFound
		}
		return u.EscapedPath(), component.DisplayName(), nil
	}
	id, _, _ := strings.Cut(parts[1], "@")
	if e := s.Entry(id); e != nil {
		return u.EscapedPath(), e.Incident.Title, nil
	}
	inc, err := a.cfg.Board.ReadThrough(c.Request.Context(), id, 0)
	return u.EscapedPath(), inc.Title, err
}
