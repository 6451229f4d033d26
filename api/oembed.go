package api

import (
	"cmp"
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
	// A picture of the page, for who shows no frame. All three are there or none.
	ThumbnailURL    string `json:"thumbnail_url,omitzero"`
	ThumbnailWidth  int    `json:"thumbnail_width,omitzero"`  // pixels
	ThumbnailHeight int    `json:"thumbnail_height,omitzero"` // pixels
}

// The size of a page's picture in pixels, which package web draws.
const (
	thumbnailWidth  = 1200
	thumbnailHeight = 630
)

// embedWidth is the width of a widget in pixels, unless less is asked for. Its height follows.
const embedWidth = 600

// oembedKeys are the query keys of /oembed.
var oembedKeys = []string{"url", "format", "maxwidth", "maxheight", "lang"}

// embeddable are the pages that have a widget.
var embeddable = regexp.MustCompile(
	`^/(incident/((?i:inc_)[0-9A-Za-z]{1,40})(@[1-9][0-9]{0,8})?|site/[^/]{1,300}|provider/[A-Za-z0-9-]{1,` +
		`64}|component/[A-Za-z]{1,10}/[^/]{1,300})$`,
)

// getOEmbed says how to embed a page of ours.
//
// @ID       getOEmbed
// @Summary  How to embed a page of ours (oEmbed 1.0)
// @Tags     feeds
// @Produce  json
// @Param    url       query string true  "address of an incident's, a site's or a component's page" example(https://faultline.example/site/bbc.co.uk)
// @Param    format    query string false "json is the only one that is made" Enums(json)
// @Param    maxwidth  query int    false "pixels" minimum(1)
// @Param    lang      query string false "language of the widget, such as de" example(en)
// @Param    maxheight query int    false "pixels" minimum(1)
// @Success  200 {object} OEmbedAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  404,501,503 {object} Problem
// @Router   /oembed [get]
func (a *api) getOEmbed(c *gin.Context, query url.Values) error {
	if f := query.Get("format"); f != "" && !strings.EqualFold(f, "json") {
		return &refusal{status: http.StatusNotImplemented, detail: "format: json is the only one that is made."}
	}
	width := embedSize(query, "maxwidth", embedWidth)
	height := embedSize(query, "maxheight", faultline.WidgetHeight(width, ""))
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	path, title, err := a.embedded(c, s, query.Get("url"))
	if err != nil {
		return err
	}
	base := a.cfg.Board.PublicURL()
	source := base + "/embed" + path
	if lang := cmp.Or(query.Get("lang"), langOf(query.Get("url"))); embedLang.MatchString(lang) {
		source += "?lang=" + lang
	}
	p, err := page.New(OEmbedAnswer{Version: "1.0", Type: "rich", Title: title, ProviderName: "Faultline",
		ProviderURL: base + "/", CacheAge: 300, Width: width, Height: height,
		ThumbnailURL: base + "/card" + path + ".png", ThumbnailWidth: thumbnailWidth, ThumbnailHeight: thumbnailHeight,
		HTML: fmt.Sprintf(
			`<iframe src="%s" width="%d" height="%d" title="%s" loading="lazy" `+
				`style="border:0;max-width:100%%"></iframe>`,
			html.EscapeString(source), width, height, html.EscapeString(title))})
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, p.Plain(), page.CacheDocuments)
	return nil
}

