package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
)

// templates has each page by the name of its folder, with the layout and all
// parts around it, for one voice.
type templates map[string]*template.Template

func readTemplates(v *voice) (templates, error) {
	parts, err := template.New("parts").Funcs(template.FuncMap{
		"at":     func() string { return v.prefix }, // before every path that has no language
		"link":   v.link,
		"say":    v.say,
		"count":  v.count,
		"rich":   v.rich,
		"stamp":  stamp,
		"anchor": anchor,
		"trim":   trimScheme,
		//nolint:gosec // the value in it is escaped
		"bold":    func(s string) template.HTML { return template.HTML("<b>" + template.HTMLEscapeString(s) + "</b>") },
		"of":      v.outOf,
		"silent":  silent,
		"chosen":  func() string { return strings.TrimPrefix(v.Query, "?lang=") },
		"number":  v.number,
		"percent": v.percent,
		"symptom": v.symptom,
	}).ParseFS(files, "parts/*/*.html")
	if err != nil {
		return nil, fmt.Errorf("web: read parts: %w", err)
	}
	pages, err := fs.Glob(files, "pages/*/page.html")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	all := templates{}
	for _, file := range pages {
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

func (t templates) render(page string, data any) ([]byte, error) {
	tmpl, ok := t[page]
	if !ok {
		return nil, fmt.Errorf("render page %s: there is none", page)
	}
	var body bytes.Buffer
	if err := tmpl.ExecuteTemplate(&body, "layout", data); err != nil {
		return nil, fmt.Errorf("render page %s: %w", page, err)
	}
	return body.Bytes(), nil
}

// anchor is a link as a value of a message.
func anchor(address, text string) template.HTML {
	//nolint:gosec // every value in it is escaped
	return template.HTML(`<a href="` + template.HTMLEscapeString(address) + `">` +
		template.HTMLEscapeString(text) + `</a>`)
}

// silent is what a page says when it no longer hears of changes.
func silent(widget bool) string {
	if widget {
		return "widget.silent"
	}
	return "layout.silent"
}
