package web_test

import (
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// everyPage is one path of each page and widget.
var everyPage = []string{"/", "/incident/" + outage, "/incident/" + outage + "@2", "/site/reddit.com",
	"/site/reddit.com?reported=1",
	"/component/cdn/fastly", "/vantages", "/stack", "/stack?of=reddit.com,cdn:fastly,nobody.example", "/archive",
	"/archive?month=2021-06&component=cdn:fastly", "/method",
	"/concentration", "/scorecard", "/dumps",
	"/replays", "/replays/fastly-2021-06-08", "/replays/fastly-2021-06-08?frame=0", "/embed/replays/fastly-2021-06-08",
	"/about", "/press", "/components", "/providers", "/sites?q=c",
	"/developers", "/developers?of=site/reddit.com",
	"/embed/site/reddit.com", "/embed/component/cdn/fastly", "/embed/now",
	"/embed/incident/" + outage + "?parts=chart,table,evidence", "/embed/incident/" + outage,
	"/embed/incident/" + outage + "@2", "/nowhere", "/site/example.net", "/embed/incident/none"}

func parse(t *testing.T, h http.Handler, path string) *html.Node {
	t.Helper()
	doc, err := html.Parse(get(h, path).Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// ours is where links and requests of a page may go.
var ours = regexp.MustCompile(`^(/([^/]|$)|#|https://faultline\.example/)`)

// licence is the one address elsewhere that pages lead to.
const licence = "https://creativecommons.org/licenses/by/4.0/"

// faults lists what a page must not have: anything inline, anything from
// elsewhere, what a screen reader trips over.
func faults(doc *html.Node) []string {
	var found []string
	counts, ids, labelled := map[string]int{}, map[string]bool{}, map[string]bool{}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "label" {
			labelled[attr(n, "for")] = true
		}
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		counts[n.Data]++
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc":
				found = append(found, fmt.Sprintf("<%s> has %s=%q", n.Data, a.Key, a.Val))
			case slices.Contains([]string{"href", "src", "action"}, a.Key) && !strings.HasPrefix(a.Val, "mailto:") &&
				a.Val != licence && (n.Data != "a" || a.Val != bookmarklet) && !ours.MatchString(a.Val):
				found = append(found, fmt.Sprintf("<%s> leads to %q", n.Data, a.Val))
			}
		}
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				found = append(found, "id twice: "+id)
			}
			ids[id] = true
		}
		if what := fault(n, labelled); what != "" {
			found = append(found, what)
		}
	}
	for tag, want := range map[string]int{"h1": 1, "main": 1, "title": 1, "style": 1} {
		if n := counts[tag]; n != want && (tag != "title" || n > 4) { // a chart has a title too
			found = append(found, fmt.Sprintf("%d <%s>", n, tag))
		}
	}
	return found
}

// fault is what one element must not be, "" when nothing is wrong with it.
func fault(n *html.Node, labelled map[string]bool) string {
	switch n.Data {
	case "xss", "object", "base":
		return "<" + n.Data + ">"
	case "img", "iframe":
		if attr(n, "alt")+attr(n, "title") == "" {
			return "<" + n.Data + "> without words"
		}
	case "script":
		if attr(n, "src") == "" || n.FirstChild != nil {
			return "inline <" + n.Data + ">"
		}
	case "input", "textarea":
		if attr(n, "type") != "hidden" && !labelled[attr(n, "id")] && attr(n, "aria-labelledby") == "" &&
			n.Parent.Data != "label" {
			return "no label: " + attr(n, "id")
		}
	case "th":
		if attr(n, "scope") == "" {
			return "<th> without scope"
		}
	case "svg":
		if attr(n, "role") == "" && attr(n, "aria-hidden") == "" && n.Parent.Data != "svg" {
			return "<svg> without a role"
		}
	}
	return ""
}

func TestMarkup(t *testing.T) {
	h := serve(t, newWorld().config())
	for _, path := range everyPage {
		for _, fault := range faults(parse(t, h, path)) {
			t.Errorf("%s: %s", path, fault)
		}
	}
}

func TestWidgetHasNoForm(t *testing.T) {
	h := serve(t, newWorld().config())
	for _, path := range []string{"/embed/incident/" + outage, "/embed/incident/none", "/embed/site/reddit.com",
		"/embed/now"} {
		for n := range parse(t, h, path).Descendants() {
			if slices.Contains([]string{"form", "input", "button"}, n.Data) {
				t.Errorf("%s has a <%s>", path, n.Data)
			}
		}
	}
}

// TestContrast reads the colours of both schemes and holds text to 4.5:1
// (WCAG 2.2, 1.4.3).
func TestContrast(t *testing.T) {
	css := styleOf(t, "/")
	blocks := regexp.MustCompile(`:root[^{,]*\{[^}]*(--paper:[^}]*)\}`).FindAllStringSubmatch(css, -1)
	if len(blocks) != 3 { // the last is the dark one again, for readers who chose it
		t.Fatalf("%d colour schemes, want light, dark and dark by choice", len(blocks))
	}
	for i, block := range blocks {
		colours := map[string]float64{}
		for _, c := range regexp.MustCompile(`--([a-z-]+):#([0-9a-f]{3,6})`).FindAllStringSubmatch(block[1], -1) {
			colours[c[1]] = luminance(t, c[2])
		}
		for _, pair := range [][2]string{{"ink", "paper"}, {"soft", "paper"}, {"failing", "paper"},
			{"recovering", "paper"}, {"weak", "paper"},
			{"ink", "shade"}, {"soft", "shade"}, {"failing", "wash"}, {"soft", "wash"}, {"drill-ink", "drill"}} {
			a, b := colours[pair[0]], colours[pair[1]]
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("scheme %d: %s on %s is %.2f:1", i, pair[0], pair[1], ratio)
			}
		}
	}
}

// styleOf is the style that a page carries.
func styleOf(t *testing.T, path string) string {
	t.Helper()
	_, rest, _ := strings.Cut(get(serve(t, newWorld().config()), path).Body.String(), "<style>")
	css, _, found := strings.Cut(rest, "</style>")
	if !found {
		t.Fatalf("%s has no style", path)
	}
	return css
}

// luminance is the relative luminance of an sRGB colour (WCAG 2.2).
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	sum := 0.
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
