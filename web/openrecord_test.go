package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/board"
	"faultline/web"
)

func TestConcentrationHasItsCoverageBesideEachKind(t *testing.T) {
	w := newWorld()
	cfg := w.config()
	cfg.Concentration = func(board.Part) web.Concentrated {
		return web.Concentrated{Kinds: []board.Concentration{{Kind: "cdn", Known: 4, Sites: 9,
			HHI: new(5313), Firebreak: 1,
			Providers: []board.Share{{Provider: "Fastly", Slug: "fastly", Sites: 3, Alone: 2, Share: 0.625}}}}}
	}
	got := text(t, get(serve(t, cfg), "/concentration").Body.String())
	for _, want := range []string{"Known for 4 of 9 sites.", "1 of these 4 have a second provider.", "5,313 of 10,000",
		"Fastly"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not say %q: %s", want, got)
		}
	}
	none := text(t, get(serve(t, w.config()), "/concentration").Body.String())
	if !strings.Contains(none, "No dependencies are known yet.") {
		t.Errorf("without a list the page says %s", none)
	}
}

func TestConcentrationCanBeNarrowedDown(t *testing.T) {
	w := newWorld()
	cfg := w.config()
	kinds := func(known int) []board.Concentration {
		return []board.Concentration{{Kind: "cdn", Known: known, Sites: 9, HHI: new(5313),
			Ranked: 3, HHIRanked: new(42),
			Providers: []board.Share{{Provider: "Fastly", Share: 0.625}}}}
	}
	cfg.Concentration = func(part board.Part) web.Concentrated {
		if part == (board.Part{Country: "GB"}) {
			return web.Concentrated{Kinds: kinds(2)}
		}
		return web.Concentrated{Kinds: kinds(4), Countries: []board.Group{{Group: "GB", Sites: 9, Kinds: kinds(2)}},
			Services: []board.Group{{Group: "news", Sites: 9, Kinds: kinds(3)}}}
	}
	h := serve(t, cfg)
	got := text(t, get(h, "/concentration").Body.String())
	for _, want := range []string{"United Kingdom", "News", "2 of 9", "Fastly, 63 %",
		"Weighted by rank: 42 of 10,000, over 3 sites with a rank."} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not say %q: %s", want, got)
		}
	}
	if got := text(t, get(h, "/concentration?country=GB").Body.String()); !strings.Contains(got, "Known for 2 of 9") {
		t.Errorf("of Britain it says %s", got)
	}
	if got := text(t, get(h, "/concentration?country=XX").Body.String()); !strings.Contains(got, "Known for 4 of 9") {
		t.Errorf("of what is no country it says %s", got)
	}
	got = text(t, get(h, "/concentration?lang=de").Body.String())
	if !strings.Contains(got, "Vereinigtes Königreich") {
		t.Errorf("in German it says %s", got)
	}
}

func TestScorecardKeepsReplaysApart(t *testing.T) {
	got := text(t, get(serve(t, newWorld().config()), "/scorecard").Body.String())
	if !strings.Contains(got, "Causes named correctly: 13 of 13. False incidents: 0.") {
		t.Errorf("the scorecard says %s", got)
	}
}

func TestScorecardSaysHowLateProvidersSpoke(t *testing.T) {
	w := newWorld()
	spoken := over()
	spoken.Cause = fastly(3).Cause
	spoken.Statements = []faultline.SaidStatement{{At: spoken.Onset.At.Add(37 * time.Minute)}}
	withdrawn := over()
	withdrawn.ID, withdrawn.State = "inc_01F7NG9Z8ZCFRFE1XNDYSRWMDX", faultline.StateRetracted
	withdrawn.Corrections = []faultline.Correction{{By: "operator", State: faultline.StateRetracted}}
	w.incidents = [][]faultline.Incident{{spoken}, {withdrawn}}
	h := serve(t, w.config())
	for lang, want := range map[string][]string{
		"en": {"How late providers spoke", "37 min", "June 2021: 37 min (1 of 1)", "withdrawn as false: 1."},
		"de": {"Wie spät sich Anbieter äußerten", "Juni 2021: 37 min (1 von 1)"},
	} {
		got := get(h, "/scorecard?lang="+lang).Body.String()
		for _, part := range append(want, `/provider/fastly"`) {
			if !strings.Contains(got, part) {
				t.Errorf("%s: the scorecard does not say %q: %s", lang, part, got[strings.Index(got, "<main"):])
			}
		}
	}
}

func TestAnIncidentSaysWhatEachRevisionChanged(t *testing.T) {
	h := serve(t, newWorld().config())
	got := text(t, get(h, "/incident/"+outage+"@1").Body.String())
	if !strings.Contains(got, "This is the first revision") {
		t.Errorf("the first revision says %s", got)
	}
	later := text(t, get(h, "/incident/"+outage+"@2").Body.String())
	_, said, _ := strings.Cut(later, "What this revision changed, and why")
	if !strings.Contains(said, "Revision, from 1 to 2") {
		t.Errorf("the second revision says %s", said)
	}
	rec := get(h, "/incident/"+outage+"?revision=2")
	if rec.Code != http.StatusSeeOther || !strings.HasSuffix(rec.Header().Get("Location"), "@2") {
		t.Errorf("the slider leads to %d %s", rec.Code, rec.Header().Get("Location"))
	}
}

// What a reader quotes can be checked: the page has the hash of the revision that it shows,
// leads to its proof and to the keys, and says the command; widgets have the hash in short.
func TestAnIncidentLeadsToItsProof(t *testing.T) {
	w := newWorld()
	const hash = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
	for i := range w.incidents[1] {
		w.incidents[1][i].Hash = hash
	}
	h := serve(t, w.config())
	for path, revision := range map[string]string{"/incident/" + outage: "3", "/incident/" + outage + "@2": "2"} {
		body := get(h, path).Body.String()
		for _, want := range []string{hash, "/v1/incidents/" + outage + "/revisions/" + revision + "/proof",
			"/.well-known/faultline-keys",
			"faultline verify https://faultline.example/incident/" + outage + "@" + revision} {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not have %q", path, want)
			}
		}
	}
	if got := text(t, get(h, "/embed/incident/"+outage).Body.String()); !strings.Contains(got, "· 0f1e2d3c ·") {
		t.Errorf("the widget does not have the hash: %s", got)
	}
	plain := serve(t, newWorld().config())
	if got := get(plain, "/incident/"+outage).Body.String(); strings.Contains(got, "/proof") {
		t.Error("a revision without a hash has a proof")
	}
}
