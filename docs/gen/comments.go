package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// docLink is a reference to another name in a Go comment.
// Readers of the document know nothing of Go's packages, and a bracket would look like
// markup.
var docLink = regexp.MustCompile(`\[(?:faultline\.)?([A-Z]\w*(?:\.\w+)?)\]`)

// typeComments returns what the Go files of folders say of their types, by the name of
// the type in the document. So the text of a schema is written once, where the type is.
func typeComments(folders ...string) (map[string]string, error) {
	comments := map[string]string{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			source, err := os.ReadFile(filepath.Clean(name))
			if err != nil {
				return nil, err
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments)
			if err != nil {
				return nil, err
			}
			commentsOf(file, comments)
		}
	}
	return comments, nil
}

// commentsOf adds the comments of one file's types.
func commentsOf(file *ast.File, comments map[string]string) {
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.TYPE {
			continue
		}
		for _, spec := range group.Specs {
			// A type in a group has a comment of its own; a lone type has that of its
			// declaration.
			doc := group.Doc
			if own := spec.(*ast.TypeSpec).Doc; own != nil {
				doc = own
			}
			text := strings.TrimSpace(docLink.ReplaceAllString(doc.Text(), "$1"))
			text, _, _ = strings.Cut(text, " The zero value") // of Go, not of JSON
			name := spec.(*ast.TypeSpec).Name.Name
			// A comment begins with the name of its type, which in the document has a
			// capital.
			if rest, ok := strings.CutPrefix(text, name); ok {
				text = shortName(name) + rest
			}
			comments[shortName(name)] = strings.ReplaceAll(text, "\n", " ")
		}
	}
}
