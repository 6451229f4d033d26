package api

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"faultline"
	"faultline/board"
)

// What a query may measure, in bytes. Where other programs own it, it may be
// longer: they add to it as they like.
const (
	maxQuery        = 8 << 10 // 200 names of a stack
	maxLenientQuery = 12 << 10
)

// readQuery takes a strict query apart; see [queryPolicy].
func readQuery(raw string, keys []string) (url.Values, error) { return strict(keys...).read(raw) }

// read takes a query apart. It refuses keys that are there twice: an answer must
// not depend on which of them we take.
func (p queryPolicy) read(raw string) (url.Values, error) {
	if raw == "" {
		return nil, nil
	}
	most := maxQuery
	if p.lenient {
		most = maxLenientQuery
	}
	if len(raw) > most {
		return nil, invalidParameter("query", fmt.Sprintf("is longer than %d bytes", most))
	}
	query, err := url.ParseQuery(raw)
	if err != nil && !p.lenient { // else the pairs that can be read are enough
		return nil, invalidParameter("query", "is not well formed")
	}
	var faults faultline.InvalidError
	for key, values := range query {
		known := slices.Contains(p.keys, key)
		switch {
		case !known && p.lenient:
			delete(query, key)
		case !known:
			faults = append(faults, faultline.Invalid{Parameter: shorten(key), Detail: unknownParameter(p.keys)})
		case p.lenient && slices.Contains(p.last, key):
			query[key] = values[len(values)-1:]
		case p.lenient && len(slices.Compact(values)) == 1: // added to an address that had it already
			query[key] = values[:1]
		case len(values) > 1:
			faults = append(faults, faultline.Invalid{Parameter: key,
				Detail: "is there twice; several values are written with commas between them"})
		}
	}
	if faults != nil {
		slices.SortFunc(faults, func(a, b faultline.Invalid) int { return strings.Compare(a.Parameter, b.Parameter) })
		return nil, faults
	}
	return query, nil
}

// unknownParameter says which parameters a route knows.
func unknownParameter(keys []string) string {
	if len(keys) == 0 {
		return "is not known here: there are no parameters"
	}
	return "is not known here; there are " + strings.Join(slices.Sorted(slices.Values(keys)), ", ")
}

// How many incidents one page of the list holds.
const (
	listLimit    = 20
	listLimitMax = 100
)

// listKeys are the query keys of the list.
var listKeys = append([]string{"since", "until", "overlapping", "fields", "limit", "cursor"}, faultline.FilterKeys...)

// incidentListKeys are those of its routes.
var incidentListKeys = append([]string{asOfKey}, listKeys...)

// listQuery is what a reader asks of the list of incidents.
type listQuery struct {
	board.Query
	fields []string // members that are returned; empty: all
}

func newListQuery(q url.Values, site func(string) (faultline.SiteRecord, error),
	providers *faultline.Providers, now time.Time) (l listQuery, err error) {
	l.Limit = listLimit
	if l.Filter, err = faultline.ReadFilter(q, site, providers); err != nil {
		return l, err
	}
	for key, into := range map[string]*time.Time{"since": &l.Since, "until": &l.Until} {
		if q.Has(key) {
			if *into, err = readTime(q.Get(key), now); err != nil {
				return l, invalidParameter(key, timeForm)
			}
		}
	}
	if !l.Since.IsZero() && !l.Until.IsZero() && !l.Since.Before(l.Until) {
		return l, invalidParameter("since", "must lie before until")
	}
	if q.Has("overlapping") {
		if l.Overlapping = q.Get("overlapping") == "true"; !l.Overlapping && q.Get("overlapping") != "false" {
			return l, invalidParameter("overlapping", "must be true or false")
		}
	}
	if q.Has("fields") {
		if l.fields, err = readFields(q.Get("fields")); err != nil {
			return l, err
		}
	}
	if q.Has("limit") {
		if l.Limit, err = strconv.Atoi(q.Get("limit")); err != nil || l.Limit < 1 || l.Limit > listLimitMax {
			return l, invalidParameter("limit", fmt.Sprintf("must be a number from 1 to %d", listLimitMax))
		}
	}
	if q.Has("cursor") {
		if l.After, err = board.ReadCursor(q.Get("cursor")); err != nil {
			return l, invalidParameter("cursor", "must be the value of next in an earlier answer")
		}
	}
	return l, nil
}

// incidentFields are the members of an incident.
var incidentFields = sync.OnceValue(func() []string {
	var names []string
	for field := range reflect.TypeFor[faultline.Incident]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "timeline" { // it has an address of its own
			names = append(names, name)
		}
	}
	return names
})

// readFields reads the members that a reader wants, with commas between them; id
// is always among them.
func readFields(text string) ([]string, error) {
	fields := []string{"id"}
	for name := range strings.SplitSeq(text, ",") {
		if !slices.Contains(incidentFields(), name) {
			return nil, invalidParameter(
				"fields",
				"must be members of an incident with commas between them: "+strings.Join(incidentFields(), ", "),
			)
		}
		fields = append(fields, name)
	}
	slices.Sort(fields)
	return slices.Compact(fields), nil
}

// key is the same for queries that ask for the same; it is a query itself.
func (l listQuery) key() string {
	q := l.Filter.Query()
	for key, at := range map[string]time.Time{"since": l.Since, "until": l.Until} {
		if !at.IsZero() {
			q.Set(key, at.Format(time.RFC3339Nano))
		}
	}
	if l.Overlapping {
		q.Set("overlapping", "true")
	}
	if len(l.fields) > 0 {
		q.Set("fields", strings.Join(l.fields, ","))
	}
	q.Set("limit", strconv.Itoa(l.Limit))
	if l.After != (board.Cursor{}) {
		q.Set("cursor", l.After.String())
	}
	return q.Encode()
}
