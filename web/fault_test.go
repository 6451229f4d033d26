package web_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"faultline"
	"faultline/web"

	"github.com/gin-gonic/gin"
)

// A page that says why there is no answer says what its reader can do.
func TestFaultsHelpOn(t *testing.T) {
	h := serve(t, newWorld().config())
	body := get(h, "/incident/inc_0?lang=pt").Body.String()
	for _, want := range []string{"Não há nada aqui.", `href="/sites?lang=pt"`, `href="/archive?lang=pt"`,
		"Talvez você procure:"} {
		if !strings.Contains(body, want) {
			t.Errorf("a page that is not there has no %s", want)
		}
	}
	if strings.Contains(body, "http-equiv") {
		t.Error("a page that is not there is loaded again and again")
	}
	w := newWorld()
	w.fails = faultline.ErrUnavailable
	rec := get(serve(t, w.config()), "/")
	again := `<meta http-equiv="refresh" content="` + rec.Header().Get("Retry-After") + `">`
	if !strings.Contains(rec.Body.String(), again) ||
		!strings.Contains(text(t, rec.Body.String()), "This page tries again by itself in ") {
		t.Errorf("a page that can't be answered just now does not try again: %s", rec.Header())
	}
}

// Who has read too much is not told of a report.
func TestReadingTooMuchIsNoReport(t *testing.T) {
	pages, err := web.New(newWorld().config())
	if err != nil {
		t.Fatal(err)
	}
	e := gin.New()
	e.Use(func(c *gin.Context) {
		c.Writer.Header().Set("Retry-After", "17")
		pages.Refuse(c, http.StatusTooManyRequests)
	})
	pages.Routes(e)
	seen := text(t, get(e, "/sites").Body.String())
	if !strings.Contains(seen, "Try again in 17 seconds. Programs may read more") ||
		strings.Contains(seen, "report was not counted") {
		t.Errorf("%.400s", seen[strings.Index(seen, "Look up"):])
	}
}

// A reader may choose the colours, on pages alone: those of a widget are the article's choice.
func TestReadersChooseTheColours(t *testing.T) {
	h := serve(t, newWorld().config())
	page, widget := get(h, "/").Body.String(), get(h, "/embed/now").Body.String()
	if !strings.Contains(page, `<select id="theme">`) || !strings.Contains(page, ":root[data-theme=dark]") {
		t.Error("the colours of a page can't be chosen")
	}
	if strings.Contains(widget, `id="theme"`) {
		t.Error("those of a widget can")
	}
}

// Snippets of frames are as wide as their article and as high as was measured.
func TestFramesHaveTheHeightThatWasMeasured(t *testing.T) {
	h := serve(t, newWorld().config())
	body := text(t, get(h, "/developers?of=incident/"+outage).Body.String())
	want := `height="560" loading="lazy" sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox" ` +
		`style="border:0;width:100%;max-width:672px;height:max(430px,723px - 46vw,1616px - 300vw)"`
	if !strings.Contains(body, want) {
		t.Errorf("no %s in %s", want, body)
	}
	want = `width="1200" height="630" style="max-width:100%;height:auto" loading="lazy"`
	if !strings.Contains(body, want) {
		t.Errorf("no %s", want)
	}
	for _, name := range []string{"../README.md", "../docs/embedding.md"} {
		if doc, err := os.ReadFile(name); err != nil ||
			!strings.Contains(string(doc), "height:max(430px,723px - 46vw,1616px - 300vw)") {
			t.Errorf("%s shows another snippet, %v", name, err)
		}
	}
	if faultline.WidgetHeight(200, "") != faultline.WidgetHeight(280, "") ||
		faultline.WidgetHeight(320, "chart,table") != 560+590+570 {
		t.Error("heights do not follow the table")
	}
}
