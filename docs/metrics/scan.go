package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// metric is one metric as the sources register it.
type metric struct {
	name, kind, help string
	labels           []string
	folder           string // of the package that registers it
}

// ours is how the names of all metrics of this program begin.
const ours = "faultline_"

// scan reads the Go files of a tree, tests left out, and returns the metrics that they
// register, in order of name.
func scan(tree fs.FS) ([]metric, error) {
	var all []metric
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || name != "." && strings.HasPrefix(d.Name(), ".")) {
			return fs.SkipDir
		}
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("read metrics: %w", err)
		}
		for _, m := range registered(file) {
			m.folder = path.Dir(name)
			all = append(all, m)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b metric) int { return strings.Compare(a.name, b.name) })
	return slices.CompactFunc(all, func(a, b metric) bool { return a.name == b.name }), nil
}

// registered finds the calls of one file that make metrics: those with the options of a
// metric, descriptions, and helpers that are given a name and a help.
func registered(file *ast.File) (all []metric) {
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		if m, ok := fromOptions(call); ok {
			all = append(all, m)
		} else if m, ok := fromTexts(call); ok {
			all = append(all, m)
		}
		return true
	})
	return all
}

// fromOptions reads prometheus.NewGauge(prometheus.GaugeOpts{Name: …}, …) and its like.
func fromOptions(call *ast.CallExpr) (m metric, ok bool) {
	options, isLiteral := call.Args[0].(*ast.CompositeLit)
	if !isLiteral {
		return m, false
	}
	kind, isOptions := options.Type.(*ast.SelectorExpr)
	if !isOptions || !strings.HasSuffix(kind.Sel.Name, "Opts") {
		return m, false
	}
	m.kind = strings.ToLower(strings.TrimSuffix(kind.Sel.Name, "Opts"))
	for _, element := range options.Elts {
		pair, isPair := element.(*ast.KeyValueExpr)
		if !isPair {
			continue
		}
		switch fmt.Sprint(pair.Key) {
		case "Name":
			m.name = text(pair.Value)
		case "Help":
			m.help = text(pair.Value)
		case "ConstLabels":
			m.labels = append(m.labels, labels(pair.Value)...)
		}
	}
	if len(call.Args) > 1 {
		m.labels = append(m.labels, labels(call.Args[1])...)
	}
	return m, strings.HasPrefix(m.name, ours)
}

// fromTexts reads prometheus.NewDesc(name, help, labels, nil) and helpers of that form.
// What is described is a gauge, unless its name is that of a counter.
func fromTexts(call *ast.CallExpr) (m metric, ok bool) {
	if len(call.Args) < 2 {
		return m, false
	}
	m = metric{name: text(call.Args[0]), help: text(call.Args[1]), kind: "gauge"}
	if strings.HasSuffix(m.name, "_total") {
		m.kind = "counter"
	}
	if len(call.Args) > 2 {
		m.labels = labels(call.Args[2])
	}
	return m, strings.HasPrefix(m.name, ours) && m.help != ""
}

// text is a string literal, or several joined by +; "" for anything else.
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return s
		}
	case *ast.BinaryExpr:
		return text(e.X) + text(e.Y)
	}
	return ""
}

// labels are the strings of a list, or the keys of a map.
func labels(e ast.Expr) (all []string) {
	list, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	for _, element := range list.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			element = pair.Key
		}
		if s := text(element); s != "" {
			all = append(all, s)
		}
	}
	return all
}
