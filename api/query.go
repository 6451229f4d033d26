package api

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"faultline"
)

// maxQuery is what a query may measure, in bytes.
const maxQuery = 1 << 10

// readQuery takes a query apart and refuses keys that the route does not know,
// and repeated ones: an answer must not depend on what we overlook, and there
// are then few cache keys for one answer.
func readQuery(raw string, keys []string) (url.Values, error) {
	if raw == "" {
		return nil, nil
	}
	if len(raw) > maxQuery {
		return nil, invalidParameter("query", fmt.Sprintf("is longer than %d bytes", maxQuery))
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, invalidParameter("query", "is not well formed")
	}
	var faults faultline.InvalidError
	for key, values := range query {
		switch {
		case !slices.Contains(keys, key):
			faults = append(faults, faultline.Invalid{Parameter: shorten(key), Detail: "is not known here"})
		case len(values) > 1:
			faults = append(faults, faultline.Invalid{Parameter: key, Detail: "is there twice"})
		}
	}
	if faults != nil {
		slices.SortFunc(faults, func(a, b faultline.Invalid) int { return strings.Compare(a.Parameter, b.Parameter) })
		return nil, faults
	}
	return query, nil
}

// How many incidents one page of the list holds.
const (
	listLimit    = 20
	listLimitMax = 100
)

// causeNone asks for incidents that are unattributed.
const causeNone = "none"

// stateOpen asks for candidate, confirmed and recovering together.
const stateOpen = "open"

// listQuery is what a reader asks of the list of incidents.
type listQuery struct {
	states []faultline.IncidentState // empty: all
	cause  string                    // a component, causeNone, or empty for all
	limit  int
	after  cursor
}

func newListQuery(q url.Values) (listQuery, error) {
	l := listQuery{limit: listLimit, cause: q.Get("cause")}
	var err error
	if q.Has("state") {
		if l.states, err = readStates(q.Get("state")); err != nil {
			return l, err
		}
	}
	if q.Has("cause") && l.cause != causeNone && !faultline.Component(l.cause).Valid() {
		return l, invalidParameter("cause", "must be a component such as cdn:fastly, or "+causeNone)
	}
	if q.Has("limit") {
		if l.limit, err = strconv.Atoi(q.Get("limit")); err != nil || l.limit < 1 || l.limit > listLimitMax {
			return l, invalidParameter("limit", fmt.Sprintf("must be a number from 1 to %d", listLimitMax))
		}
	}
	if q.Has("cursor") {
		if l.after, err = readCursor(q.Get("cursor")); err != nil {
			return l, invalidParameter("cursor", "must be the value of next in an earlier answer")
		}
	}
	return l, nil
}

// readStates reads one or more states with commas between them.
func readStates(text string) ([]faultline.IncidentState, error) {
	var states []faultline.IncidentState
	for s := range strings.SplitSeq(text, ",") {
		switch state := faultline.IncidentState(s); state {
		case stateOpen:
			states = append(states, faultline.StateCandidate, faultline.StateConfirmed, faultline.StateRecovering)
		case faultline.StateCandidate, faultline.StateConfirmed, faultline.StateRecovering,
			faultline.StateResolved, faultline.StateMerged, faultline.StateRetracted:
			states = append(states, state)
		default:
			return nil, invalidParameter("state",
				"must be candidate, confirmed, recovering, resolved, merged, retracted or open; several with commas between them")
		}
	}
	slices.Sort(states)
	return slices.Compact(states), nil
}

// key is the same for queries that ask for the same.
func (l listQuery) key() string {
	return fmt.Sprint("list ", l.states, " ", l.cause, " ", l.limit, " ", l.after)
}

func (l listQuery) takes(inc *faultline.Incident) bool {
	if len(l.states) > 0 && !slices.Contains(l.states, inc.State) {
		return false
	}
	switch {
	case l.cause == "":
		return true
	case inc.Cause == nil:
		return l.cause == causeNone
	}
	return l.cause == string(inc.Cause.Component)
}

// cursor is a place in the list of incidents, newest onset first: behind the
// incident of that onset and id. The zero value stands before all.
type cursor struct {
	onsetMS int64
	id      string
}

func cursorOf(inc *faultline.Incident) cursor { return cursor{inc.Onset.At.UnixMilli(), inc.ID} }

// before orders the list: later onsets first, then greater ids.
func (c cursor) before(d cursor) bool {
	if c.onsetMS != d.onsetMS {
		return c.onsetMS > d.onsetMS
	}
	return c.id > d.id
}

func (c cursor) String() string {
	if c.id == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.onsetMS, 10) + "." + c.id))
}

func readCursor(text string) (cursor, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return cursor{}, err
	}
	ms, id, _ := strings.Cut(string(raw), ".")
	if !incidentID.MatchString(id) {
		return cursor{}, faultline.ErrNotFound
	}
	n, err := strconv.ParseInt(ms, 10, 64)
	return cursor{n, id}, err
}
