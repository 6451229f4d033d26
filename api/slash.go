package api

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// firstSegments are the first segments of the paths that can be read, those under /v1
// excepted: "site", "feed.atom", "embed".
func firstSegments(routes gin.RoutesInfo) map[string]bool {
	segments := map[string]bool{}
	for _, r := range routes {
		if first, _, _ := strings.Cut(r.Path[1:], "/"); r.Method == http.MethodGet && first != "" && first != "v1" {
			segments[first] = true
		}
	}
	return segments
}

// withoutSlash leads from an address with a slash at its end to the one without it, and
// reports whether it did. People and programs of others add the slash to the addresses of
// pages, feeds and widgets. Under /v1 it is refused, as everything is there that the
// document does not know.
//
// The address that it leads to is relative, so that it holds below any prefix of a proxy,
// and never names another host.
func (a *api) withoutSlash(c *gin.Context) bool {
	path, slash := strings.CutSuffix(c.Request.URL.Path, "/")
	reads := c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead
	if !slash || !reads || strings.HasSuffix(path, "/") {
		return false
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !a.firstSegments()[first] {
		return false
	}
	to := url.URL{Path: "../" + path[strings.LastIndexByte(path, '/')+1:], RawQuery: c.Request.URL.RawQuery}
	c.Header("Location", to.String())
	c.Header("Cache-Control", "no-cache")
	c.Status(http.StatusPermanentRedirect)
	c.Writer.WriteHeaderNow()
	return true
}
