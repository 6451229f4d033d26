package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"faultline"

	"github.com/gin-gonic/gin"
)

//go:embed pages parts static
var files embed.FS

// asset is a file that pages refer to by an address with its contents' hash, so
// that it may be kept for ever.
type asset struct {
	body  []byte
	media string
	hash  string
}

// assets are style.css, live.js and icon.svg.
type assets struct {
	prefix string
	byName map[string]asset
}

func readAssets(prefix string) (assets, error) {
	a := assets{prefix: prefix, byName: map[string]asset{}}
	style, err := readStyle()
	if err != nil {
		return a, err
	}
	a.add("style.css", "text/css; charset=utf-8", style)
	for name, media := range map[string]string{"live.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"} {
		body, err := files.ReadFile("static/" + name)
		if err != nil {
			return a, fmt.Errorf("web: read %s: %w", name, err)
		}
		a.add(name, media, body)
	}
	return a, nil
}

// readStyle puts the styles of all parts and pages together, the parts first.
func readStyle() ([]byte, error) {
	var names []string
	for _, pattern := range []string{"parts/*/*.css", "pages/*/*.css"} {
		found, err := fs.Glob(files, pattern)
		if err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
		slices.Sort(found)
		names = append(names, found...)
	}
	// The rest builds on the layout's.
	slices.SortStableFunc(names, func(a, b string) int { return layoutFirst(a) - layoutFirst(b) })
	var style bytes.Buffer
	for _, name := range names {
		body, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("web: read %s: %w", name, err)
		}
		style.Write(body)
	}
	return style.Bytes(), nil
}

func layoutFirst(name string) int {
	if strings.HasPrefix(name, "parts/layout/") {
		return 0
	}
	return 1
}

func (a assets) add(name, media string, body []byte) {
	sum := sha256.Sum256(body)
	a.byName[name] = asset{body: body, media: media, hash: base64.RawURLEncoding.EncodeToString(sum[:9])}
}

// url returns where an asset lives: style.css at /static/style.HASH.css.
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

func (w *Web) static(c *gin.Context) error {
	found, exact, ok := w.assets.find(c.Param("file"))
	if !ok {
		return faultline.ErrNotFound
	}
	h := c.Writer.Header()
	h.Set("Content-Type", found.media)
	h.Set("Cache-Control", cacheBriefly)
	if exact {
		h.Set("Cache-Control", cacheImmutable)
	}
	h.Set("Content-Length", strconv.Itoa(len(found.body)))
	c.Writer.WriteHeader(http.StatusOK)
	_, _ = c.Writer.Write(found.body) // the client may have gone
	return nil
}
