package api

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"faultline"
)

// Every read answers HEAD like GET without the body, has a strong ETag, and
// 304 for who holds it.
func TestConditionalReads(t *testing.T) {
	n := newNode(t)
	inc := incident(0, 1, 25)
	n.source.Publish(inc)
	n.run()
	n.show(faultline.View{AsOf: t0})
	for _, path := range []string{"/v1/incidents", "/v1/incidents?state=open", "/v1/incidents/" + inc.ID,
		"/v1/incidents/" + inc.ID + "/sites",
		"/v1/incidents/" + inc.ID + "/revisions/1", "/v1/sites/bbc.co.uk", "/v1/summary", "/.well-known/jwks.json"} {
		get := n.get(path)
		h := get.Header()
		etag := h.Get("ETag")
		if get.Code != http.StatusOK || len(etag) < 10 || etag[0] != '"' ||
			h.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %v", path, get.Code, h)
		}
		if strings.HasPrefix(path, "/v1/") && h.Get("Faultline-As-Of") != "2021-06-08T09:47:05Z" {
			t.Errorf("%s: as of %q", path, h.Get("Faultline-As-Of"))
		}
		if !strings.Contains(path, "revisions") && strings.HasPrefix(path, "/v1/") &&
			h.Get("Cache-Control") != "public, max-age=5, stale-while-revalidate=30, stale-if-error=86400" {
			t.Errorf("%s: Cache-Control %q", path, h.Get("Cache-Control"))
		}
		head := n.do(request{method: http.MethodHead, path: path})
		if head.Code != http.StatusOK || head.Header().Get("ETag") != etag ||
			head.Header().Get("Content-Length") != strconv.Itoa(get.Body.Len()) {
			t.Errorf("HEAD %s: %d %v", path, head.Code, head.Header())
		}
		held := n.do(request{path: path, header: map[string]string{"If-None-Match": `"x", W/` + etag}})
		if held.Code != http.StatusNotModified || held.Body.Len() != 0 || held.Header().Get("ETag") != etag ||
			held.Header().Get("Content-Type") != "" {
			t.Errorf("304 %s: %d %v %s", path, held.Code, held.Header(), held.Body)
		}
		if changed := n.do(request{path: path,
			header: map[string]string{"If-None-Match": `"x"`}}); changed.Code != http.StatusOK {
			t.Errorf("changed %s: %d", path, changed.Code)
		}
	}
}
