package statements

import (
	"cmp"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"

	"faultline"
)

// Bounds of what a page says. Pages are written by others, and a page may be replaced
// by anything during an outage.
const (
	maxElements = 50_000   // of one answer that are read
	maxItems    = 1000     // of one answer that are kept: the newest
	maxSaid     = 16 << 10 // bytes of one text that are read
	maxText     = 1000     // bytes of a statement
)

// item is one thing that a page said: an update of an incident, or a maintenance.
// Readers of all forms make items, and from then on the form does not matter.
type item struct {
	id      string // which one it is, on its page; the same after an edit
	at      time.Time
	status  string
	text    string    // for people
	all     string    // everything it says, to find what it is about
	about   string    // besides
	planned bool      // it depends on a list of announced work
	starts  time.Time // of announced work, where the page has a member for it
	ends    time.Time
	dated   bool // its time may be when it was last changed, or made again for each answer
}

// title puts a title before what an item says.
func (i *item) title(title string) {
	i.all = join(title, i.all)
	i.text = clip(i.all)
}

// words tells one wording of an item from another.
func (i *item) words() uint64 { return xxhash.Sum64String(i.status + "\x00" + i.all) }

// digest makes a short name of ids that may be of any length, since pages may use whole
// addresses as ids. Both parts are hashed apart, so that "a"+"bc" and "ab"+"c" differ.
func digest(a, b string) string {
	return strconv.FormatUint(xxhash.Sum64String(a), 36) + "/" + strconv.FormatUint(xxhash.Sum64String(b), 36)
}

// newest keeps the newest maxItems once there are twice as many.
func newest(items []item) []item {
	if len(items) < 2*maxItems {
		return items
	}
	return sorted(items)
}

// sorted puts items in order, oldest first, and keeps the newest maxItems.
func sorted(items []item) []item {
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	over := max(0, len(items)-maxItems)
	return slices.Delete(items, 0, over)
}

// read reads a page's answer, oldest first.
func (s *Source) read(body io.Reader) ([]item, error) {
	items, err := forms[s.Form].read(readable(body))
	if err != nil {
		return nil, err
	}
	return sorted(slices.DeleteFunc(items, func(i item) bool { return i.text == "" })), nil
}

// events makes the statements that an item amounts to: one for each component that it
// is about. An item about none of the source's components makes none.
func (s *Source) events(i item) []faultline.Event {
	var events []faultline.Event
	for _, c := range s.about(i.about + " " + i.all) {
		events = append(events, faultline.Statement{
			At: faultline.Millis(i.at), Component: c, Source: s.page, Status: i.status, Text: i.text,
		})
	}
	return events
}
