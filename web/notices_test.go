package web_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/board"
)

// plans is what is known of the time to come.
type plans struct {
	certificates []faultline.Certificate
	maintenances []faultline.Maintenance
}

func (p plans) Certificates(context.Context, time.Time) ([]faultline.Certificate, error) {
	return p.certificates, nil
}

func (p plans) Maintenances(context.Context, time.Time) ([]faultline.Maintenance, error) {
	return p.maintenances, nil
}

// A site's page says that its certificate ends, more loudly within a day, and what
// providers announce; a provider's page says what it announces.
func TestPagesSayWhatIsToCome(t *testing.T) {
	w := newWorld()
	now := w.config().Now()
	from := time.Date(2030, 1, 2, 2, 0, 0, 0, time.UTC)
	p := plans{certificates: []faultline.Certificate{{Site: "reddit.com", Ends: now.Add(20 * time.Hour)}},
		maintenances: []faultline.Maintenance{
			{Components: []faultline.Component{"cdn:fastly"}, Source: "status.fastly.example",
				Text: "Router <b>upgrade</b>", Status: "scheduled",
				StartsAt: now.Add(time.Hour), EndsAt: now.Add(3 * time.Hour)},
			{Components: []faultline.Component{"cdn:other"}, Text: "Another's work", Status: "scheduled",
				StartsAt: now.Add(time.Hour), EndsAt: now.Add(3 * time.Hour)},
			{Components: []faultline.Component{"cdn:fastly"}, Text: "In some years", Status: "scheduled",
				StartsAt: from, EndsAt: from.Add(time.Hour)}}}
	show := func(path string) string {
		cfg := w.config()
		cfg.Notices = board.NewNotices(p, cfg.Now, slog.New(slog.DiscardHandler))
		if err := cfg.Notices.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		body := get(serve(t, cfg), path).Body.String()
		return body[strings.Index(body, "<main"):]
	}
	page := show("/site/reddit.com")
	for _, want := range []string{"ends within 24 hours", "Maintenance announced: ",
		"Router &lt;b&gt;upgrade&lt;/b&gt;", "status.fastly.example"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the site's page", want)
		}
	}
	if strings.Contains(page, "Another") || strings.Contains(page, "In some years") {
		t.Error("the page has what is none of its")
	}
	if page := show("/provider/fastly"); !strings.Contains(page, "Maintenance announced: ") ||
		strings.Contains(page, "Another") {
		t.Error("the provider's page does not say what it announces")
	}
	p.certificates[0].Ends = now.Add(5 * 24 * time.Hour)
	if page := show("/site/reddit.com"); !strings.Contains(page, "The certificate of reddit.com ends on") ||
		strings.Contains(page, "within 24 hours") {
		t.Error("within a week it is not said, or too loudly")
	}
	p.certificates[0].Ends = now.Add(-time.Hour)
	if page := show("/site/reddit.com"); !strings.Contains(page, "ended on") {
		t.Error("that it ended is not said")
	}
	p.certificates[0].Ends = now.Add(8 * 24 * time.Hour)
	if page := show("/site/reddit.com"); strings.Contains(page, "certificate of") {
		t.Error("what ends in eight days is news")
	}
}
