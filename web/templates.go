package web

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
	"sync"
)

// templates are the pages of one localizer, by the names of their folders, with the layout
// and all parts around them. A page is bound to its localizer when it is first asked for:
// there are more localizers than most readers need, and binding all pages to all of them
// would make each start of a node slower.
type templates struct {
	v     *localizer
	mu    sync.Mutex
	pages map[string]*template.Template
}

// parsed are the pages, parsed once for all localizers, since parsing is the slow part.
var parsed = sync.OnceValues(parsePages)

// functions are what templates call, bound to a localizer. Parsing needs their names alone,
// and is done with a nil localizer. Whatever returns template.HTML escapes its values itself.
func functions(v *localizer) template.FuncMap {
	return template.FuncMap{
		"at":     func() string { return v.prefix }, // before every path that has no language
		"link":   v.link,
		"say":    v.say,
		"count":  v.count,
		"rich":   v.rich,
		"stamp":  stamp,
		"anchor": anchor,
		"trim":   trimScheme,
		//nolint:gosec // the value in it is escaped
		"code": func(s string) template.HTML {
			return template.HTML("<code>" + template.HTMLEscapeString(s) + "</code>")
		},
		"short": beginningOf,
		//nolint:gosec // the value in it is escaped
		"bold":    func(s string) template.HTML { return template.HTML("<b>" + template.HTMLEscapeString(s) + "</b>") },
		"of":      v.outOf,
		"silent":  silent,
		"chosen":  func() string { return strings.TrimPrefix(v.Query, "?lang=") },
		"number":  v.number,
		"percent": v.percent,
		"symptom": v.symptom,
	}
}

// parsePages parses the parts, and then each page with a copy of them: a page may define a
// part of its own.
func parsePages() (map[string]*template.Template, error) {
	parts, err := template.New("parts").Funcs(functions(nil)).ParseFS(files, "parts/*/*.html")
	if err != nil {
		return nil, fmt.Errorf("web: read parts: %w", err)
	}
	names, err := fs.Glob(files, "pages/*/page.html")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	all := map[string]*template.Template{}
	for _, file := range names {
		page, err := parts.Clone()
		if err == nil {
			page, err = page.ParseFS(files, file)
		}
		if err != nil {
			return nil, fmt.Errorf("web: read %s: %w", file, err)
		}
		all[path.Base(path.Dir(file))] = page
	}
	return all, nil
}

// readTemplates makes the templates of one localizer, and finds out at the start if one does
// not parse.
func readTemplates(v *localizer) (*templates, error) {
	_, err := parsed()
	return &templates{v: v, pages: map[string]*template.Template{}}, err
}

// page is the template of a page, bound to the localizer.
func (t *templates) page(name string) (*template.Template, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if bound := t.pages[name]; bound != nil {
		return bound, nil
	}
	all, err := parsed()
	if err != nil {
		return nil, err
	}
	page, ok := all[name]
	if !ok {
		return nil, errors.New("there is none")
	}
	bound, err := page.Clone()
	if err == nil {
		t.pages[name] = bound.Funcs(functions(t.v))
	}
	return bound, err
}

// render executes a page into memory and not into the response, so that an error in the
// middle becomes a fault page and not half a page.
func (t *templates) render(page string, data any) ([]byte, error) {
	tmpl, err := t.page(page)
	if err != nil {
		return nil, fmt.Errorf("render page %s: %w", page, err)
	}
	var body bytes.Buffer
	if err := tmpl.ExecuteTemplate(&body, "layout", data); err != nil {
		return nil, fmt.Errorf("render page %s: %w", page, err)
	}
	return body.Bytes(), nil
}

// anchor is a link as a value of a message. Messages have no markup of their own, so that
// translators cannot break a page.
func anchor(address, text string) template.HTML {
	//nolint:gosec // every value in it is escaped
	return template.HTML(`<a href="` + template.HTMLEscapeString(address) + `">` +
		template.HTMLEscapeString(text) + `</a>`)
}

// silent is the message that a page shows when it no longer receives changes: a widget has
// room for a short one.
func silent(widget bool) string {
	if widget {
		return "widget.silent"
	}
	return "layout.silent"
}
