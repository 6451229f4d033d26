package pages

import (
	"io"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// maxHosts bounds the hosts that are taken from one page, in the order in which it names them.
const maxHosts = 32

// kinds of <link> by which a page names a host that serves a part of it.
var linkKinds = []string{"stylesheet", "preload", "modulepreload", "preconnect"}

// Hosts returns the other hosts that serve scripts, styles and fonts of a page, each once. It
// reads as far as page goes, whatever is wrong with it, as browsers do.
func Hosts(page io.Reader, from *url.URL) []string {
	var hosts []string
	base := from
	tokens := html.NewTokenizer(page)
	tokens.SetMaxBuf(maxToken)
	for len(hosts) < maxHosts {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		tag := tokens.Token()
		if tag.Data == "base" {
			if to, err := from.Parse(attribute(tag, "href")); err == nil {
				base = to
			}
			continue
		}
		to, err := base.Parse(address(tag))
		if err != nil || to.Scheme != "https" && to.Scheme != "http" {
			continue
		}
		host := strings.TrimSuffix(strings.ToLower(to.Hostname()), ".")
		if strings.Contains(host, ".") && host != from.Hostname() && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// maxToken bounds one tag or text of a page, in bytes. A longer one ends the reading.
const maxToken = 256 << 10

// address is where a tag loads a part of the page from; empty: it loads none.
func address(tag html.Token) string {
	switch tag.Data {
	case "script":
		return strings.TrimSpace(attribute(tag, "src"))
	case "link":
		for _, kind := range strings.Fields(strings.ToLower(attribute(tag, "rel"))) {
			if slices.Contains(linkKinds, kind) {
				return strings.TrimSpace(attribute(tag, "href"))
			}
		}
	}
	return ""
}

// attribute is the value of a tag's attribute, empty where it has none.
func attribute(tag html.Token, name string) string {
	for _, a := range tag.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
