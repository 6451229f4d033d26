package api

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strconv"

	"faultline"
	"faultline/board"
	"faultline/board/page"
	"faultline/docs"

	"github.com/gin-gonic/gin"
)

// What opens the document. Package docs/gen makes the rest of it from the
// comments of handlers.
//
// @title        Faultline
// @version      1
// @description  Faultline names the shared infrastructure that is down, and what it took down with it.
// @description
// @description  - **Reading** needs no account, and any page in any browser may do it. Answers carry an ETag: send it back as If-None-Match. Every path that takes GET takes HEAD too, but for the stream.
// @description  - **Times** are UTC (RFC 3339).
// @description  - **Null and unknown** are answers: a cause is null where the failing sites share nothing that we know.
// @description  - **Extensible**: new members, symptoms and kinds of component may appear. Ignore what you do not know.
// @description  - **Errors** are problem details (RFC 9457); errors names each field or parameter at fault. Besides those listed, any path answers 405 to a method that it does not take, and 500 where the fault is ours. A query parameter that is not listed is refused with 400.
// @description  - **Examples** are real answers of the drill fastly-2021-06-08.
// @license.name Apache-2.0
// @license.url  https://www.apache.org/licenses/LICENSE-2.0
// @BasePath     /
//
// @tag.name         reports
// @tag.description  What people say
// @tag.name         probes
// @tag.description  What machines saw
// @tag.name         incidents
// @tag.description  What is concluded
// @tag.name         sites
// @tag.description  How one site does
// @tag.name         components
// @tag.description  How a piece of shared infrastructure does
// @tag.name         stack
// @tag.description  State of what you depend on
// @tag.name         replays
// @tag.description  Outages of the past, played from the public record
// @tag.name         feeds
// @tag.description  For readers of feeds, pages that embed us, and alerting
// @tag.name         statuspage
// @tag.description  For what reads Atlassian Statuspage v2
// @tag.name         webhooks
// @tag.description  Messages to you, signed
// @tag.name         operations
// @tag.description  For those who run it
// @tag.name         documents
// @tag.description  This document
//
// @securityDefinitions.apikey Bearer
// @in   header
// @name Authorization

// docPages are the document and the files that show it.
type docPages struct {
	openapi *page.Page
	yaml    *page.Page            // the same bytes
	files   map[string]*page.Page // by name
	schemas map[string]*page.Page // by name
}

// docMedia are the media types of those files by extension. The system's table
// is not asked: it differs between machines.
var docMedia = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".txt":  "text/plain; charset=utf-8",
	"":      "text/plain; charset=utf-8", // LICENSE, NOTICE
}

// docsPolicy is the Content-Security-Policy of /docs/: nothing is loaded from
// elsewhere, and no script or style stands in the page. Swagger UI draws its
// icons as data: images.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ourServer is the server that the document names as it is generated.
const ourServer = `"url": "/"`

// newDocPages reads the documents. The server that the OpenAPI document names is
// the address by which people reach this one, where that is known.
func newDocPages(publicURL string) (*docPages, error) {
	openapi := docs.OpenAPI
	if publicURL != "" {
		openapi = bytes.Replace(openapi, []byte(ourServer), []byte(`"url": `+strconv.Quote(publicURL)), 1)
	}
	d := &docPages{openapi: page.Of(openapi), yaml: page.File(openapi, "application/yaml"),
		files: map[string]*page.Page{}, schemas: map[string]*page.Page{}}
	schemas, err := fs.ReadDir(docs.Schemas, "schemas")
	if err != nil {
		return nil, err
	}
	for _, e := range schemas {
		body, err := fs.ReadFile(docs.Schemas, "schemas/"+e.Name())
		if err != nil {
			return nil, err
		}
		d.schemas[e.Name()] = page.File(body, page.MediaJSON)
	}
	d.files[path.Base(board.MethodPath)] = page.File(docs.Method, "text/markdown; charset=utf-8")
	entries, err := fs.ReadDir(docs.UI, "ui")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		body, err := fs.ReadFile(docs.UI, "ui/"+e.Name())
		if err != nil {
			return nil, err
		}
		media, ok := docMedia[path.Ext(e.Name())]
		if !ok {
			return nil, fmt.Errorf("docs/ui/%s: unknown kind of file", e.Name())
		}
		d.files[e.Name()] = page.File(body, media)
	}
	return d, nil
}