// embedLang is the form of a language tag that a widget is asked for in.
var embedLang = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$`)

// langOf is the language that the address of a page asks for, or empty.
func langOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get("lang")
}

// embedSize reads a size that a widget must not exceed: by the specification any
// number of pixels. Programs fill in what they do not know with nothing, 0 or a word:
// it is then the usual size.
func embedSize(query url.Values, key string, usual int) int {
	n, err := strconv.ParseFloat(query.Get(key), 64)
	if err != nil || !(n >= 1) {
		return usual
	}
	return int(min(n, float64(usual)))
}

// embedPath is the path of a page of ours, as address names it: with http for https or
// neither, a slash at its end, a query or a fragment, encoded twice, or as the address of
// the page's widget, it is the same page.
func (a *api) embedPath(address string) (path string, ok bool) {
	base, err := url.Parse(a.cfg.Board.PublicURL())
	if err != nil {
		return "", false
	}
	if address = strings.TrimSpace(address); base.Host != "" && hasHost(address, base.Host) {
		address = "//" + address // as people type it
	}
	u, err := url.Parse(address)
	if err != nil || u.Opaque != "" || u.User != nil {
		return "", false
	}
	if !sameHost(u, base) || u.Host != "" && u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "" {
		return "", false
	}
	path, ok = strings.CutPrefix(u.EscapedPath(), base.EscapedPath())
	path = strings.TrimPrefix(strings.TrimRight(path, "/"), "/embed")
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, part := range parts {
		for range 2 { // programs encode what is encoded already
			if part, err = url.PathUnescape(part); err != nil {
				return "", false
			}
		}
		parts[i] = url.PathEscape(part)
	}
	path = "/" + strings.Join(parts, "/")
	if len(parts) == 4 && parts[0] == "component" { // a slash in a name is written as a tilde
		path = "/component/" + parts[1] + "/" + parts[2] + "~" + parts[3]
	}
	return path, ok && embeddable.MatchString(path)
}

// hasHost reports whether an address without a scheme begins with a host.
func hasHost(address, host string) bool {
	begin, _, _ := strings.Cut(address, "/")
	return strings.EqualFold(begin, host)
}

// sameHost reports whether an address is of the host of base, whatever the case of its name,
// a dot at its end, or the port that its scheme has anyway.
func sameHost(u, base *url.URL) bool {
	plain := func(u *url.URL) string {
		host := strings.ToLower(u.Host)
		for _, usual := range []string{":443", ":80"} {
			host = strings.TrimSuffix(host, usual)
		}
		return strings.TrimSuffix(host, ".")
	}
	return plain(u) == plain(base)
}

// embedded finds the page that an address names, with its title. An incident is
// shown as it is now, for good, unless the address names a revision: what somebody
// wrote about must not change below the text.
func (a *api) embedded(c *gin.Context, s *board.Snapshot, address string) (path, title string, err error) {
	if address == "" {
		return "", "", invalidParameter("url", "is needed here: which page?")
	}
	path, ok := a.embedPath(address)
	if !ok {
		return "", "", faultline.ErrNotFound
	}
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
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
		return "/site/" + url.PathEscape(record.Site), "Is " + record.Site + " down?", nil
	case kindProvider:
		p, known := a.cfg.Board.Providers().Named(parts[1])
		if !known {
			return "", "", faultline.ErrNotFound
		}
		return "/provider/" + p.Slug, p.Name, nil
	case "component":
		name, _ := url.PathUnescape(parts[2]) // it was escaped above
		component := faultline.ComponentFromPath(strings.ToLower(parts[1]), name).AsWritten()
		if _, _, known := a.cfg.Index.Members(component, 0); !known {
			return "", "", faultline.ErrNotFound
		}
		return "/component/" + component.Path(), component.DisplayName(), nil
	}
	id, revision, fixed := strings.Cut(parts[1], "@")
	id = faultline.IncidentID(id)
	inc, err := a.embeddedIncident(c, s, id)
	if err != nil {
		return "", "", err
	}
	if n, err := strconv.Atoi(revision); fixed && (err != nil || n > inc.Revision) {
		return "", "", faultline.ErrNotFound // there is no such revision
	}
	if !fixed {
		revision = strconv.Itoa(inc.Revision)
	}
	return "/incident/" + id + "@" + revision, inc.DatedTitle(), nil
}

func (a *api) embeddedIncident(c *gin.Context, s *board.Snapshot, id string) (faultline.Incident, error) {
	if e := s.Entry(id); e != nil {
		return e.Incident, nil
	}
	return a.cfg.Board.ReadThrough(c.Request.Context(), id, 0)
}
