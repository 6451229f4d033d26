package faultline

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// FilterNone in a [Filter]'s causes or kinds chooses incidents that are
// unattributed.
const FilterNone = "none"

// filterOpen in a query stands for candidate, confirmed and recovering.
const filterOpen = "open"

// maxFilterItems bounds each list of a filter.
const maxFilterItems = 200

// FilterKeys are the keys of a query that holds a [Filter].
var FilterKeys = []string{"of", "state", "cause", "kind", "provider", "site", "country", "min_confidence"}

var countryForm = regexp.MustCompile(`^[A-Z]{2}$`)

// ValidCountry reports whether a country is written as ISO 3166-1 alpha-2 has it,
// in capital letters.
func ValidCountry(code string) bool { return countryForm.MatchString(code) }

// Filter chooses incidents, for the list, feeds, streams and webhooks. Of each
// list an incident must fit one item; an empty list takes all. The zero value
// takes every incident.
type Filter struct {
	// Of is a stack: an incident must concern one of its things.
	Of        []StackItem
	States    []IncidentState
	Causes    []string   // components, or [FilterNone]
	Kinds     []string   // of component, or [FilterNone]
	Providers []Provider // who run the cause
	Sites     []string   // that belong to the incident
	Countries []string   // where it is felt, ISO 3166-1
	// Confidence of the cause, at least.
	Confidence float64
}

// ReadFilter reads a filter out of a query. Each list is written with commas
// between its items; other keys of the query are not looked at. site normalises
// what a person calls a site, and fails with [ErrNotFound] for one that is not
// known; providers are those that a filter may name, by slug, name or alias. What
// can't be read is an [InvalidError] that names the parameter.
func ReadFilter(q url.Values, site func(string) (SiteRecord, error), providers *Providers) (f Filter, err error) {
	read := func(key string, item func(string) (string, error)) (list []string) {
		if err == nil && q.Has(key) {
			list, err = readList(key, q.Get(key), item)
		}
		return list
	}
	states := read("state", readState)
	f.Causes = read("cause", readCause)
	f.Kinds = read("kind", readKind)
	f.Countries = read("country", readCountry)
	f.Sites = read("site", func(name string) (string, error) { return readSite(name, site) })
	slugs := read("provider", func(name string) (string, error) { return readProvider(name, providers) })
	if err == nil && q.Has("of") {
		f.Of, err = ReadStack(q.Get("of"), site, providers)
	}
	if err != nil {
		return Filter{}, err
	}
	for _, slug := range slugs {
		p, _ := providers.Slug(slug) // it was found by its name
		f.Providers = append(f.Providers, p)
	}
	for _, s := range strings.Split(strings.Join(states, ","), ",") {
		if s != "" {
			f.States = append(f.States, IncidentState(s))
		}
	}
	slices.Sort(f.States)
	f.States = slices.Compact(f.States)
	if q.Has("min_confidence") {
		f.Confidence, err = strconv.ParseFloat(q.Get("min_confidence"), 64)
		if err != nil || !(f.Confidence >= 0 && f.Confidence <= 1) {
			return Filter{}, InvalidError{{Parameter: "min_confidence", Detail: "must be a number from 0 to 1"}}
		}
	}
	return f, nil
}

// readList reads the items between commas, sorted and each once.
func readList(key, text string, item func(string) (string, error)) ([]string, error) {
	parts := strings.Split(text, ",")
	if len(parts) > maxFilterItems {
		return nil, InvalidError{{Parameter: key, Detail: fmt.Sprintf("has more than %d items", maxFilterItems)}}
	}
	for i, part := range parts {
		read, err := item(strings.TrimSpace(part))
		if err != nil {
			return nil, filterFault(key, err)
		}
		parts[i] = read
	}
	slices.Sort(parts)
	return slices.Compact(parts), nil
}

// filterFault names the parameter that an item is wrong in.
func filterFault(key string, err error) error {
	var invalid InvalidError
	if !errors.As(err, &invalid) {
		return err
	}
	out := make(InvalidError, len(invalid))
	for i, f := range invalid {
		out[i] = Invalid{Parameter: key, Detail: f.Detail}
	}
	return out
}

// notAnItem refuses one item of a list: it must be what is said.
func notAnItem(must string) InvalidError {
	return InvalidError{{Detail: must + "; several with commas between them"}}
}

