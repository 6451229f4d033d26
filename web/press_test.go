package web_test

import (
	"net/http"
	"strings"
	"testing"
)

// What a journalist takes from an incident: a sentence with its date, a number with its
// denominator and time, the source, and an address that stays as it is.
func TestAnIncidentCanBeQuoted(t *testing.T) {
	w := newWorld()
	w.incidents[1][2].Headline = "Sites that use Fastly have been failing with error 503 since about 09:47 UTC on 8 " +
		"June 2021."
	h := serve(t, w.config())
	body := get(h, "/incident/"+outage).Body.String()
	inOrder(
		t,
		text(t, body),
		"Sites that use Fastly have been failing with error 503 since about 09:47 UTC on 8 June 2021.",
		"At 10:25 UTC, 131 of 140 sites on Fastly were failing.",
		"Source: Faultline, revision 3, 8 June 2021, 10:25 UTC.",
		"https://faultline.example/incident/"+outage+"@3",
		"Copy the sentence",
		"Copy the link to revision 3",
		"CC BY 4.0",
	)
	for _, form := range []string{"png?lang=en", "svg?lang=en", "csv"} {
		path := "/card/incident/" + outage + "@3." + form
		if !strings.Contains(body, `href="`+path+`"`) {
			t.Errorf("%s is not offered", path)
		}
		if rec := get(h, path); rec.Code != http.StatusOK {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	german := text(t, get(h, "/incident/"+outage+"?lang=de").Body.String())
	inOrder(t, german, "8. Juni 2021.", "Um 10:25 UTC waren 131 von 140 Websites bei Fastly gestört.")
}

// A revision's page leads to what changed since it.
func TestWhatChangedSinceARevision(t *testing.T) {
	h := serve(t, newWorld().config())
	if body := get(h, "/incident/"+outage+"@2").Body.String(); !strings.Contains(
		body,
		"/incident/"+outage+"?since=2#changes",
	) {
		t.Error("the revision's page does not lead there")
	}
	inOrder(t, text(t, get(h, "/incident/"+outage+"?since=2").Body.String()), "What changed since revision 2",
		"Failing 95 of 140 131 of 140", "Failing at the peak 95 131")
	for _, query := range []string{"", "?since=3", "?since=99", "?since=x", "?since=-1"} {
		rec := get(h, "/incident/"+outage+query)
		if rec.Code != http.StatusOK || strings.Contains(rec.Body.String(), "What changed since revision") {
			t.Errorf("%s: %d", query, rec.Code)
		}
	}
}

// The page for newsrooms fits on a desk: its method has at most 200 words.
func TestThePressPage(t *testing.T) {
	said := text(t, get(serve(t, newWorld().config()), "/press").Body.String())
	inOrder(
		t,
		said,
		"For newsrooms",
		"What Faultline is",
		"How to cite it",
		"The method in short",
		"What it cannot say",
		"Contact",
	)
	_, rest, _ := strings.Cut(said, "The method in short")
	method, _, _ := strings.Cut(rest, "What it cannot say")
	if n := len(strings.Fields(method)); n < 100 || n > 200 {
		t.Errorf("the method has %d words", n)
	}
}
