package statements

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html"

	"faultline"
)

// Bounds of what a page says.
const (
	maxItems = 1000 // of one answer that are looked at
	maxText  = 1000 // bytes of a statement
)

// item is one thing that a page said.
type item struct {
	key    string // which one it is, on its page
	at     time.Time
	status string
	text   string // for people
	all    string // everything it says, to find what it is about
}

// read reads a page's answer, oldest first.
func (s *Source) read(body io.Reader) ([]item, error) {
	var items []item
	var err error
	if s.Form == FormStatuspage {
		items, err = readStatuspage(body)
	} else {
		items, err = readFeed(body)
	}
	if err != nil {
		return nil, err
	}
	items = slices.DeleteFunc(items, func(i item) bool { return i.at.IsZero() || i.text == "" })
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.key, b.key)) })
	return items[max(0, len(items)-maxItems):], nil
}

// statuspage is what is read of incidents.json; ids are opaque, and members that
// are missing or null are left empty.
type statuspage struct {
	Incidents []struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Updates []struct {
			ID        string    `json:"id"`
			Status    string    `json:"status"`
			Body      string    `json:"body"`
			CreatedAt time.Time `json:"created_at"`
			DisplayAt time.Time `json:"display_at"`
		} `json:"incident_updates"`
	} `json:"incidents"`
}

func readStatuspage(body io.Reader) ([]item, error) {
	var page statuspage
	if err := json.UnmarshalRead(body, &page); err != nil {
		return nil, fmt.Errorf("read Statuspage JSON: %w", err)
	}
	var items []item
	for _, inc := range page.Incidents {
		for _, u := range inc.Updates {
			at := u.DisplayAt
			if at.IsZero() {
				at = u.CreatedAt
			}
			said := join(inc.Name, plain(u.Body))
			items = append(items, item{key: inc.ID + "/" + u.ID, at: at, status: word(u.Status), text: clip(said), all: said})
		}
	}
	return items, nil
}

// readFeed reads RSS and Atom. An entry that has changed since is another item:
// many pages keep one entry an incident.
func readFeed(body io.Reader) ([]item, error) {
	feed, err := gofeed.NewParser().Parse(body)
	if err != nil {
		return nil, fmt.Errorf("read feed: %w", err)
	}
	var items []item
	for _, e := range feed.Items {
		said := join(e.Title, plain(cmp.Or(e.Content, e.Description)))
		var at time.Time
		for _, t := range []*time.Time{e.PublishedParsed, e.UpdatedParsed} {
			if t != nil && t.After(at) {
				at = *t
			}
		}
		id := cmp.Or(e.GUID, e.Link)
		items = append(items, item{key: id + "/" + at.UTC().Format(time.RFC3339), at: at, status: statusIn(said), text: clip(said),
			all: strings.Join([]string{id, said}, " ")})
	}
	return items, nil
}

// stages are the words for how far a provider is, as Statuspage has them.
var stages = []string{"investigating", "identified", "monitoring", "resolved", "postmortem",
	"scheduled", "in_progress", "verifying", "completed"}

// stageOther is the status of a statement that names no stage.
const stageOther = "update"

// word reads a status that a page gave in so many words.
func word(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if slices.Contains(stages, s) {
		return s
	}
	return stageOther
}

// statusIn is the first stage that a text names.
func statusIn(text string) string {
	text, first, at := strings.ToLower(text), stageOther, len(text)
	for _, stage := range stages {
		if i := strings.Index(text, strings.ReplaceAll(stage, "_", " ")); i >= 0 && i < at {
			first, at = stage, i
		}
	}
	return first
}

// join puts a title before what is said, unless it says so itself.
func join(title, body string) string {
	title = plain(title)
	if title == "" || strings.HasPrefix(body, title) {
		return body
	}
	if body == "" {
		return title
	}
	return title + ": " + body
}

// plain takes the markup out of a text and makes one line of it.
func plain(s string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.Join(strings.Fields(b.String()), " ")
		case html.TextToken:
			b.Write(z.Text())
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			if name, _ := z.TagName(); !inline[string(name)] {
				b.WriteByte(' ')
			}
		}
	}
}

// inline are the elements that do not part words.
var inline = map[string]bool{"a": true, "b": true, "em": true, "i": true, "span": true, "strong": true, "var": true, "code": true}

func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText-len("…")], "") + "…"
}

// events makes the statements that an item amounts to.
func (s *Source) events(i item) []faultline.Event {
	var events []faultline.Event
	for _, c := range s.about(i.all) {
		events = append(events, faultline.Statement{At: faultline.Millis(i.at), Component: c, Source: s.page, Status: i.status, Text: i.text})
	}
	return events
}
