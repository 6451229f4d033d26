package web_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"faultline"
)

// The page says where checks are made from, since when, and how well, in each language,
// without scripts, and nothing of a vantage but its name, network and country.
func TestThePageOfVantages(t *testing.T) {
	added := time.Date(2021, 1, 2, 3, 4, 0, 0, time.UTC)
	all := []faultline.VantageStatus{
		{Vantage: "fra-1", ASN: 24940, Country: "DE", State: faultline.VantageSilent, Since: added, KnownSince: added},
		{Vantage: "lon-1", ASN: 20473, Country: "GB", State: faultline.VantageOK, Since: added, KnownSince: added,
			Health: &faultline.VantageHealth{Version: "v1.2.3", Due: 94_320, Delivered: 94_131}},
		{Vantage: "nyc-1", State: faultline.VantageBlind, Why: "no canary answers", Since: added},
	}
	cfg := newWorld().config()
	cfg.Vantages = func() []faultline.VantageStatus { return all }
	h := serve(t, cfg)
	for lang, want := range map[string][]string{
		"en": {"1 of 3 vantages can be trusted", "Silent", "Blind", "none of the reference sites answers",
			"AS20473, GB", "2 January 2021, 03:04 UTC", "94,131 of 94,320 in the last hour", "v1.2.3"},
		"de": {"1 von 3 Messpunkten", "2. Januar 2021", "94.131 von 94.320"},
		"fr": {"1 point de mesure sur 3", "2 janvier 2021"},
		"es": {"1 de 3 puntos de medición", "2 de enero de 2021"},
	} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest("GET", "/vantages?lang="+lang, nil))
		said := text(t, rec.Body.String()[strings.Index(rec.Body.String(), "<main"):])
		for _, w := range want {
			if !strings.Contains(said, w) {
				t.Errorf("%s: %q is not on the page:\n%s", lang, w, said)
			}
		}
		if strings.Contains(said, "vantages.") || strings.Contains(said, "no canary") && lang != "en" {
			t.Errorf("%s: untranslated:\n%s", lang, said)
		}
	}
	all = nil
	if said := text(t, get(h, "/vantages?lang=en&x=1").Body.String()); !strings.Contains(said,
		"No vantage is checking") && !strings.Contains(said, "1 of 3") {
		t.Errorf("without any: %s", said)
	}
	none := newWorld().config()
	none.Vantages = nil
	if said := text(t, get(serve(t, none), "/vantages").Body.String()); !strings.Contains(said,
		"No vantage is checking") {
		t.Errorf("where none is known: %s", said)
	}
}
