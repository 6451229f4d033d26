package api

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"faultline/api/stream"
	"faultline/board"
	"faultline/docs"

	"github.com/go-json-experiment/json"
)

// Programs elsewhere may read the document, and keep it as long as it is the same.
func TestOpenAPIIsServed(t *testing.T) {
	n := newNode(t) // whether or not anything is known of incidents
	w := n.get("/openapi.json")
	if w.Code != http.StatusOK || w.Body.String() != string(docs.OpenAPI) ||
		w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("got %d %v", w.Code, w.Header())
	}
	if w.Header().Get("Access-Control-Allow-Origin") != "*" ||
		!strings.Contains(w.Header().Get("Cache-Control"), "max-age=") {
		t.Errorf("headers %v", w.Header())
	}
	same := map[string]string{"If-None-Match": w.Header().Get("ETag")}
	if w := n.do(request{path: "/openapi.json", header: same}); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("held already: %d", w.Code)
	}
	if w := n.do(request{method: http.MethodHead, path: "/openapi.json"}); w.Code != http.StatusOK ||
		w.Header().Get("ETag") != same["If-None-Match"] {
		t.Errorf("HEAD: %d %v", w.Code, w.Header())
	}
}

// Who reads YAML alone gets the document too: JSON is YAML.
func TestOpenAPIIsServedAsYAML(t *testing.T) {
	w := newNode(t).get("/openapi.yaml")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/yaml" ||
		w.Body.String() != string(docs.OpenAPI) || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("got %d %v", w.Code, w.Header())
	}
}

// The page loads its own files and nothing else, and holds no script or style
// that its policy would have to allow.
func TestDocsPageIsSelfContained(t *testing.T) {
	n := newNode(t)
	w := n.get("/docs/")
	policy := w.Header().Get("Content-Security-Policy")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("got %d %v", w.Code, w.Header())
	}
	for _, wanted := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
		"frame-ancestors 'none'"} {
		if !strings.Contains(policy, wanted) {
			t.Errorf("policy %q lacks %s", policy, wanted)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("policy %q", policy)
	}
	page := w.Body.String()
	for _, inline := range []string{"<style", "style=", "<script>", " onload", "http:", "https:", "//"} {
		if strings.Contains(page, inline) {
			t.Errorf("the page holds %s", inline)
		}
	}
	media := map[string]string{"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
	files := regexp.MustCompile(`(?:href|src)="([\w-]+\.(css|js))"`).FindAllStringSubmatch(page, -1)
	if len(files) != 4 {
		t.Fatalf("the page names %v", files)
	}
	for _, f := range files {
		w := n.get("/docs/" + f[1])
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != media[f[2]] || w.Header().Get("ETag") == "" {
			t.Errorf("%s: %d %v", f[1], w.Code, w.Header())
		}
		if w := n.do(request{path: "/docs/" + f[1],
			header: map[string]string{"If-None-Match": w.Header().Get("ETag")}}); w.Code != http.StatusNotModified {
			t.Errorf("%s, held already: %d", f[1], w.Code)
		}
	}
	script := n.get("/docs/init.js").Body.String()
	if !strings.Contains(script, "validatorUrl: null") || strings.Contains(script, "http") {
		t.Errorf("the script may ask elsewhere: %s", script)
	}
}

func TestDocsHaveOneAddress(t *testing.T) {
	n := newNode(t)
	if w := n.get("/docs"); w.Code != http.StatusMovedPermanently || w.Header().Get("Location") != "docs/" {
		t.Errorf("without the slash: %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/docs/index.html", "/docs/README.md", "/docs/..%2fdoc.go", "/docs/ui/init.js"} {
		wantProblem(t, n.get(path), http.StatusNotFound)
	}
	if w := n.get("/docs/swagger-ui.css/"); w.Header().Get("Location") != "../swagger-ui.css" {
		t.Errorf("a file with a slash at its end: %d %v", w.Code, w.Header())
	}
	for _, licence := range []string{"LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"} {
		if w := n.get("/docs/" + licence); w.Code != http.StatusOK ||
			w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: %d", licence, w.Code)
		}
	}
}

// The document names the server by the address that people reach it by, with its
// path.
func TestDocumentNamesItsServer(t *testing.T) {
	n := newNode(t,
		func(_ *Config, b *board.Config, _ *stream.Config) { b.PublicURL = "https://example.org/faultline" })
	var doc struct {
		Servers []struct {
			URL string `json:"url"`
		} `json:"servers"`
	}
	if err := json.Unmarshal(n.get("/openapi.json").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Servers) != 1 || doc.Servers[0].URL != "https://example.org/faultline" {
		t.Errorf("servers %+v", doc.Servers)
	}
}
