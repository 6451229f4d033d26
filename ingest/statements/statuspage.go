package statements

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// errEnough ends the reading of a page that has more elements than are read. It is no
// fault: what was read before it is used.
var errEnough = errors.New("enough was read")

// readStatuspage reads incidents.json value by value, so that what is held at once is
// bounded by maxElements, maxSaid and maxItems. What was read before a fault is kept.
// Ids are opaque; members that are missing, null or of another type are left empty.
// Statuspage is the most used form, and several services imitate it, each a little
// differently.
func readStatuspage(body io.Reader) ([]item, error) {
	// Duplicate names and broken UTF-8 occur on real pages. A strict decoder would lose the whole
	// page for one such byte.
	r := statuspageReader{d: jsontext.NewDecoder(wellFormed(body),
		jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))}
	if r.d.PeekKind() != '{' {
		return nil, errors.New("read Statuspage JSON: it is no object")
	}
	err := r.members(func(name string) error {
		switch name {
		case "incidents":
			return r.list(r.incident)
		case "scheduled_maintenances":
			return r.list(r.maintenance)
		}
		return r.d.SkipValue()
	})
	if err != nil && !errors.Is(err, errEnough) && len(r.items) == 0 {
		return nil, fmt.Errorf("read Statuspage JSON: %w", err)
	}
	return r.items, nil
}

// statuspageReader reads JSON token by token and keeps only what becomes an item. Pages
// of other services use it too, because the bounds are the same for all. A page is read
// as it arrives and never held whole, since it may be of any size.
type statuspageReader struct {
	d     *jsontext.Decoder
	count int // elements of lists so far
	items []item
}

// members reads an object, each of whose values what reads; anything else is skipped. A
// value that is no object is skipped, and so is not an error: a member of another type
// is an empty one.
func (r *statuspageReader) members(what func(name string) error) error {
	if r.d.PeekKind() != '{' {
		return r.d.SkipValue()
	}
	if _, err := r.d.ReadToken(); err != nil {
		return err
	}
	for r.d.PeekKind() == '"' {
		name, err := r.d.ReadToken()
		if err != nil {
			return err
		}
		if err := what(name.String()); err != nil {
			return err
		}
	}
	_, err := r.d.ReadToken()
	return err
}

// list reads a list, each of whose elements what reads. The count goes over all lists
// of a page, so nested lists cannot get around it.
func (r *statuspageReader) list(what func() error) error {
	if r.d.PeekKind() != '[' {
		return r.d.SkipValue()
	}
	if _, err := r.d.ReadToken(); err != nil {
		return err
	}
	for kind := r.d.PeekKind(); kind != ']' && kind != 0; kind = r.d.PeekKind() {
		if r.count++; r.count > maxElements {
			return errEnough
		}
		if err := what(); err != nil {
			return err
		}
	}
	_, err := r.d.ReadToken()
	return err
}

// text reads a string or a number into a field; a longer text than maxSaid bytes is cut
// there. Other values leave the field empty.
func (r *statuspageReader) text(into *string) error {
	switch r.d.PeekKind() {
	case '"', '0':
		token, err := r.d.ReadToken()
		if err != nil {
			return err
		}
		said := token.String()
		// Cloned, because the token's memory is the decoder's and is overwritten by the next one.
		*into = strings.Clone(said[:min(len(said), maxSaid)])
		return nil
	}
	return r.d.SkipValue()
}

// incident reads one incident. Its updates may come before its name.
func (r *statuspageReader) incident() error {
	var id, name, status, created string
	// Updates are appended while the incident is still being read. Title and id are added
	// afterwards to all that came since first.
	first := len(r.items)
	err := r.members(func(member string) error {
		switch member {
		case "id":
			return r.text(&id)
		case "name":
			return r.text(&name)
		case "status":
			return r.text(&status)
		case "created_at":
			return r.text(&created)
		case "incident_updates":
			return r.list(r.update)
		}
		return r.d.SkipValue()
	})
	if at, ok := moment(created); ok && len(r.items) == first && status != "" { // nothing more was said yet
		r.items = append(r.items, item{id: "opened", at: at, status: word(status)})
	}
	for i := range r.items[first:] {
		u := &r.items[first+i]
		u.title(name)
		// Ids of updates are unique within one incident only.
		u.id = digest(id, u.id)
	}
	r.items = newest(r.items)
	return err
}

// maintenance reads one announced maintenance, which makes one item: how it stands now.
func (r *statuspageReader) maintenance() error {
	var id, name, status, from, until, created, updated, parts string
	var said []item
	err := r.members(func(member string) error {
		switch into := map[string]*string{"id": &id, "name": &name, "status": &status, "scheduled_for": &from,
			"scheduled_until": &until, "created_at": &created, "updated_at": &updated}[member]; {
		case into != nil:
			return r.text(into)
		case member == "incident_updates":
			kept := r.items
			r.items = nil
			err := r.list(r.update)
			said, r.items = r.items, kept
			return err
		case member == "components":
			return r.list(func() error { return r.named(&parts) })
		}
		return r.d.SkipValue()
	})
	i := item{id: digest(id, "maintenance"), status: word(status), about: parts, planned: true}
	// The newest update says how the maintenance stands. Its text replaces the older ones.
	for _, u := range said {
		if !u.at.Before(i.at) {
			i.at, i.all = u.at, u.all
		}
	}
	for _, text := range []string{created, updated} {
		if at, ok := moment(text); ok && at.After(i.at) {
			i.at = at
		}
	}
	i.starts, _ = moment(from)
	i.ends, _ = moment(until)
	i.title(name)
	if err == nil && !i.at.IsZero() {
		r.items = newest(append(r.items, i))
	}
	return err
}

// named adds the name of an object to a list of names.
func (r *statuspageReader) named(names *string) error {
	return r.members(func(member string) error {
		if member != "name" {
			return r.d.SkipValue()
		}
		var name string
		err := r.text(&name)
		if len(*names) < maxSaid {
			*names += " " + name
		}
		return err
	})
}

// update reads one update of an incident. An update without a time that can be read is dropped,
// because a statement is placed by its time.
func (r *statuspageReader) update() error {
	var id, status, said, created, display string
	err := r.members(func(member string) error {
		switch member {
		case "id":
			return r.text(&id)
		case "status":
			return r.text(&status)
		case "body":
			return r.text(&said)
		case "created_at":
			return r.text(&created)
		case "display_at":
			return r.text(&display)
		}
		return r.d.SkipValue()
	})
	// display_at is the time that the provider shows, and may be edited; created_at is when it was
	// typed.
	at, ok := moment(display)
	if !ok {
		at, ok = moment(created)
	}
	if err == nil && ok {
		said = plain(said)
		if strings.TrimSpace(status) == "" {
			status = statusIn("", said)
		}
		r.items = append(r.items, item{id: id, at: at, status: word(status), all: said})
	}
	return err
}
