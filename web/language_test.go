package web

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
)

// catalogue reads the messages of one language, with their forms joined.
func catalogue(t *testing.T, lang string) map[string]string {
	t.Helper()
	body, err := files.ReadFile("words/" + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		t.Fatalf("%s: %v", lang, err)
	}
	said := map[string]string{}
	for id, message := range raw {
		said[id] = string(message)
	}
	return said
}

var placeholder = regexp.MustCompile(`\{\{\.\w+\}\}`)

func placeholders(message string) []string {
	found := placeholder.FindAllString(message, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// Every language says everything, with the same values in it.
func TestCataloguesAreWhole(t *testing.T) {
	source := catalogue(t, sourceLanguage)
	for _, lang := range Languages()[1:] {
		other := catalogue(t, lang)
		for _, id := range slices.Sorted(maps.Keys(source)) {
			if got, want := placeholders(other[id]), placeholders(source[id]); !slices.Equal(got, want) {
				t.Errorf("%s: %s has %v, want %v", lang, id, got, want)
			}
			if (other[id] == "") != (source[id] == "") {
				t.Errorf("%s: %s is not said", lang, id)
			}
			if strings.Contains(other[id], "outage") {
				t.Errorf("%s: %s is not translated: %s", lang, id, other[id])
			}
			delete(other, id)
		}
		for id := range other {
			t.Errorf("%s: nobody asks for %s", lang, id)
		}
	}
}

var spoken = regexp.MustCompile(
	`(?:\.say|\.count|\.rich|\(say|\{say|\(count|\{count|\(rich|\{rich| say| count| rich)(?:\(| )"([a-z_.0-9]+)"`)

// Every message that code and templates name by its whole id is there.
func TestMessagesThatAreNamedExist(t *testing.T) {
	source, named := catalogue(t, sourceLanguage), 0
	for _, tmpl := range templateFiles(t) {
		for _, m := range spoken.FindAllStringSubmatch(tmpl, -1) {
			named++
			if strings.HasSuffix(m[1], ".") || strings.HasSuffix(m[1], "_") {
				continue // the rest is a word of the data
			}
			if _, ok := source[m[1]]; !ok {
				t.Errorf("there is no message %s", m[1])
			}
		}
	}
	if named < 150 {
		t.Errorf("%d messages were found", named)
	}
}

func TestLanguageOfAReader(t *testing.T) {
	l := english(t).languages
	names, err := files.ReadDir("words")
	if err != nil || len(l.tags) != len(names) || l.tags[0] != sourceLanguage {
		t.Fatalf("languages: %q of %d files, %v", l.tags, len(names), err)
	}
	for accept, want := range map[string]string{
		"": "en", "de": "de", "de-CH,en;q=0.5": "de", "fr-CA": "fr", "es-419,es;q=0.9": "es", "ja,pt-BR;q=0.8": "pt",
		"ja,fr;q=0.2": "fr", "en-GB,de;q=0.9": "en", ";;;": "en", "xx, de;q=0.1": "de",
		"garbage!,fr": "fr", "tlh-XX,x-y,es;q=0.3": "es",
		"de;q=0,fr;q=0.1": "fr", "de_AT": "de", strings.Repeat("de,", 1000): "de", "*": "en",
	} {
		if got := l.preferred(accept); got != want {
			t.Errorf("%.40q is spoken to in %s, want %s", accept, got, want)
		}
	}
}

func TestTitlesInOtherLanguages(t *testing.T) {
	inc := faultline.Incident{Title: "Fastly-fronted sites in DE, GB, 503, began ~09:47 UTC", SitesTotal: 1200,
		ConfirmedAt: &start,
		Cause:       &faultline.Cause{Component: "cdn:fastly", Kind: "cdn", Name: "Fastly"},
		Scope:       faultline.Scope{Countries: []string{"DE", "GB"}},
		Symptoms:    []faultline.SymptomShare{{Symptom: "http_503", Share: 0.78}},
		Onset:       faultline.Onset{At: start.Add(25 * time.Second)}}
	for lang, want := range map[string]string{
		"en": inc.Title,
		"de": "Websites hinter Fastly in DE, GB, 503, seit etwa 09:47 UTC",
		"fr": "Sites servis par Fastly (DE, GB), 503, depuis environ 09:47 UTC",
		"es": "Sitios servidos por Fastly en DE, GB, 503, desde las 09:47 UTC aproximadamente",
	} {
		if got := localizerIn(t, lang).title(&inc); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	inc.Cause, inc.State, inc.ConfirmedAt, inc.Symptoms = nil, faultline.StateCandidate, nil,
		[]faultline.SymptomShare{{Symptom: "timeout", Share: 0.3}, {Symptom: "dns", Share: 0.3}}
	if got, want := localizerIn(t, "de").title(&inc),
		"Unbestätigt: 1.200 Websites ohne bekannte Gemeinsamkeit in DE, GB, Zeitüberschreitungen, "+
			"seit etwa 09:47 UTC"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTimesAndNumbersInOtherLanguages(t *testing.T) {
	at := time.Date(2021, 3, 8, 9, 47, 5, 0, time.UTC)
	for lang, want := range map[string][3]string{
		"en": {"8 March 2021, 09:47 UTC", "36,734", "1 site"}, "de": {"8. März 2021, 09:47 UTC", "36.734", "1 Website"},
		"fr": {"8 mars 2021, 09:47 UTC", "36\u00a0734", "1 site"},
		"es": {"8 de marzo de 2021, 09:47 UTC", "36.734", "1 sitio"},
	} {
		v := localizerIn(t, lang)
		if got := [3]string{v.moment(at, formDated).Text, v.number(36734), v.count("of.sites", 1)}; got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	if got := english(t).in(zone).near(at, formMinute); got.Text != "09:47 UTC (04:47 EST)" || got.Local {
		t.Errorf("%+v", got)
	}
}

func TestRichEscapesAllButMarkup(t *testing.T) {
	v := english(t)
	got := string(v.rich("incident.blame", "Confidence", "<b>1</b>", "Kind", "\ue000{{.Name}}", "Name",
		anchor(`/"><i>`, "<i>")))
	want := `We are &lt;b&gt;1&lt;/b&gt; sure that the cause is the ` + "\ue000" +
		`{{.Name}} <a href="/&#34;&gt;&lt;i&gt;">&lt;i&gt;</a>.`
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// templateFiles are the texts of all templates and of the code beside them.
func templateFiles(t *testing.T) []string {
	t.Helper()
	var texts []string
	for _, pattern := range []string{"parts/*/*.html", "pages/*/*.html", "*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(text))
		}
	}
	return texts
}