func readState(text string) (string, error) {
	switch state := IncidentState(text); state {
	case filterOpen:
		return strings.Join([]string{string(StateCandidate), string(StateConfirmed), string(StateRecovering)}, ","), nil
	case StateCandidate, StateConfirmed, StateRecovering, StateResolved, StateMerged, StateRetracted:
		return text, nil
	}
	return "", notAnItem("must be candidate, confirmed, recovering, resolved, merged, retracted or open")
}

func readCause(text string) (string, error) {
	kind, name, named := strings.Cut(text, ":")
	kind = strings.ToLower(kind)
	switch c := ComponentFromPath(kind, name); {
	case !named && kind == FilterNone:
		return FilterNone, nil
	case c != "": // in a path a slash is a tilde: people take names from addresses
		return string(c), nil
	}
	return "", notAnItem("must be a component such as cdn:fastly, or " + FilterNone)
}

func readKind(text string) (string, error) {
	if text != FilterNone && !slices.Contains(Kinds, text) {
		return "", notAnItem("must be one of " + strings.Join(Kinds, ", ") + " or " + FilterNone)
	}
	return text, nil
}

func readCountry(text string) (string, error) {
	if !ValidCountry(text) {
		return "", notAnItem("must be two capital letters (ISO 3166-1), such as GB")
	}
	return text, nil
}

func readProvider(text string, providers *Providers) (string, error) {
	p, ok := providers.Named(text)
	if !ok {
		return "", InvalidError{{Detail: "is no provider that we know: /v1/providers has them all"}}
	}
	return p.Slug, nil
}

func readSite(text string, site func(string) (SiteRecord, error)) (string, error) {
	record, err := site(text)
	if errors.Is(err, ErrNotFound) {
		return "", InvalidError{{Detail: "is no site that we know"}}
	}
	return record.Site, err
}

// Query is the filter as a query: the same for filters that take the same.
func (f Filter) Query() url.Values {
	q := url.Values{}
	set := func(key string, list []string) {
		if len(list) > 0 {
			q.Set(key, strings.Join(list, ","))
		}
	}
	set("of", stackNames(f.Of))
	states := make([]string, len(f.States))
	for i, s := range f.States {
		states[i] = string(s)
	}
	set("state", states)
	set("cause", f.Causes)
	set("kind", f.Kinds)
	set("site", f.Sites)
	slugs := make([]string, len(f.Providers))
	for i, p := range f.Providers {
		slugs[i] = p.Slug
	}
	set("provider", slugs)
	set("country", f.Countries)
	if f.Confidence > 0 {
		q.Set("min_confidence", strconv.FormatFloat(f.Confidence, 'g', -1, 64))
	}
	return q
}

// Takes reports whether the filter chooses an incident. Of sites it sees those
// that the incident carries.
func (f *Filter) Takes(inc *Incident) bool {
	cause, kind, confidence := FilterNone, FilterNone, 0.
	if inc.Cause != nil {
		cause, kind, confidence = string(inc.Cause.Component), inc.Cause.Component.Kind(), inc.Cause.Confidence
	}
	if len(f.Of) > 0 && !slices.ContainsFunc(f.Of, func(i StackItem) bool { return i.Takes(inc) }) {
		return false
	}
	return (len(f.States) == 0 || slices.Contains(f.States, inc.State)) && confidence >= f.Confidence &&
		(len(f.Kinds) == 0 || slices.Contains(f.Kinds, kind)) &&
		(len(f.Providers) == 0 || slices.ContainsFunc(f.Providers, func(p Provider) bool {
			return inc.Cause != nil && p.Runs(inc.Cause.Component)
		})) &&
		(len(f.Causes) == 0 ||
			slices.ContainsFunc(f.Causes, func(c string) bool { return strings.EqualFold(c, cause) })) &&
		(len(f.Countries) == 0 || slices.ContainsFunc(f.Countries, func(c string) bool {
			return slices.Contains(inc.Scope.Countries, c) || slices.Contains(inc.Evidence.Countries, c)
		})) &&
		(len(f.Sites) == 0 ||
			slices.ContainsFunc(inc.Sites, func(s IncidentSite) bool { return slices.Contains(f.Sites, s.Site) }))
}