// getOpenAPI answers with the document.
//
// @ID       getOpenAPI
// @Summary  This document
// @Tags     documents
// @Produce  json
// @Success  200 {object} object "OpenAPI 3.0.3"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Router   /openapi.json [get]
func (a *api) getOpenAPI(c *gin.Context, _ url.Values) error {
	page.Write(c.Writer, c.Request, a.docs.openapi, page.CacheDocuments)
	return nil
}

// getOpenAPIYAML answers whoever reads YAML alone: JSON is YAML (version 1.2, section 1.3).
//
// @ID       getOpenAPIYAML
// @Summary  This document, for tools that read only YAML
// @Description The same bytes: JSON is YAML (version 1.2).
// @Tags     documents
// @Produce  application/yaml
// @Success  200 {string} string "OpenAPI 3.0.3"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Router   /openapi.yaml [get]
func (a *api) getOpenAPIYAML(c *gin.Context, _ url.Values) error {
	page.Write(c.Writer, c.Request, a.docs.yaml, page.CacheDocuments)
	return nil
}

// getSchema answers with the JSON Schema of something that no route of this document
// describes.
//
// @ID       getSchema
// @Summary  JSON Schemas of event lines, incidents, messages to webhooks and rows of open data
// @Tags     documents
// @Produce  json
// @Param    file path string true "event.schema.json, incident.schema.json, webhook.schema.json or one that a dump names" example(webhook.schema.json)
// @Success  200 {object} object "JSON Schema, draft 2020-12"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  404 {object} Problem
// @Router   /schemas/{file} [get]
func (a *api) getSchema(c *gin.Context, _ url.Values) error {
	p := a.docs.schemas[c.Param("file")]
	if p == nil {
		return faultline.ErrNotFound
	}
	page.Write(c.Writer, c.Request, p, page.CacheDocuments)
	return nil
}

// getDocs shows the document to people.
//
// @ID       getDocs
// @Summary  This document as a page on which requests can be tried
// @Tags     documents
// @Produce  html
// @Success  200 {string} string "a page that loads nothing from elsewhere"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Router   /docs/ [get]
func (a *api) getDocs(c *gin.Context, _ url.Values) error { return a.writeDoc(c, "index.html") }

// getDocsFile serves what that page needs. The page itself has one address only.
//
// @ID       getDocsFile
// @Summary  Files of that page
// @Tags     documents
// @Produce  text/css,text/javascript,plain
// @Param    file path string true "a name that the page refers to" example(init.js)
// @Success  200 {string} string "the file, in its own media type"
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  404 {object} Problem
// @Router   /docs/{file} [get]
func (a *api) getDocsFile(c *gin.Context, _ url.Values) error {
	name := c.Param("file")
	if name == "index.html" {
		name = ""
	}
	return a.writeDoc(c, name)
}

func (a *api) writeDoc(c *gin.Context, name string) error {
	p := a.docs.files[name]
	if p == nil {
		return faultline.ErrNotFound
	}
	c.Header("Content-Security-Policy", docsPolicy)
	page.Write(c.Writer, c.Request, p, page.CacheDocuments)
	return nil
}

// redirectDocs leads to the page who left out the slash.
//
// @ID       redirectDocs
// @Summary  Redirects to /docs/
// @Tags     documents
// @Produce  plain
// @Success  301 "to /docs/"
// @Header   301 {string} Location "docs/: relative, as a proxy may have put us below a path"
// @Router   /docs [get]
func (a *api) redirectDocs(c *gin.Context, _ url.Values) error {
	c.Header("Location", "docs/")
	c.Writer.WriteHeader(http.StatusMovedPermanently)
	c.Writer.WriteHeaderNow()
	return nil
}
