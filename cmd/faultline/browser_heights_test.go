//go:build check

package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"faultline"

	"github.com/chromedp/chromedp"
)

// otherFonts is how much higher a widget may be with the fonts of another system.
const otherFonts = 1.1

// testHeights: a widget is no higher than the table of heights says, at each width, in the
// language in which it is highest; and one page may hold many of them.
func testHeights(t *testing.T, b browser, p *process, id string) {
	widths, parts := []int{280, 320, 400, 600}, []string{"", "chart", "table", "evidence"}
	var frames strings.Builder
	for _, width := range widths {
		for _, part := range parts {
			fmt.Fprintf(&frames, `<iframe src="%s/embed/incident/%s?lang=de&amp;parts=%s" name="%d %s" width="%d" `+
				`height="300" sandbox="allow-scripts"></iframe>`, p.url, id, part, width, part, width)
		}
	}
	host := foreignSite(t, func(w http.ResponseWriter, _ *http.Request) error {
		_, err := fmt.Fprintf(w, `<!doctype html><title>News</title><script>window.high = {};
addEventListener("message", (e) => { if (e.data?.type === "faultline:height")
	for (const f of document.querySelectorAll("iframe")) if (f.contentWindow === e.source) high[f.name] = e.data.height;
});</script>%s`, frames.String())
		return err
	})
	theirs := b.open(t)
	theirs.do(chromedp.Navigate(host + "/"))
	theirs.becomes("each widget has said how high it is",
		fmt.Sprintf("Object.keys(high).length === %d", len(widths)*len(parts)))
	for _, width := range widths {
		for _, part := range parts {
			high := value[int](theirs, fmt.Sprintf("high['%d %s']", width, part))
			if most := faultline.WidgetHeight(width, part); float64(high) > otherFonts*float64(most) {
				t.Errorf("%d px wide with %q it is %d px high, and said to be %d", width, part, high, most)
			}
		}
	}
}
