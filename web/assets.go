package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

//go:embed pages parts static words
var files embed.FS

// asset is a file that pages refer to by an address with its contents' hash, so
// that it may be kept for good.
type asset struct {
	page *page.Page
	hash string
}

// style is what stands in the head of every page, so that the first paint needs
// one request, and the source expression that lets a browser take it (CSP 3).
type style struct {
	css    template.CSS
	source string
}

// assets are the scripts, the icon and the styles.
type assets struct {
	prefix       string
	byName       map[string]asset
	page, widget style
}

// scripts and pictures, by the media that they are of.
var staticFiles = map[string]string{
	"live.js": javaScript, "frame.js": javaScript, "take.js": javaScript,
	"embed.js": javaScript, "notify.js": javaScript, "sw.js": javaScript,
	"stack.js": javaScript, "player.js": javaScript, "key.js": javaScript,
	"icon.svg": "image/svg+xml", "feed.css": "text/css; charset=utf-8",
}

// pageScript is what every page runs, live.js and suggest.js, in one file: a first visit asks
// for little.
const pageScript = "page.js"

const javaScript = "text/javascript; charset=utf-8"

// widgetParts are the styles that widgets need; pages have all of them.
var widgetParts = []string{"parts/layout/colours.css", "parts/layout/text.css", "parts/headline/", "parts/chart/",
	"pages/embed/"}

// readAssets reads the static files and puts a hash of each into its address. A file that changes
// gets another address, so browsers may keep it permanently.
func readAssets(prefix string) (assets, error) {
	a := assets{prefix: prefix, byName: map[string]asset{}}
	for name, media := range staticFiles {
		if err := a.read(name, media, name); err != nil {
			return a, err
		}
	}
	err := a.read(pageScript, javaScript, "live.js", "suggest.js")
	if err != nil {
		return a, err
	}
	if a.page, err = readStyle(func(string) bool { return true }); err != nil {
		return a, err
	}
	a.widget, err = readStyle(func(name string) bool {
		return slices.ContainsFunc(widgetParts, func(part string) bool { return strings.HasPrefix(name, part) })
	})
	return a, err
}

// read puts files together into one asset.
func (a assets) read(name, media string, from ...string) error {
	var whole []byte
	for _, file := range from {
		body, err := files.ReadFile("static/" + file)
		if err != nil {
			return fmt.Errorf("web: read %s: %w", file, err)
		}
		whole = append(whole, body...)
	}
	sum := sha256.Sum256(whole)
	a.byName[name] = asset{page: page.File(whole, media), hash: base64.RawURLEncoding.EncodeToString(sum[:9])}
	return nil
}

// darkColours are those of the dark scheme. A reader may choose them, and the page around a
// widget, whatever the reader's system says.
var darkColours = regexp.MustCompile(`(?s)@media \(prefers-color-scheme:dark\)\{:root[^{]*\{(.*?)\}\}`)

// readStyle puts the styles of parts and pages together: the layout's first, as
// the rest builds on it.
func readStyle(wanted func(name string) bool) (style, error) {
	var css bytes.Buffer
	for _, pattern := range []string{"parts/layout/*.css", "parts/*/*.css", "pages/*/*.css"} {
		names, err := fs.Glob(files, pattern)
		if err != nil {
			return style{}, fmt.Errorf("web: %w", err)
		}
		for _, name := range names {
			if !wanted(name) || pattern != "parts/layout/*.css" && strings.HasPrefix(name, "parts/layout/") {
				continue
			}
			body, err := files.ReadFile(name)
			if err != nil {
				return style{}, fmt.Errorf("web: read %s: %w", name, err)
			}
			css.Write(body)
		}
	}
	dark := darkColours.FindSubmatch(css.Bytes())
	if dark == nil {
		return style{}, fmt.Errorf("web: the style has no dark colours")
	}
	fmt.Fprintf(&css, ":root[data-theme=dark]{color-scheme:dark;%s}", dark[1])
	sum := sha256.Sum256(css.Bytes())
	//nolint:gosec // the style is built in
	return style{css: template.CSS(css.String()), source: "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"},
		nil
}

// url returns where an asset lives: live.js at /static/live.HASH.js.
func (a assets) url(name string) string {
	ext := path.Ext(name)
	return a.prefix + "/static/" + strings.TrimSuffix(name, ext) + "." + a.byName[name].hash + ext
}

// find returns the asset of a file name with a hash in it, and whether that is
// its hash. A page that was kept since another release asks for another one: it
// gets what there is now, which suits it better than nothing.
func (a assets) find(file string) (found asset, exact, ok bool) {
	parts := strings.Split(file, ".")
	if len(parts) != 3 {
		return asset{}, false, false
	}
	found, ok = a.byName[parts[0]+"."+parts[2]]
	return found, found.hash == parts[1], ok
}

// static serves a file. An address with an old hash still gets the newest file, but only briefly
// cached: a page from before an upgrade must not lose its style.
func (w *Web) static(c *gin.Context, _ *localizer) error {
	found, exact, ok := w.assets.find(c.Param("file"))
	if !ok {
		return faultline.ErrNotFound
	}
	cache := page.CacheBriefly
	if exact {
		cache = page.CacheImmutable
	}
	page.Write(c.Writer, c.Request, found.page, cache)
	return nil
}

// feedStyle answers with the style of the Atom feed, at an address without a hash: the feed
// is made by package api.
func (w *Web) feedStyle(c *gin.Context, _ *localizer) error {
	page.Write(c.Writer, c.Request, w.assets.byName["feed.css"].page, page.CacheElement)
	return nil
}

// element answers with the script of the <faultline-incident> element, at an
// address without a hash: newspapers paste it.
func (w *Web) element(c *gin.Context, _ *localizer) error {
	page.Write(c.Writer, c.Request, w.assets.byName["embed.js"].page, page.CacheElement)
	return nil
}
