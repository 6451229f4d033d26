package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"faultline/web"

	"golang.org/x/net/html"
)

// bookmarklet is the one address on our pages that is a script, for the base URL of the tests.
const bookmarklet = "javascript:void%28location.href%3D%22https%3A%2F%2Ffaultline.example%2F%22%2B%28" +
	"%2F%5Ehttp%2F.test%28location.protocol%29%3F%22site%2F%22%2BencodeURIComponent%28location.hostname%29" +
	"%3A%22%22%29%29"

// bookmarkOf is the bookmark that the page for developers offers: the address of its
// link, the name of the link, and the address to copy. All are empty if there is none.
func bookmarkOf(t *testing.T, h http.Handler, path string) (link, name, copied string) {
	t.Helper()
	for n := range parse(t, h, path).Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case attr(n, "id") == "bookmark-link":
			link, name = attr(n, "href"), n.FirstChild.Data
		case attr(n, "id") == "bookmark-address":
			copied = attr(n, "value")
		}
	}
	return link, name, copied
}

func TestBookmarkOpensThePageOfASite(t *testing.T) {
	h := serve(t, newWorld().config())
	for _, path := range []string{"/developers", "/developers?of=" + url.QueryEscape(`"+alert(1)+"`)} {
		link, name, copied := bookmarkOf(t, h, path)
		if link != bookmarklet || copied != link || name != "Is this page down?" {
			t.Errorf("%s: %q leads to %s, and %s is copied", path, name, link, copied)
		}
	}
	names := map[string]bool{}
	for _, lang := range web.Languages() {
		link, name, _ := bookmarkOf(t, h, "/developers?lang="+lang)
		if link != bookmarklet || name == "" {
			t.Errorf("%s: %q leads to %s", lang, name, link)
		}
		names[name] = true
	}
	if len(names) != len(web.Languages()) {
		t.Errorf("the names are %v", names)
	}
}

// Whatever characters a base URL has, the script of the bookmark has it as one string,
// and nothing of it needs to be escaped once more in a page or an address.
func TestBookmarkEscapesTheBaseURL(t *testing.T) {
	for _, base := range []string{"https://news.example/faultline", "http://127.0.0.1:8080", "http://[::1]:8080",
		`https://news.example/a'"+alert(1)+"\b`, "https://news.example/%22%27%2Balert(1)</script>&amp;",
		"https://bücher.example/ü"} {
		cfg := newWorld().config()
		cfg.BaseURL = base
		link, _, copied := bookmarkOf(t, serve(t, cfg), "/developers")
		if copied != link || strings.Trim(strings.TrimPrefix(link, "javascript:"),
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%-._~") != "" {
			t.Errorf("%s: not escaped: %s and %s", base, link, copied)
		}
		script, err := url.PathUnescape(strings.TrimPrefix(link, "javascript:"))
		if err != nil {
			t.Fatal(err)
		}
		literal, found := strings.CutPrefix(script, "void(location.href=")
		literal, rest, cut := strings.Cut(literal, `+(/^http/.test(location.protocol)?"site/"+`)
		var address string
		if err := json.Unmarshal([]byte(literal), &address); err != nil || !found || !cut || address != base+"/" ||
			rest != `encodeURIComponent(location.hostname):""))` {
			t.Errorf("%s: %v, the script is %s", base, err, script)
		}
	}
}

// A server that does not know its own address has no bookmark to offer: on another page
// a path would lead to that page's server.
func TestNoBookmarkWithoutAnAddress(t *testing.T) {
	cfg := newWorld().config()
	cfg.BaseURL = ""
	if link, _, copied := bookmarkOf(t, serve(t, cfg), "/developers"); link != "" || copied != "" {
		t.Errorf("leads to %s, and %s is copied", link, copied)
	}
}
