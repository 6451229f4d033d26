package web_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"faultline/web"

	"golang.org/x/net/html"
)

// void elements have no end (HTML, 13.1.2).
var void = []string{"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}

// written are the tags as they stand in a page, in order, and what is wrong with
// their attributes.
func written(page string) (tags, wrong []string) {
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		token := z.Token()
		seen := map[string]bool{}
		for _, a := range token.Attr {
			if seen[a.Key] {
				wrong = append(wrong, fmt.Sprintf("<%s> has %s twice", token.Data, a.Key))
			}
			seen[a.Key] = true
		}
		switch {
		case kind == html.ErrorToken:
			return tags, wrong
		case kind == html.SelfClosingTagToken:
			tags = append(tags, token.Data, "/"+token.Data)
		case kind == html.StartTagToken && slices.Contains(void, token.Data):
			tags = append(tags, token.Data, "/"+token.Data)
		case kind == html.StartTagToken:
			tags = append(tags, token.Data)
		case kind == html.EndTagToken:
			tags = append(tags, "/"+token.Data)
		}
	}
}

// understood are the tags of the tree that a browser makes of a page.
func understood(n *html.Node) (tags []string) {
	if n.Type == html.ElementNode {
		tags = append(tags, strings.ToLower(n.Data))
	}
	for child := range n.ChildNodes() {
		tags = append(tags, understood(child)...)
	}
	if n.Type == html.ElementNode {
		tags = append(tags, "/"+strings.ToLower(n.Data))
	}
	return tags
}

// A page is valid where a browser has nothing to repair: the tree that it makes
// (HTML, 13.2) has the tags that are written, each where it stands.
func TestPagesAreValid(t *testing.T) {
	w := newWorld()
	cfg := w.config()
	cfg.Series, cfg.Verdicts, cfg.Networks, cfg.Contact = someSeries{}, someVerdict{}, someVerdict{},
		"https://faultline.example/contact"
	h := serve(t, cfg)
	for _, path := range everyPage {
		for _, lang := range web.Languages() {
			page := get(h, path, "Accept-Language", lang).Body.String()
			if !strings.HasPrefix(page, "<!doctype html>\n<html lang=\""+lang+"\"") {
				t.Errorf("%s begins with %.60q", path, page)
			}
			doc, err := html.Parse(strings.NewReader(page))
			if err != nil {
				t.Fatal(err)
			}
			tags, wrong := written(page)
			for _, s := range wrong {
				t.Errorf("%s: %s", path, s)
			}
			tree := understood(doc)
			if i := firstOther(tags, tree); i >= 0 {
				t.Errorf("%s in %s: tag %d is %s after %v, understood is %v", path, lang, i, tags[i],
					tags[max(i-5, 0):i], tree[min(i, len(tree)-1)])
			}
		}
	}
}

// firstOther is the first place where two lists differ, -1 when the first one is how the
// second begins.
func firstOther(a, b []string) int {
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return i
		}
	}
	return -1
}
