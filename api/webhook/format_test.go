package webhook

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/board/boardtest"
)

// said is what a form says of an outage in a state, as its service reads it.
func said(t *testing.T, w Hook, state faultline.IncidentState) map[string]any {
	t.Helper()
	inc := boardtest.Incident(0, 1, 3)
	inc.State, inc.Title = state, "Sites on <Fastly> & co, 503"
	body, err := w.render(Message{Type: TypeUpdated, Timestamp: inc.UpdatedAt, Data: &inc},
		"https://faultline.example")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// at follows members of objects and places of arrays.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			v = v.(map[string]any)[step]
		case int:
			v = v.([]any)[step]
		}
	}
	return v
}

func TestMessagesInTheFormsOfServices(t *testing.T) {
	id := boardtest.Incident(0, 1, 3).ID
	link := "https://faultline.example/incident/" + id
	for _, test := range []struct {
		hook Hook
		path []any
		want string // that it begins with
	}{
		{Hook{Format: FormatSlack}, []any{"text"}, "*Failing: Sites on &lt;Fastly&gt; &amp; co, 503*\n3 of 12 sites"},
		{Hook{Format: FormatMattermost}, []any{"text"}, "**Failing: Sites on <Fastly>"},
		{Hook{Format: FormatDiscord}, []any{"content"}, "Failing: Sites on <Fastly> & co, 503\n3 of 12 sites"},
		{Hook{Format: FormatTelegram, Target: "-100123"}, []any{"chat_id"}, "-100123"},
		{Hook{Format: FormatTelegram, Target: "-100123"}, []any{"text"}, "Failing: "},
		{Hook{Format: FormatTeams}, []any{"attachments", 0, "contentType"},
			"application/vnd.microsoft.card.adaptive"},
		{Hook{Format: FormatTeams}, []any{"attachments", 0, "content", "body", 0, "text"}, "Failing: Sites on"},
		{Hook{Format: FormatTeams}, []any{"attachments", 0, "content", "actions", 0, "url"}, link},
		{Hook{Format: FormatNtfy, URL: "https://ntfy.sh/my-topic"}, []any{"topic"}, "my-topic"},
		{Hook{Format: FormatNtfy, URL: "https://ntfy.sh/my-topic"}, []any{"click"}, link},
		{Hook{Format: FormatPagerDuty, Target: "key"}, []any{"routing_key"}, "key"},
		{Hook{Format: FormatPagerDuty, Target: "key"}, []any{"dedup_key"}, id},
		{Hook{Format: FormatPagerDuty, Target: "key"}, []any{"event_action"}, "trigger"},
		{Hook{Format: FormatPagerDuty, Target: "key"}, []any{"payload", "severity"}, "critical"},
		{Hook{Format: FormatPagerDuty, Target: "key"}, []any{"payload", "component"}, "cdn:fastly"},
		{Hook{}, []any{"type"}, TypeUpdated},
	} {
		got, _ := at(said(t, test.hook, faultline.StateConfirmed), test.path...).(string)
		if !strings.HasPrefix(got, test.want) {
			t.Errorf("%s %v: %q, want %q", test.hook.Format, test.path, got, test.want)
		}
	}
	if got := said(t, Hook{Format: FormatPagerDuty}, faultline.StateResolved)["event_action"]; got != "resolve" {
		t.Errorf("the end of an outage is %v to PagerDuty", got)
	}
	if mentions := at(said(t, Hook{Format: FormatDiscord}, faultline.StateConfirmed), "allowed_mentions",
		"parse"); len(mentions.([]any)) != 0 {
		t.Errorf("a text may mention %v", mentions)
	}
	for _, format := range Formats {
		body, err := Hook{Format: format, URL: "https://ntfy.sh/x"}.render(Message{Type: TypeTest,
			Timestamp: time.Unix(0, 0)}, "")
		if err != nil || !strings.Contains(string(body), "Nothing is failing.") {
			t.Errorf("a test as %s: %s %v", format, body, err)
		}
	}
}

// ntfy takes JSON at its root, whatever the path before the topic.
func TestAddressesOfServices(t *testing.T) {
	for address, want := range map[string]string{"https://ntfy.sh/my-topic": "https://ntfy.sh/",
		"https://example.com/ntfy/my-topic": "https://example.com/ntfy/"} {
		if got := (Hook{Format: FormatNtfy, URL: address}).address(); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	if got := (Hook{Format: FormatSlack,
		URL: "https://hooks.slack.com/services/T/B/x"}).address(); got != "https://hooks.slack.com/services/T/B/x" {
		t.Errorf("%s", got)
	}
}

// People are told when the state changes, and not of each revision.
func TestServicesAreSentChangesOfState(t *testing.T) {
	x := newDispatched(t, "", 200)
	x.hook.Format = FormatSlack
	x.save(x.hook)
	x.d.PublicURL = "https://faultline.example"
	x.start()
	boardtest.Eventually(t, "it begins", func() bool {
		position,
			_ := x.box.Position(t.Context())
		return position != ""
	})
	first, same, over := caused(0, "cdn:fastly", "a.example"), caused(0, "cdn:fastly", "a.example"), caused(0,
		"cdn:fastly", "a.example")
	same.Revision, over.Revision, over.State = 2, 3, faultline.StateResolved
	for _, inc := range []faultline.Incident{first, same, over} {
		x.source.Publish(inc)
	}
	boardtest.Eventually(t, "two messages", func() bool { return x.to.count() == 2 })
	x.to.mu.Lock()
	defer x.to.mu.Unlock()
	for i, want := range []string{"*Failing: ", "*Over: "} {
		if !strings.Contains(string(x.to.bodies[i]), want) || !strings.Contains(string(x.to.bodies[i]),
			"https://faultline.example/incident/") {
			t.Errorf("message %d: %s", i, x.to.bodies[i])
		}
	}
}
