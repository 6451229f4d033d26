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
	body := get(h, "/component/cdn/nobody?lang=pt").Body.String()
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

// Whoever follows the address of an incident that is not there reads why: it was cut short, its
// revision is still to come, or nothing was found at that time.
func TestAddressesOfNoIncidentSayWhatIsWrong(t *testing.T) {
	h := serve(t, newWorld().config())
	for path, want := range map[string][]string{
		"/incident/inc_0":                          {"There is no incident at this address.", "26 letters and digits"},
		"/incident/inc_01F7NG0000000000000000000Z": {"found on", "8 June 2021", `href="/archive?month=2021-06"`},
		"/incident/inc_7ZZZZZZZZZZZZZZZZZZZZZZZZZ": {"26 letters and digits"}, // of a time to come
		"/incident/" + outage + "@99": {"There is no revision 99", "Its last revision is",
			`href="/incident/` + outage + `"`},
		"/incident/nonsense":                {"There is no incident at this address."},
		"/embed/incident/" + outage + "@99": {"There is no revision 99"},
	} {
		rec := get(h, path)
		body := rec.Body.String()
		for _, s := range want {
			if !strings.Contains(body, s) && !strings.Contains(text(t, body), s) || rec.Code != http.StatusNotFound {
				t.Errorf("%s: %d, no %q", path, rec.Code, s)
			}
		}
	}
}

// An incident that was withdrawn keeps its page, which says so first: in its title, on the page,
// in what is embedded and on its card. Search engines do not offer it.
func TestWithdrawnIncidentsSaySo(t *testing.T) {
	w := newWorld()
	for i := range w.incidents {
		for j := range w.incidents[i] {
			if w.incidents[i][j].ID == outage {
				w.incidents[i][j].State = faultline.StateRetracted
			}
		}
	}
	h := serve(t, w.config())
	for path, want := range map[string][]string{
		"/incident/" + outage: {"<title>Withdrawn: ", `content="noindex"`,
			"no longer think that this was"},
		"/incident/" + outage + ".md":       {"# WITHDRAWN: "},
		"/embed/incident/" + outage:         {"Withdrawn", "no longer think that this was"},
		"/card/incident/" + outage + ".svg": {"WITHDRAWN"},
	} {
		rec := get(h, path)
		for _, s := range want {
			if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), s) {
				t.Errorf("%s: %d, no %q", path, rec.Code, s)
			}
		}
	}
}
