package api

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"faultline"
)

// causeNone asks for incidents that are unattributed.
const causeNone = "none"

// stateOpen asks for candidate, confirmed and recovering together.
const stateOpen = "open"

// filterKeys are the query keys by which the list, the stream and webhooks choose
// incidents.
var filterKeys = []string{"state", "cause", "kind", "site", "country", "min_confidence"}

// streamKeys are the query keys of the stream.
var streamKeys = append([]string{"snapshot", "last_event_id"}, filterKeys...)

// filter chooses incidents. The zero value takes all.
type filter struct {
	states     []faultline.IncidentState // empty: all
	cause      string                    // a component, causeNone, or empty for all
	kind       string                    // of component, causeNone, or empty for all
	site       string                    // one of its sites
	country    string                    // where it is felt, ISO 3166-1
	confidence float64                   // of the cause, at least
}

// readFilter reads a filter out of a query; site normalises what a person calls
// a site.
func readFilter(q url.Values, site func(string) (faultline.SiteRecord, error)) (filter, error) {
	f := filter{cause: q.Get("cause"), kind: q.Get("kind"), country: q.Get("country")}
	var err error
	if q.Has("state") {
		if f.states, err = readStates(q.Get("state")); err != nil {
			return f, err
		}
	}
	if q.Has("cause") && f.cause != causeNone && !faultline.Component(f.cause).Valid() {
		return f, invalidParameter("cause", "must be a component such as cdn:fastly, or "+causeNone)
	}
	if q.Has("kind") && f.kind != causeNone && !slices.Contains(faultline.Kinds, f.kind) {
		return f, invalidParameter("kind", "must be one of "+strings.Join(faultline.Kinds, ", ")+" or "+causeNone)
	}
	if q.Has("country") && !countryForm.MatchString(f.country) {
		return f, invalidParameter("country", "must be two capital letters (ISO 3166-1), such as GB")
	}
	if q.Has("min_confidence") {
		f.confidence, err = strconv.ParseFloat(q.Get("min_confidence"), 64)
		if err != nil || !(f.confidence >= 0 && f.confidence <= 1) {
			return f, invalidParameter("min_confidence", "must be a number from 0 to 1")
		}
	}
	if q.Has("site") {
		record, err := site(q.Get("site"))
		if errors.Is(err, faultline.ErrNotFound) {
			return f, invalidParameter("site", "is no site that we know")
		}
		if err != nil {
			return f, parameterFault(err, "site")
		}
		f.site = record.Site
	}
	return f, nil
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

// query is the filter as a query: the same for filters that take the same.
func (f filter) query() url.Values {
	q := url.Values{}
	set := func(key, value string) {
		if value != "" {
			q.Set(key, value)
		}
	}
	states := make([]string, len(f.states))
	for i, s := range f.states {
		states[i] = string(s)
	}
	set("state", strings.Join(states, ","))
	set("cause", f.cause)
	set("kind", f.kind)
	set("site", f.site)
	set("country", f.country)
	if f.confidence > 0 {
		set("min_confidence", strconv.FormatFloat(f.confidence, 'g', -1, 64))
	}
	return q
}

// takes reports whether the filter chooses an incident. Of sites it sees those
// that the incident carries.
func (f filter) takes(inc *faultline.Incident) bool {
	cause, kind, confidence := causeNone, causeNone, 0.
	if inc.Cause != nil {
		cause, kind, confidence = string(inc.Cause.Component), inc.Cause.Component.Kind(), inc.Cause.Confidence
	}
	return (len(f.states) == 0 || slices.Contains(f.states, inc.State)) &&
		(f.cause == "" || strings.EqualFold(f.cause, cause)) && (f.kind == "" || f.kind == kind) && confidence >= f.confidence &&
		(f.site == "" || slices.ContainsFunc(inc.Sites, func(s faultline.IncidentSite) bool { return s.Site == f.site })) &&
		(f.country == "" || slices.Contains(inc.Scope.Countries, f.country) || slices.Contains(inc.Evidence.Countries, f.country))
}
