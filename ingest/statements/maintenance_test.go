package statements

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"faultline"
)

const scheduledJSON = `{"page":{"id":"x"},"scheduled_maintenances":[
 {"id":"m1","name":"Router upgrade in LHR","status":"scheduled","scheduled_for":"2021-06-09T02:00:00.000Z","scheduled_until":"2021-06-09T04:00:00.000Z",
  "created_at":"2021-06-07T09:00:00Z","updated_at":"2021-06-07T10:00:00Z","components":[{"id":"c","name":"LHR","status":"operational"}],
  "incident_updates":[{"id":"v2","status":"scheduled","body":"We will upgrade routers.","created_at":"2021-06-07T10:00:00Z"},{"id":"v1","status":"scheduled","body":"Old text.","created_at":"2021-06-07T09:00:00Z"}]},
 {"id":"m2","name":"Done already","status":"completed","scheduled_for":"2021-06-08T08:00:00Z","scheduled_until":"2021-06-08T12:00:00Z","incident_updates":[{"id":"v","status":"completed","body":"Over.","created_at":"2021-06-08T09:00:00Z"}]},
 {"id":3,"name":"Odd one","status":"in_progress","scheduled_for":null,"scheduled_until":[],"components":null,"incident_updates":[{"id":4,"status":"in_progress","body":null,"created_at":"2021-06-08T09:30:00Z"}]},
 {"id":"m5","name":"Next year","status":"scheduled","scheduled_for":"2022-06-09T02:00:00Z","scheduled_until":"2022-06-09T04:00:00Z","created_at":"2021-06-07T09:00:00Z"},
 null, 7, {"name":"Without anything"}]}`

// What a Statuspage has scheduled is announced, with its times, and goes into no log; a
// page without such a list loses none of its statements.
func TestScheduledMaintenanceIsAnnounced(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := pageJSON
		switch {
		case strings.HasSuffix(r.URL.Path, "/scheduled-maintenances.json") && asked == 1:
			w.WriteHeader(http.StatusNotFound)
		case strings.HasSuffix(r.URL.Path, "/scheduled-maintenances.json"):
			body = scheduledJSON
		default:
			asked++
		}
		_, _ = w.Write([]byte(body)) // the test sees what is missing
	}))
	defer server.Close()
	s := prepared(t, Source{Name: "Fastly", URL: server.URL, Form: FormStatuspage,
		Says: []Says{{Component: "cdn:fastly"}}})
	clock := now
	var announced []faultline.Maintenance
	said := 0
	p := NewPoller(Config{Sources: []Source{s}, Every: time.Minute, Now: func() time.Time { return clock },
		Client: server.Client(),
		Append: func(_ context.Context, events []faultline.Event) error { said += len(events); return nil },
		Announce: func(_ context.Context, page string, list []faultline.Maintenance) error {
			if page != "Fastly" {
				t.Errorf("announced by %q", page)
			}
			announced = list
			return nil
		}})
	f := newFollower(s, server.Client())
	if _, err := p.ask(t.Context(), f); err != nil || said != 2 || len(announced) != 0 {
		t.Errorf("without a list: %v, %d statements, %v", err, said, announced)
	}
	clock = clock.Add(maintenanceEvery)
	if _, err := p.ask(t.Context(), f); err != nil || said != 2 {
		t.Errorf("%v, %d statements", err, said)
	}
	if len(announced) != 2 {
		t.Fatalf("announced: %+v", announced)
	}
	odd, router := announced[0], announced[1]
	if router.Status != "scheduled" || !strings.Contains(router.Text, "We will upgrade routers.") ||
		router.Components[0] != "cdn:fastly" ||
		!router.StartsAt.Equal(time.Date(2021, 6, 9, 2, 0, 0, 0, time.UTC)) ||
		router.EndsAt.Sub(router.StartsAt) != 2*time.Hour {
		t.Errorf("%+v", router)
	}
	if odd.Status != "in_progress" || !odd.StartsAt.IsZero() || odd.Text != "Odd one" {
		t.Errorf("%+v", odd)
	}
	clock = clock.Add(24 * time.Hour)
	if _, err := p.ask(t.Context(), f); err != nil || len(announced) != 0 {
		t.Errorf("a day later: %v, %+v", err, announced)
	}
}

