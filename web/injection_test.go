package web_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/web"

	"golang.org/x/net/html"
)

// payloads are what a stranger may write: ways out of every context that a text
// can stand in, times ways to run something.
func payloads() []string {
	exits := []string{``, `"`, `'`, `">`, `'>`, `</title>`, `</textarea>`, `</style>`, `</script>`, `</svg>`, `</desc>`,
		`-->`, `]]>`, "\u2028", "\x00", `{{`,
		`</blockquote>`, `</text>`, "`", `&quot;&gt;`, `\u0022\u003e`, "\ue000", "\n", `//evil.example/`}
	runs := []string{`<xss>`, `<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<svg onload=alert(1)>`,
		`<xss onmouseover=alert(1)>`,
		`<iframe srcdoc="<xss>">`, `javascript:alert(1)`, ` onfocus=alert(1) autofocus `,
		`<a href=javascript:alert(1)>x</a>`, `<base href=//evil.example>`,
		`<style>*{background:url(//evil.example)}</style>`, `<meta http-equiv=refresh content=0;url=//evil.example>`,
		`{{.}}<xss>`}
	var all []string
	for _, exit := range exits {
		for _, run := range runs {
			all = append(all, exit+run)
		}
	}
	return all
}

// poison sets every string below v, but for what has a fixed vocabulary.
func poison(v reflect.Value, payload string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), payload)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "ID" {
				poison(v.Field(i), payload)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), payload)
		}
	case reflect.String:
		v.SetString(payload)
	}
}

// poisoned is a world in which strangers have written a payload wherever they
// can. With states, it is stored as it would be, so that every branch of the
// pages is taken.
func poisoned(payload string, states bool) *world {
	w := newWorld()
	for i := range w.incidents {
		for j := range w.incidents[i] {
			inc := &w.incidents[i][j]
			inc.Corrections = []faultline.Correction{{At: w.now, By: "x", Text: "x"}}
			inc.MergedInto = ref("x")
			inc.Scope.Worldwide, inc.Scope.Countries, inc.Scope.ISPs = false, []string{"x"}, nil
			state := inc.State
			poison(reflect.ValueOf(inc).Elem(), payload)
			if !states {
				continue
			}
			inc.State, inc.Cause.Component, inc.Cause.Kind = state, "cdn:fastly", "cdn"
			for k := range inc.Sites {
				inc.Sites[k].State = faultline.SiteDown
			}
			if len(inc.Sites) > 1 {
				inc.Sites[0].Site = "reddit.com"
			}
		}
	}
	poison(reflect.ValueOf(&w.view).Elem(), payload)
	w.view.Sites[0].Site = "reddit.com"
	return w
}

// become puts another world in the place of the one that is shown.
func (w *world) become(other *world, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.incidents, w.view, w.now = other.incidents, other.view, at
	w.view.AsOf = at
}

func TestNothingThatStrangersWriteLeavesItsText(t *testing.T) {
	shown := newWorld()
	cfg := shown.config()
	cfg.Series, cfg.Verdicts, cfg.Networks, cfg.Dependents = someSeries{}, someVerdict{}, someVerdict{},
		func(faultline.Component, int) []string { return []string{"ft.com"} }
	h := serve(t, cfg)
	all := payloads()
	if len(all) < 300 {
		t.Fatalf("%d payloads", len(all))
	}
	languages := web.Languages()
	for i, several := range slices.Collect(slices.Chunk(all, 12)) { // each goes through each input
		payload := strings.Join(several, " ")
		shown.become(poisoned(payload, i%2 == 0), shown.clockNow().Add(10*time.Second))
		asked := url.QueryEscape(payload)
		paths := append(slices.Clone(everyPage), "/site?q="+asked, "/site/"+url.PathEscape(payload),
			"/developers?of="+asked+"&tz="+asked+"&in="+asked+"&theme="+asked+"&parts="+asked,
			"/archive?month="+asked+"&component="+asked, "/embed/now?theme="+asked+"&tz="+asked+"&parts="+asked)
		for _, path := range paths {
			doc, err := html.Parse(get(h, path, "Accept-Language", languages[i%len(languages)]).Body)
			if err != nil {
				t.Fatal(err)
			}
			for _, fault := range faults(doc) {
				t.Errorf("%q in %s: %s", payload, path, fault)
			}
		}
		for _, path := range []string{"/card/incident/" + outage + ".svg", "/card/site/reddit.com.svg",
			"/card/component/cdn/fastly.svg", "/card/now.svg"} {
			if err := onlyShapes(get(h, path).Body); err != nil {
				t.Errorf("%q in %s: %v", payload, path, err)
			}
		}
	}
}

// onlyShapes reads an SVG as the XML that it must be, and says what in it is no
// shape and no text.
func onlyShapes(r io.Reader) error {
	may := map[string][]string{"svg": {"xmlns", "width", "height", "viewBox", "role", "aria-labelledby", "lang"},
		"title": {"id"}, "desc": {"id"},
		"text": {"x", "y", "font-size", "fill", "font-family", "font-weight", "text-anchor"},
		"path": {"d", "fill", "stroke", "stroke-width", "stroke-linejoin"}}
	for d := xml.NewDecoder(r); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		attrs, known := may[start.Name.Local]
		if !known {
			return fmt.Errorf("<%s>", start.Name.Local)
		}
		for _, a := range start.Attr {
			if !strings.Contains(strings.Join(attrs, " "), a.Name.Local) {
				return fmt.Errorf("<%s %s>", start.Name.Local, a.Name.Local)
			}
		}
	}
}

func TestBadParametersNeverBreakAWidget(t *testing.T) {
	h := serve(t, newWorld().config())
	plain := get(h, "/embed/incident/"+outage+"@2").Body.String()
	for _, query := range []string{"?theme=banana", "?lang=xx", "?tz=No/Where", "?tz=../../etc/passwd", "?tz=Local",
		"?parts=everything,,", "?static=yes", "?unknown=1",
		"?theme[]=dark", "?tz=" + strings.Repeat("A", 5000), "?childId=x&initialWidth=300", "?%zz",
		"?parts=" + strings.Repeat("x,", 4000)} {
		rec := get(h, "/embed/incident/"+outage+"@2"+query)
		if rec.Code != http.StatusOK || !bytes.Equal(rec.Body.Bytes(), []byte(plain)) {
			t.Errorf("%.60s: status %d, or it reads differently", query, rec.Code)
		}
	}
}
