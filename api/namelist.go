package api

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// What one page of a list of sites or components holds, and how many of them it looks
// at.
const (
	nameLimit    = 20
	nameLimitMax = 100
	maxNamesSeen = 20_000
)

// nameQuery is what a reader asks of a list of things with names: sites, components.
// Of each list one item must fit; an empty one takes all.
type nameQuery struct {
	states     []string
	kinds      []string
	components []string
	text       string // that the name holds, in lower case
	limit      int
	after      string // the last name of the page before; empty: from the first on
	// at is the moment of which the reader asks what was said then; the zero time: now.
	at time.Time
}

// newNameQuery reads a query that holds the keys of its route and no others.
func newNameQuery(q url.Values) (n nameQuery, err error) {
	n.limit = nameLimit
	if n.states, err = readItems(q, "state", siteStates); err != nil {
		return n, err
	}
	if n.kinds, err = readItems(q, "kind", faultline.Kinds); err != nil {
		return n, err
	}
	if n.components, err = readComponents(q); err != nil {
		return n, err
	}
	if q.Has("q") {
		n.text = strings.ToLower(strings.TrimSpace(q.Get("q")))
		if n.text == "" || len(n.text) > maxSearch {
			return n, invalidParameter("q", fmt.Sprintf("must be 1 to %d bytes of a name", maxSearch))
		}
	}
	if q.Has("limit") {
		n.limit, err = strconv.Atoi(q.Get("limit"))
		if err != nil || n.limit < 1 || n.limit > nameLimitMax {
			return n, invalidParameter("limit", fmt.Sprintf("must be a number from 1 to %d", nameLimitMax))
		}
	}
	if q.Has("cursor") {
		name, err := base64.RawURLEncoding.Strict().DecodeString(q.Get("cursor"))
		if err != nil || len(name) == 0 || len(name) > maxSearch*4 {
			return n, invalidParameter("cursor", "must be the value of next in an earlier answer")
		}
		n.after = string(name)
	}
	return n, nil
}

// writeNames answers with one page of a list of things with names. list makes it, and
// returns the cursor of the page behind; path is that of the route. A table is answered
// as CSV, and all else as JSON.
func (a *api) writeNames(
	c *gin.Context, path string, query url.Values,
	list func(*board.Snapshot, nameQuery) (answer any, next *string, err error),
) error {
	q, err := newNameQuery(query)
	if err != nil {
		return err
	}
	render := func(s *board.Snapshot) (*page.Page, error) {
		answer, next, err := list(s, q)
		if err != nil {
			return nil, err
		}
		p, err := listPage(answer)
		if err == nil {
			p.Link = q.link(a.cfg.Board.PublicURL()+path, next)
		}
		return p, err
	}
	if query.Has(asOfKey) {
		at, s, err := a.past(c.Request.Context(), query)
		if err != nil {
			return err
		}
		q.at = at
		p, err := render(s)
		if err != nil {
			return err
		}
		a.writeAsOf(c, p, at)
		return nil
	}
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	p, err := s.Sites.Get(path+"?"+q.key(), func() (*page.Page, error) { return render(s) })
	if err != nil {
		return err
	}
	a.writeRead(c, p, s, page.CacheCurrent)
	return nil
}

// siteStates are the states that a site or a component may be in.
var siteStates = []string{
	string(faultline.SiteOK), string(faultline.SiteDown), string(faultline.SiteDegraded),
	string(faultline.SiteRecovered), string(faultline.SiteUnknown),
}

// readItems reads a list with commas between its items, each of which must be allowed.
func readItems(q url.Values, key string, allowed []string) (list []string, err error) {
	if !q.Has(key) {
		return nil, nil
	}
	for item := range strings.SplitSeq(q.Get(key), ",") {
		if item = strings.TrimSpace(item); !slices.Contains(allowed, item) {
			return nil,
				invalidParameter(key, "must be of "+strings.Join(allowed, ", ")+"; several with commas between them")
		}
		list = append(list, item)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// readComponents reads the components of which a site must depend on one.
func readComponents(q url.Values) (list []string, err error) {
	if !q.Has("component") {
		return nil, nil
	}
	for item := range strings.SplitSeq(q.Get("component"), ",") {
		c := faultline.Component(strings.TrimSpace(item))
		if !c.Valid() || len(list) == nameLimitMax {
			return nil, invalidParameter("component",
				fmt.Sprintf("must be components such as cdn:fastly, with commas between them and at most %d",
					nameLimitMax))
		}
		list = append(list, string(c.AsWritten()))
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// key is the same for queries that ask for the same; it is a query itself.
func (n nameQuery) key() string {
	q := url.Values{}
	for key, list := range map[string][]string{"state": n.states, "kind": n.kinds, "component": n.components} {
		if len(list) > 0 {
			q.Set(key, strings.Join(list, ","))
		}
	}
	if n.text != "" {
		q.Set("q", n.text)
	}
	if !n.at.IsZero() {
		q.Set(asOfKey, n.at.UTC().Format(time.RFC3339Nano))
	}
	q.Set("limit", strconv.Itoa(n.limit))
	if n.after != "" {
		q.Set("cursor", nameCursor(n.after))
	}
	return q.Encode()
}

func nameCursor(name string) string { return base64.RawURLEncoding.EncodeToString([]byte(name)) }

// pick walks the names of a list in their order, from behind the cursor on, and keeps
// those that take accepts until the page is full or enough are looked at. next is the
// cursor of the page behind, nil if there is nothing left. A cursor that names nothing is
// refused: what it named may have gone.
func pick[T ~string](n nameQuery, names []T, take func(T) bool) (kept []T, next *string, err error) {
	at := 0
	if n.after != "" {
		if at = 1 + slices.Index(names, T(n.after)); at == 0 {
			return nil, nil, invalidParameter("cursor", "names a place that is not in the list any more: begin again")
		}
	}
	for i, name := range names[at:] {
		if len(kept) == n.limit || i == maxNamesSeen {
			cursor := nameCursor(string(names[at+i-1]))
			return kept, &cursor, nil
		}
		if take(name) {
			kept = append(kept, name)
		}
	}
	return kept, nil, nil
}

// link is the value of a Link header that names the page behind.
func (n nameQuery) link(base string, next *string) []string {
	if next == nil {
		return nil
	}
	name, err := base64.RawURLEncoding.DecodeString(*next)
	if err != nil {
		return nil
	}
	n.after = string(name)
	return []string{"<" + base + "?" + n.key() + `>; rel="next"`}
}
