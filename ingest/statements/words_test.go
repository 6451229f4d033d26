package statements

import "testing"

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
		"Errors are high.":                                                                    "update",
	} {
		if got := statusIn("", text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestTheNewestUpdateOfAnEntryCounts(t *testing.T) {
	const investigating, resolved = "Jun 8, 09:58 UTC Investigating - We are investigating errors.", "Jun 8, 10:57 UTC Resolved - This incident has been resolved."
	for _, c := range []struct{ title, body, want string }{
		{"Investigating elevated errors", resolved + " " + investigating, "resolved"},
		{"Investigating elevated errors", investigating + " " + resolved, "resolved"},
		{"Elevated errors", "Jun 8, 11:00 UTC Investigating - It is back. " + resolved, "investigating"},
		{"Elevated errors", "Jun 8, 9:00 PM PDT Resolved - Over. Jun 8, 8:00 PM PDT Monitoring - A fix is out.", "resolved"},
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
