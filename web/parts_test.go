package web_test

import (
	"strings"
	"testing"

	"faultline"
)

// partly is a world in which Fastly fails, and in which calm.example.org answers and loads
// parts of its page from there.
func partly() *world {
	w := newWorld()
	w.incidents = [][]faultline.Incident{{fastly(1), fastly(2), fastly(3)}}
	return w
}

// A site that answers while what serves parts of its page fails is not said to work without
// that, in any language, and the incident's page lists it apart.
func TestPagesSayWhatMayLoadOnlyInPart(t *testing.T) {
	w := partly()
	cfg := w.config()
	cfg.Lookup = func(input string) (faultline.SiteRecord, error) {
		r, err := w.lookup(input)
		if r.Site == "calm.example.org" {
			r.Components, r.Uses = []faultline.Component{"cloud:aws/eu-west-1"}, []faultline.Component{"cdn:fastly"}
		}
		return r, err
	}
	cfg.Parts = func(site string) []faultline.Incident {
		if site == "calm.example.org" {
			return []faultline.Incident{fastly(3).Listed()}
		}
		return nil
	}
	cfg.Partly = func(_ string, limit int) ([]string, int) { return []string{"calm.example.org"}[:min(1, limit)], 1 }
	h := serve(t, cfg)
	for lang, want := range map[string]string{
		"en": "calm.example.org answers, but parts of its pages come from Fastly, which is failing.",
		"de": "calm.example.org antwortet, aber Fastly ist gestört, und von dort kommen Teile der Seiten.",
		"fr": "calm.example.org répond, mais une partie de ses pages est servie par Fastly, en panne.",
		"es": "calm.example.org responde, pero parte de sus páginas viene de Fastly, que falla.",
		"pt": "calm.example.org responde, mas parte de suas páginas vem de Fastly, que está com falhas.",
	} {
		for _, path := range []string{"/site/calm.example.org", "/embed/site/calm.example.org"} {
			if body := get(h, path+"?lang="+lang).Body.String(); !strings.Contains(body, want) {
				t.Errorf("%s in %s does not say %q", path, lang, want)
			}
		}
	}
	page := get(h, "/site/calm.example.org").Body.String()
	if !strings.Contains(page, `id="uses"`) || !strings.Contains(page, "/incident/"+outage) {
		t.Error("the page names neither what the site uses nor the incident")
	}
	if other := get(h, "/site/quiet.example.org").Body.String(); strings.Contains(other, "parts of its") {
		t.Error("said of a site of which nothing is known")
	}
	incident := get(h, "/incident/"+outage).Body.String()
	_, list, found := strings.Cut(incident, `id="partly"`)
	if !found || !strings.Contains(list[:min(len(list), 600)], "/site/calm.example.org") {
		t.Error("the incident's page does not list the site that may load only in part")
	}
	if frozen := get(h, "/incident/"+outage+"@3").Body.String(); strings.Contains(frozen, `id="partly"`) {
		t.Error("a revision, which never changes, says what may change")
	}
}

// Of a site that may load only in part it is not said that it is well.
func TestWhatMayLoadOnlyInPartIsNotCalledBlameless(t *testing.T) {
	w := partly()
	for i := range w.incidents[0] {
		w.incidents[0][i].Exonerated = []faultline.Exonerated{
			{Site: "calm.example.org", Reason: "reports rose, probes clean"},
			{Site: "verizon.com", Reason: "reports rose, probes clean"}}
	}
	cfg := w.config()
	cfg.Partly = func(string, int) ([]string, int) { return []string{"calm.example.org"}, 1 }
	body := get(serve(t, cfg), "/incident/"+outage).Body.String()
	if n := strings.Count(body, `href="/site/calm.example.org"`); n != 1 {
		t.Errorf("calm.example.org is named %d times, want once, among those that may load only in part", n)
	}
	if !strings.Contains(body, `href="/site/verizon.com"`) {
		t.Error("verizon.com is no longer among those that are not at fault")
	}
}
