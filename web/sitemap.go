package web

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

const (
	mediaXML = "application/xml; charset=utf-8"
	// sitemapAddresses is how many addresses one sitemap may name by the protocol of
	// sitemaps.org; its other limit, 50 MB, is far above what so many of ours measure.
	sitemapAddresses = 50_000
	// maxSitemaps bounds how many sitemaps there are.
	maxSitemaps = 20
)

// siteMap and siteMapIndex are what the protocol of sitemaps.org has.
type siteMap struct {
	XMLName xml.Name       `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	URLs    []siteMapEntry `xml:"url"`
}

// siteMapIndex names the sitemaps.
type siteMapIndex struct {
	XMLName  xml.Name       `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
	Sitemaps []siteMapEntry `xml:"sitemap"`
}

// siteMapEntry is an address in either of them. LastMod is in the form of RFC 3339, and left
// out where it is not known.
type siteMapEntry struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod,omitempty"`
}

// sitemaps adds the list of sitemaps and the sitemaps themselves. They lie at the root:
// one that lies deeper may name only what lies below it.
func (w *Web) sitemaps(r gin.IRouter) {
	file := func(path string, write func(string) (any, error)) {
		r.Match([]string{http.MethodGet, http.MethodHead}, path, w.answer(w.policies.static,
			func(c *gin.Context, _ *localizer) error {
				content, err := write(c.Param("n"))
				if err != nil {
					return err
				}
				body, err := xml.Marshal(content)
				if err != nil {
					return err
				}
				body = append([]byte(xml.Header), body...)
				page.Write(c.Writer, c.Request, page.File(body, mediaXML).Plain(), page.CacheDocuments)
				return nil
			}))
	}
	file("/sitemap.xml", w.sitemapIndex)
	file("/sitemap-:n", w.sitemap)
}

// sitemapIndex lists as many sitemaps as all addresses need.
func (w *Web) sitemapIndex(string) (any, error) {
	all, err := w.lasting()
	if err != nil {
		return nil, err
	}
	var index siteMapIndex
	for n := 0; n*sitemapAddresses < len(all) && n < maxSitemaps; n++ {
		index.Sitemaps = append(index.Sitemaps,
			siteMapEntry{Loc: w.absolute(fmt.Sprintf("/sitemap-%d.xml", n+1))})
	}
	return index, nil
}

// sitemap is one of them, by its number from 1 on. A name that is no such number is not
// found: 01 would be a second address of 1.
func (w *Web) sitemap(name string) (any, error) {
	all, err := w.lasting()
	if err != nil {
		return nil, err
	}
	number, ok := strings.CutSuffix(name, ".xml")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || strconv.Itoa(n) != number || n < 1 || n > maxSitemaps ||
		(n-1)*sitemapAddresses >= len(all) {
		return nil, faultline.ErrNotFound
	}
	return siteMap{URLs: all[(n-1)*sitemapAddresses : min(len(all), n*sitemapAddresses)]}, nil
}

// lasting are the addresses of the pages that stay: those of this server's own, of providers,
// of confirmed outages, of components, and of sites, the most visited first. Search engines
// that stop early have the best known. A drill has none, and neither has a server that does
// not know its own address.
func (w *Web) lasting() (all []siteMapEntry, err error) {
	if w.base == nil || w.cfg.Drill { // addresses must be whole
		return nil, faultline.ErrNotFound
	}
	incidents, err := w.cfg.Source.Incidents()
	if err != nil {
		return nil, err
	}
	add := func(path, changed string) { all = append(all, siteMapEntry{w.absolute(path), changed}) }
	for _, path := range []string{"/", "/archive", "/stack", "/method", "/about", "/developers", "/vantages",
		"/prober", "/dumps"} {
		add(path, "")
	}
	for _, p := range w.cfg.Providers.All() {
		add("/provider/"+p.Slug, "")
	}
	for _, inc := range archived(incidents) {
		add("/incident/"+inc.ID, inc.UpdatedAt.UTC().Format(time.RFC3339))
	}
	for _, c := range w.cfg.Components() {
		add("/component/"+c.Path(), "")
	}
	if w.cfg.Sites != nil {
		for _, site := range w.cfg.Sites() {
			add("/site/"+site, "")
		}
	}
	return all, nil
}