// A feed's announcements are told from its statements.
func TestAFeedAnnouncesMaintenance(t *testing.T) {
	feed := `<rss><channel>
<item><title>Scheduled maintenance of DNS</title><guid>1</guid><pubDate>Tue, 08 Jun 2021 09:00:00 GMT</pubDate>
<description>THIS IS A SCHEDULED EVENT Jun  9, 22:00 - Jun 10, 02:00 UTC. &lt;b&gt;Scheduled&lt;/b&gt; - We will move servers.</description></item>
<item><title>DNS is odd</title><guid>3</guid><pubDate>Tue, 08 Jun 2021 09:20:00 GMT</pubDate><description>In progress - we replace a disk.</description></item>
<item><title>DNS is slow</title><guid>2</guid><pubDate>Tue, 08 Jun 2021 09:30:00 GMT</pubDate><description>We are investigating.</description></item>
</channel></rss>`
	s := prepared(t, Source{Name: "X", URL: "https://x.example/feed", Form: FormFeed,
		Says: []Says{{Component: "dns:x"}}})
	items, err := s.read(strings.NewReader(feed))
	if err != nil {
		t.Fatal(err)
	}
	statements, announced := part(items)
	list := s.announcements(announced, now)
	if len(statements) != 2 || statements[0].status != stageOther || len(list) != 1 ||
		!list[0].StartsAt.Equal(time.Date(2021, 6, 9, 22, 0, 0, 0, time.UTC)) ||
		list[0].EndsAt.Sub(list[0].StartsAt) != 4*time.Hour {
		t.Errorf("%+v, %+v", statements, list)
	}
}

func TestWindowsAreRead(t *testing.T) {
	said := time.Date(2026, 12, 20, 9, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"Dec 21, 02:00 - 04:00 UTC":                                       "2026-12-21T02:00/2026-12-21T04:00",
		"December 21st from 02:00 to 04:00 UTC":                           "2026-12-21T02:00/2026-12-21T04:00",
		"Dec 21, 2026, 22:00 - Dec 22, 02:00 UTC":                         "2026-12-21T22:00/2026-12-22T02:00",
		"on 2026-12-21 22:00–23:30 (UTC)":                                 "2026-12-21T22:00/2026-12-21T23:30",
		"Dec 21, 23:00 - 01:00 UTC":                                       "2026-12-21T23:00/2026-12-22T01:00",
		"Jan 2, 02:00 - 04:00 UTC":                                        "2027-01-02T02:00/2027-01-02T04:00",
		"Dec 31, 22:00 UTC until Jan 1, 2:00 UTC":                         "2026-12-31T22:00/2027-01-01T02:00",
		"Dec 21, 02:00 am to 4:30 pm EST":                                 "2026-12-21T07:00/2026-12-21T21:30",
		"Dec 21, 02:00 - 04:00 PST":                                       "2026-12-21T10:00/2026-12-21T12:00",
		"Dec 21, 02:00 - 04:00":                                           "",
		"Dec 21, 02:00 - 04:00 XYZ":                                       "",
		"Feb 31, 02:00":                                                   "",
		"2026-12-22 02:00 - 2026-12-21 04:00 UTC":                         "",
		"2026-12-01 02:00 - 2027-12-21 04:00 UTC":                         "",
		"some day soon":                                                   "",
		"Dec 21, 2026 at 02:00 UTC and 04:00 UTC on the last of the year": "2026-12-21T02:00/2026-12-21T04:00",
	} {
		from, to := window(text, said)
		got := ""
		if !from.IsZero() {
			got = from.Format("2006-01-02T15:04") + "/" + to.Format("2006-01-02T15:04")
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
