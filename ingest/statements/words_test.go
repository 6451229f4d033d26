package statements

import (
	"strings"
	"testing"
)

func TestWhatATextAsserts(t *testing.T) {
	for text, want := range map[string]string{
		"The issue remains unresolved.":                                                       "update",
		"Once this is resolved, we will write again.":                                         "update",
		"We will update this page when the problem has been fixed.":                           "update",
		"This has not been resolved.":                                                         "update",
		"The problem isn't fixed yet.":                                                        "update",
		"The issue isn’t resolved; we are still investigating.":                               "investigating",
		"We expect this to be resolved within the hour.":                                      "update",
		"Service is partially restored.":                                                      "update",
		"This incident has been resolved.":                                                    "resolved",
		"This incident has been resolved. We will publish a report after investigating.":      "resolved",
		"All services are back to normal.":                                                    "resolved",
		"The cause has been identified and a fix is being implemented.":                       "identified",
		"A fix has been implemented and we are monitoring the results.":                       "monitoring",
		"We will continue to monitor until everything is resolved.":                           "monitoring",
		"We continue to investigate.":                                                         "investigating",
		"The issue was resolved at 10:00 but has returned. We are investigating.":             "investigating",
		"Until the issue is resolved, customers may see errors. We have identified the cause": "identified",
		"Scheduled maintenance next week.":                                                    "scheduled",
		"We believe the issue is resolved and are monitoring.":                                "monitoring",
		"We believe the issue is resolved.":                                                   "update",
		"The outage is over.":                                                                 "resolved",
		"The network is over capacity.":                                                       "update",
		"The fix did not work; we are back to investigating.":                                 "investigating",
		"Most services have recovered.":                                                       "update",
		"Not all services have recovered.":                                                    "update",
		"We no longer see errors and consider this incident closed.":                          "resolved",
		"We're rolling back the change.":                                                      "identified",
		"The change has been rolled back.":                                                    "monitoring",
		"The fix has not been rolled back.":                                                   "update",
		"Errors are high.":                                                                    "update",
	} {
		if got := statusIn("", text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestTheNewestUpdateOfAnEntryCounts(t *testing.T) {
	const investigating, resolved = "Jun 8, 09:58 UTC Investigating - We are investigating errors.",
		"Jun 8, 10:57 UTC Resolved - This incident has been resolved."
	for _, c := range []struct{ title, body, want string }{
		{"Investigating elevated errors", resolved + " " + investigating, "resolved"},
		{"Investigating elevated errors", investigating + " " + resolved, "resolved"},
		{"Elevated errors", "Jun 8, 11:00 UTC Investigating - It is back. " + resolved, "investigating"},
		{"Elevated errors", "Jun 8, 9:00 PM PDT Resolved - Over. Jun 8, 8:00 PM PDT Monitoring - A fix is out.",
			"resolved"},
		{"Investigating elevated errors", "Resolved: it was a bad push.", "resolved"},
		{"Investigating elevated errors", "Some customers see errors.", "investigating"},
		{"[Resolved] Elevated errors", "Some customers saw errors.", "resolved"},
		{"RESOLVED: Elevated errors", "", "resolved"},
		{"Elevated errors", "Some customers see errors.", "update"},
	} {
		if got := statusIn(c.title, c.body); got != c.want {
			t.Errorf("%s / %s: %s, want %s", c.title, c.body, got, c.want)
		}
	}
}

func TestTimesAreReadInEveryZoneOrNotAtAll(t *testing.T) {
	for text, want := range map[string]string{
		"Tue, 08 Jun 2021 18:58:00 JST":       "09:58:00",
		"Tue, 08 Jun 2021 11:58:00 GMT+0200":  "09:58:00",
		"Tue, 08 Jun 2021 11:58:00 UTC+02:00": "09:58:00",
		"2021-06-08T09:58Z":                   "09:58:00",
		"1623146280":                          "09:58:00",
		"1623146280000":                       "09:58:00",
		"Tue, 08 Jun 2021 18:58:00 KST":       "09:58:00",
		"Tue, 08 Jun 2021 15:28:00 IST":       "09:58:00",
		"Tue, 08 Jun 2021 17:58:00 SGT":       "09:58:00",
		"Tue, 08 Jun 2021 17:58:00 HKT":       "09:58:00",
		"Tue, 08 Jun 2021 19:58:00 AEST":      "09:58:00",
		"Tue, 08 Jun 2021 21:58:00 NZST":      "09:58:00",
		"Tue, 08 Jun 2021 12:58:00 MSK":       "09:58:00",
		"Tue, 08 Jun 2021 06:58:00 BRT":       "09:58:00",
		"Tue, 8 Jun 2021 07:28:00 NDT":        "09:58:00",
		"08 Jun 2021 02:58:00 PDT":            "09:58:00",
		"Tue, 08 Jun 2021 11:58:00 +0200":     "09:58:00",
		"Tue, 08 Jun 2021 11:58 +0200 (CEST)": "09:58:00",
		"Tuesday, 08-Jun-21 09:58:00 GMT":     "09:58:00",
		"2021-06-08T09:58:00.123Z":            "09:58:00",
		"2021-06-08T02:58:00.000-07:00":       "09:58:00",
		"2021-06-08T02:58:00-0700":            "09:58:00",
		"2021-06-08 09:58:00 UTC":             "09:58:00",
		"Jun 8, 2021 2:58 AM PDT":             "09:58:00",
		"Tue, 08 Jun 2021 09:58:00 QQQ":       "", "": "", "soon": "", "2021-06-08T09:58:00": "",
	} {
		at, ok := moment(text)
		if got := at.Format("15:04:05"); ok != (want != "") || ok && (got != want || at.Day() != 8) {
			t.Errorf("%s: %v %t, want %s", text, at, ok, want)
		}
	}
}

// Shapes that pages have besides those of the services themselves.
func TestOddShapesOfPages(t *testing.T) {
	wide := func(s string) string { // UTF-16, little-endian, with its mark
		b := []byte("\xff\xfe")
		for _, c := range []byte(s) {
			b = append(b, c, 0)
		}
		return string(b)
	}
	const one = `{"incidents":[{"id":1,"name":"A","incident_updates":[{"id":2,"status":"resolved","body":"x",` +
		`"created_at":"2021-06-08T09:58:00Z"}]}]}`
	const item = `<item><title>A</title><pubDate>Tue, 08 Jun 2021 09:58:00 GMT</pubDate></item>`
	for name, c := range map[string]struct {
		form, body, status, text string
	}{
		"JSON in UTF-16": {FormStatuspage, wide(one), "resolved", "A: x"},
		"an incident alone": {FormStatuspage,
			`{"incidents":[{"id":1,"name":"A","status":"investigating","created_at":"2021-06-08T09:58:00Z",` +
				`"incident_updates":[]}]}`, "investigating", "A"},
		"times as numbers": {FormStatuspage,
			`{"incidents":[{"id":1,"name":"A","incident_updates":[{"id":2,"status":"monitoring","body":"x",` +
				`"created_at":1623146280}]}]}`, "monitoring", "A: x"},
		"something after the end": {FormStatuspage, one + " <!-- cached -->", "resolved", "A: x"},
		"a feed in UTF-16": {FormFeed,
			wide(`<?xml version="1.0" encoding="utf-16"?><rss><channel>` + item + `</channel></rss>`), stageOther, "A"},
		"a comment in front": {FormFeed, "\n\n<!-- x --><rss><channel>" + item + "</channel></rss>",
			stageOther, "A"},
		"RDF without seconds": {FormFeed,
			`<rdf:RDF xmlns:rdf="a" ` +
				`xmlns:dc="b"><item><title>A</title><dc:date>2021-06-08T09:58Z</dc:date></item></rdf:RDF>`,
			stageOther, "A"},
		"an end that is missing": {FormFeed, `<rss><channel>` + item + `<item><title>B`, stageOther, "A"},
	} {
		s := prepared(t, Source{Name: "X", URL: "https://x.example/", Form: c.form, Says: []Says{{Component: "cdn:x"}}})
		items, err := s.read(strings.NewReader(c.body))
		if err != nil || len(items) != 1 || items[0].status != c.status || items[0].text != c.text ||
			items[0].at.Format("15:04:05") != "09:58:00" {
			t.Errorf("%s: %+v, %v", name, items, err)
		}
	}
}
