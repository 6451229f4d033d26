package statements

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html/charset"
)

// maxDepth bounds how deep the elements of a feed may lie in one another. Feeds need
// five or six; a page that nests without end would fill the path.
const maxDepth = 64

var errDepth = errors.New("the elements of the feed lie too deep")

// readFeed reads RSS and Atom, element by element, so that what is held at once is
// bounded by maxElements, maxSaid and maxItems. What was read before a fault is kept.
// The decoder is lenient, because feeds are written by many programs and few of them
// are checked.
func readFeed(body io.Reader) ([]item, error) {
	d := xml.NewDecoder(&shortTags{r: encoded(body)})
	d.Strict = false // pages write entities that XML does not have
	d.Entity = xml.HTMLEntity
	d.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		if strings.HasPrefix(strings.ToLower(label), "utf-16") {
			return in, nil // its mark was read, and it is UTF-8 by now
		}
		return charset.NewReaderLabel(label, in)
	}
	r := feedReader{d: d}
	err := r.read()
	if errors.Is(err, io.EOF) || errors.Is(err, errEnough) {
		err = nil
	}
	switch {
	case len(r.items) > 0:
		return r.items, nil
	case err != nil:
		return nil, fmt.Errorf("read feed: %w", err)
	case !r.feed:
		return nil, errors.New("read feed: it is neither RSS nor Atom")
	}
	return r.items, nil
}

// encoded reads a feed that names no other encoding as UTF-8, whatever bytes it has.
func encoded(body io.Reader) io.Reader {
	buffered := bufio.NewReader(body)
	start, _ := buffered.Peek(256)
	if head := strings.ToLower(string(start)); strings.Contains(head, "encoding=") && !strings.Contains(head, "utf-8") {
		return buffered
	}
	return wellFormed(buffered)
}

// feedReader walks RSS, RDF and Atom in one way. path is where it is, so that the title of an entry
// is told from the title of the feed.
type feedReader struct {
	d     *xml.Decoder
	feed  bool // it is one
	count int  // elements so far
	path  []string
	entry *memberTexts // what the entry that is being read says; nil outside of one
	items []item
}

// read goes through all tokens until the end or a bound.
func (r *feedReader) read() error {
	for {
		token, err := r.d.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := r.start(t); err != nil {
				return err
			}
		case xml.EndElement:
			r.end()
		case xml.CharData:
			r.said(t)
		}
	}
}

// start enters an element. Elements of other vocabularies, such as those of media, lose
// their names: a picture's title is not the entry's.
func (r *feedReader) start(t xml.StartElement) error {
	name := strings.ToLower(t.Name.Local)
	if s := t.Name.Space; s == "media" || strings.Contains(s, "mrss") || strings.Contains(s, "itunes") {
		name = "" // titles of pictures and the like
	}
	if r.count++; r.count > maxElements {
		return errEnough
	}
	if len(r.path) >= maxDepth {
		return errDepth
	}
	r.path = append(r.path, name)
	switch name {
	case "rss", "feed", "rdf":
		r.feed = true
	case "item", "entry":
		r.entry = &memberTexts{}
	// Atom has the address of an entry in an attribute, RSS in the text.
	case "link":
		for _, a := range t.Attr {
			if r.entry != nil && a.Name.Local == "href" {
				r.entry.add("link", []byte(a.Value))
			}
		}
	}
	r.said([]byte(" ")) // elements part words
	return nil
}

// said keeps the text of a member of an entry, such as its title; markup inside of one
// stands for a space.
func (r *feedReader) said(text []byte) {
	if r.entry == nil {
		return
	}
	member := ""
	for i, name := range r.path {
		if (name == "item" || name == "entry") && i+1 < len(r.path) {
			member = r.path[i+1]
		}
	}
	r.entry.add(member, text)
}

// members of an entry that are read, in RSS, RDF and Atom.
var members = []string{
	"title", "guid", "id", "link", "pubdate", "date", "published", "updated", "status",
	"encoded", "content", "description", "summary",
}

// memberTexts is the text of each of the members of one entry, each at most maxSaid bytes.
type memberTexts [13][]byte

// add appends to the text of a member, and cuts it at maxSaid. Members that are not read are
// dropped here, so that a feed full of markup takes no memory.
func (t *memberTexts) add(member string, text []byte) {
	if i := slices.Index(members, member); i >= 0 {
		t[i] = append(t[i], text[:min(len(text), maxSaid-len(t[i]))]...)
	}
}

// of returns the text of the first of some members that has one.
func (t *memberTexts) of(names ...string) string {
	for _, name := range names {
		if text := bytes.TrimSpace(t[slices.Index(members, name)]); len(text) > 0 {
			return string(text)
		}
	}
	return ""
}

// end leaves an element. At the end of an entry the item is made.
func (r *feedReader) end() {
	if len(r.path) == 0 {
		return
	}
	name := r.path[len(r.path)-1]
	r.path = r.path[:len(r.path)-1]
	if r.entry == nil || name != "item" && name != "entry" {
		return
	}
	if i, ok := entry(r.entry); ok {
		r.items = newest(append(r.items, i))
	}
	r.entry = nil
}

// entry makes an item of what an entry says; false without a time that can be read.
func entry(e *memberTexts) (item, bool) {
	var i item
	for _, member := range []string{"pubdate", "date", "published", "updated"} {
		// The latest time counts: a page that edits an entry says something new at the time of the
		// edit.
		if at, ok := moment(e.of(member)); ok && at.After(i.at) {
			i.at = at
		}
	}
	if i.at.IsZero() {
		return i, false
	}
	title, said := plain(e.of("title")), plain(e.of("encoded", "content", "description", "summary"))
	if i.status = word(e.of("status")); i.status == stageOther {
		i.status = statusIn(title, said)
	}
	i.all = said
	i.title(title)
	// The id must stay the same when an entry is edited, so it comes from what names the entry and
	// not from what it says.
	i.about = e.of("guid", "id", "link")
	i.id = digest(i.about, "")
	i.dated = true
	return i, true
}
