package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"path"
)

// templates has each page by the name of its folder, with the layout and all
// parts around it.
type templates map[string]*template.Template

func readTemplates(prefix string) (templates, error) {
	parts, err := template.New("parts").Funcs(template.FuncMap{
		"at":      func() string { return prefix }, // before every path
		"number":  number,
		"percent": percent,
		"symptom": symptomWords,
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
