package main

import (
	"bytes"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// foreignSite is a web site of somebody else: another name and another port,
// thus another site to the browser. It returns its origin.
func foreignSite(t *testing.T, answer func(http.ResponseWriter, *http.Request) error) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := answer(w, r); err != nil {
			t.Errorf("%s: %v", r.URL, err)
		}
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

// testWidget puts the snippet that the incident's page offers on a foreign page.
func testWidget(t *testing.T, b browser, p *process) {
	path := "/incident/" + confirmed(t, p)
	ours := b.open(t)
	ours.opens(p.url + "/developers?fixed=0&of=" + path)
	snippet := strings.Replace(value[string](ours, "document.getElementById('take-frame').value"), `src="/`,
		`src="`+p.url+`/`, 1)
	foreign := foreignSite(t, func(w http.ResponseWriter, _ *http.Request) error {
		_, err := fmt.Fprintf(w, "<!doctype html><title>News</title><p>It is not only you:</p>%s", snippet)
		return err
	})
	theirs := b.open(t)
	theirs.do(chromedp.Navigate(foreign + "/"))
	frame := b.open(t, chromedp.WithTargetID(theirs.frame(p.url+"/embed"+path+"?lang=en")))
	frame.becomes("the widget names the incident", fmt.Sprintf("document.querySelector('h1')?.innerText === %q",
		playedTitle))
	frame.becomes("the widget is marked as a drill", "document.querySelector('aside.drill').checkVisibility()")
	frame.mark()
	told := value[string](frame, "document.querySelector('main').dataset.revision")
	frame.becomes("the widget keeps up",
		fmt.Sprintf("Number(document.querySelector('main').dataset.revision) > %s", told))
	frame.isMarked()
	shot, err := chromedp.Run(theirs.ctx, chromedp.Screenshot(chromedp.CSS("iframe")))
	if err != nil {
		t.Fatal(err)
	}
	if band, words := painted(t, shot); band < 1000 || words < 500 {
		t.Errorf("on the foreign page are %d points of the drill's band and %d of words", band, words)
	}
	frame.isClean(p.url)
}

// frame waits for a frame at an address, and returns its target.
func (p *tab) frame(address string) (id target.ID) {
	p.t.Helper()
	eventually(p.t, pageLimit, "there is a frame of "+address, func() bool {
		targets, err := chromedp.Targets(p.ctx)
		if err != nil {
			return false
		}
		i := slices.IndexFunc(targets, func(i *target.Info) bool { return i.Type == "iframe" && i.URL == address })
		if i >= 0 {
			id = targets[i].TargetID
		}
		return i >= 0
	})
	return id
}

// painted counts the points of the drill's band and those as dark as words.
func painted(t *testing.T, shot []byte) (band, words int) {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			switch r, g, b := rgb(picture, x, y); {
			case r > 0xf0 && g > 0xc0 && b < 0x80:
				band++
			case max(r, g, b) < 0x60:
				words++
			}
		}
	}
	return band, words
}

func rgb(picture image.Image, x, y int) (r, g, b uint8) {
	at := picture.Bounds().Min
	c := color.NRGBAModel.Convert(picture.At(at.X+x, at.Y+y)).(color.NRGBA)
	return c.R, c.G, c.B
}

// testFraming puts pages that hold forms or links of ours into frames.
func testFraming(t *testing.T, b browser, p *process) {
	foreign := foreignSite(t, func(w http.ResponseWriter, r *http.Request) error {
		_, err := fmt.Fprintf(w, `<!doctype html><title>Trap</title><iframe src="%s"></iframe>`,
			html.EscapeString(p.url+r.FormValue("path")))
		return err
	})
	for _, path := range []string{"/", "/incident/" + confirmed(t, p), "/site/www.gov.uk",
		"/component/cdn/fastly", "/docs/"} {
		trap := b.open(t)
		trap.do(chromedp.Navigate(foreign + "/?path=" + path))
		eventually(t, pageLimit, path+" is refused by its policy", func() bool {
			_, troubles := trap.heard()
			return slices.ContainsFunc(troubles, func(s string) bool {
				return strings.Contains(s, p.url) && strings.Contains(s, "frame-ancestors 'none'")
			})
		})
	}
}
