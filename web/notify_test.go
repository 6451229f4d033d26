package web_test

import (
	"net/http"
	"strings"
	"testing"

	"faultline"
	"faultline/web"
)

// offering are pages with a button for notifications, and what each is about.
var offering = map[string]string{"/site/reddit.com": "reddit.com", "/component/cdn/fastly": "cdn:fastly",
	"/provider/fastly": "fastly", "/stack?of=reddit.com,cdn:fastly": "reddit.com,cdn:fastly"}

func TestPagesOfferNotificationsWhereThereAreAny(t *testing.T) {
	w := newWorld()
	cfg := w.config()
	without := serve(t, cfg)
	cfg.Notifies = true
	with := serve(t, cfg)
	for path, of := range offering {
		if body := get(without, path).Body.String(); strings.Contains(body, "notify") {
			t.Errorf("%s offers notifications that there are none of", path)
		}
		body := get(with, path).Body.String()
		for _, part := range []string{`data-of="` + of + `"`, `data-worker="/sw.js"`, `data-to="/v1/push"`,
			`src="/static/notify.`, `<button type="button" id="notify-me">Notify me</button>`} {
			if strings.Count(body, part) != 1 {
				t.Errorf("%s lacks %s", path, part)
			}
		}
	}
	for _, path := range []string{"/", "/stack", "/archive"} {
		if body := get(with, path).Body.String(); strings.Contains(body, `id="notify"`) {
			t.Errorf("%s offers notifications about nothing", path)
		}
	}
	answer := get(with, "/sw.js")
	if answer.Code != http.StatusOK || !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/javascript") ||
		!strings.Contains(answer.Body.String(), "showNotification") {
		t.Errorf("%d %s", answer.Code, answer.Header())
	}
}

func TestNotificationsAreInTheLanguageOfTheReader(t *testing.T) {
	w := newWorld()
	pages, err := web.New(w.config())
	if err != nil {
		t.Fatal(err)
	}
	inc := fastly(1)
	inc.State = faultline.StateRecovering
	for lang, want := range map[string]string{"en": "Fastly: Recovering", "xx": "Fastly: Recovering",
		"de": "Fastly: Erholt sich", "de-AT": "Fastly: Erholt sich"} {
		title, text := pages.Notification(lang, &inc)
		if title != want || text == "" || !strings.Contains(text, "2021") {
			t.Errorf("%s: %q, %q", lang, title, text)
		}
	}
	inc.Drill = true
	if title, _ := pages.Notification("en", &inc); title != "Drill: Fastly: Recovering" {
		t.Errorf("a drill is %q", title)
	}
}
