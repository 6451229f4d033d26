package web

import (
	"encoding/json"
	"html/template"
	"net/url"
	"strings"
)

// bookmark is the address of a bookmark that opens our page of the site that a reader is
// on, or our first page where that is no website. It is a script, because an address alone
// can't name the page that it is used on. It is empty where the server does not know its own
// address: on another page a path would lead to that page's server.
func (v *localizer) bookmark() template.URL {
	if v.base == nil {
		return ""
	}
	first, err := json.Marshal(v.absolute("/"))
	if err != nil {
		return "" // a string always has a JSON
	}
	script := `void(location.href=` + string(first) + `+(/^http/.test(location.protocol)?` +
		`"site/"+encodeURIComponent(location.hostname):""))`
	// Browsers decode what follows javascript: before they run it. Escaped as a query, it has
	// no character that a page or an address gives a meaning to; a space must not become a plus.
	escaped := strings.ReplaceAll(url.QueryEscape(script), "+", "%20")
	//nolint:gosec // nothing of it comes from a request, and all of it is escaped
	return template.URL("javascript:" + escaped)
}
