package web_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"faultline"
)

// calmWords are what no page, embed or card may say while nothing is observed.
var calmWords = regexp.MustCompile(`(?i)nothing (that we watch )?is broken|nothing points|works as seen|probes of [^ ]+ succeed|` +
	`not known to fail|operational|0 of [0-9,]+ sites|no outage is known|everyone else is fine`)

// While nothing observes, every output says that the state is unknown.
func TestNothingIsCalledWellWhileNothingObserves(t *testing.T) {
	blind := func() []faultline.VantageStatus {
		return []faultline.VantageStatus{{Vantage: "nyc-1", State: faultline.VantageBlind, Why: "no canary answers"}}
	}
	for name, set := range map[string]func(*world) func() []faultline.VantageStatus{
		"no vantage":         func(w *world) func() []faultline.VantageStatus { w.view.Vantages = 0; return nil },
		"all vantages blind": func(*world) func() []faultline.VantageStatus { return blind },
		"Redis gone for ten minutes": func(w *world) func() []faultline.VantageStatus {
			w.view.AsOf = w.now.Add(-10 * time.Minute)
			return nil
		},
		"just started": func(w *world) func() []faultline.VantageStatus { w.view = faultline.View{SitesKnown: 4103}; return nil },
	} {
		for _, path := range []string{
			"/", "/site/calm.example.org", "/site/quiet.example.org", "/component/cdn/fastly", "/component/cloud/aws~us-east-1",
			"/embed/now", "/embed/site/calm.example.org", "/embed/site/quiet.example.org", "/embed/component/cdn/fastly",
			"/card/now.svg", "/card/site/calm.example.org.svg", "/card/site/quiet.example.org.svg", "/card/component/cdn/fastly.svg",
		} {
			t.Run(name+path, func(t *testing.T) {
				w := newWorld()
				w.incidents = nil
				vantages := set(w)
				cfg := w.config()
				cfg.Vantages = vantages
				rec := get(serve(t, cfg), path)
				if rec.Code == http.StatusNotFound || rec.Code == http.StatusServiceUnavailable {
					return // it says nothing at all
				}
				if said := calmWords.FindString(text(t, rec.Body.String())); said != "" || rec.Code != http.StatusOK {
					t.Errorf("%d, it says %q", rec.Code, said)
				}
			})
		}
	}
}
