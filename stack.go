package faultline

import (
	"errors"
	"slices"
	"strings"
)

// MaxStack bounds the things that one stack holds.
const MaxStack = 200

// maxStackName bounds the bytes of one name in a stack.
const maxStackName = 253

// The kinds of things that a stack holds.
const (
	StackSite      = "site"
	StackProvider  = "provider"
	StackComponent = "component"
	StackUnknown   = "unknown" // a name that is on none of our lists
)

// StackItem is one thing that somebody depends on: a site, a provider or a component.
type StackItem struct {
	Kind string // one of the kinds of things
	// ID is the site, the slug of the provider or the component; of an unknown thing it is
	// what was asked for, in lower case. No two kinds share a form: a site has a dot, a
	// component a colon, a slug neither.
	ID       string
	provider Provider
}

// Provider is that of an item of that kind.
func (i StackItem) Provider() Provider { return i.provider }

// Takes reports whether an incident concerns the item: a site that is among the failing
// ones, a component that is the cause or below it, a provider that runs the cause. Of
// sites it sees those that the incident carries.
func (i StackItem) Takes(inc *Incident) bool {
	switch i.Kind {
	case StackSite, StackUnknown:
		return slices.ContainsFunc(inc.Sites, func(s IncidentSite) bool { return s.Site == i.ID })
	case StackProvider:
		return inc.Cause != nil && i.provider.Runs(inc.Cause.Component)
	}
	if inc.Cause == nil {
		return false
	}
	same := func(c Component) bool {
		return strings.EqualFold(string(c), i.ID) ||
			len(c) > len(i.ID) && c[len(i.ID)] == '/' && strings.EqualFold(string(c[:len(i.ID)]), i.ID)
	}
	return same(inc.Cause.Component) || slices.ContainsFunc(inc.Cause.Aka, same)
}

// Covers reports whether the item is a component, or the provider of one, that runs
// what a notice speaks of.
func (i StackItem) Covers(c Component) bool {
	switch i.Kind {
	case StackProvider:
		return i.provider.Runs(c)
	case StackComponent:
		return string(c) == i.ID || strings.HasPrefix(string(c), i.ID+"/")
	}
	return false
}

// ReadStack reads the things between commas, in their order and each once. What is on
// none of our lists is kept as unknown, so that a list goes on working when one of its
// names is taken off ours; a text that is no name at all, or a list of which nothing is
// known, is an [InvalidError] of the parameter of.
func ReadStack(text string, site func(string) (SiteRecord, error), providers *Providers) ([]StackItem, error) {
	parts := strings.Split(text, ",")
	if len(parts) > MaxStack {
		return nil, InvalidError{{Parameter: "of", Detail: "has more than 200 items"}}
	}
	var items []StackItem
	known := false
	for _, part := range parts {
		part = strings.TrimSpace(part)
		if part == "" && len(parts) > 1 {
			continue // a comma too many, as lists that were typed have
		}
		item, err := readStackItem(part, site, providers)
		if err != nil {
			return nil, err
		}
		known = known || item.Kind != StackUnknown
		if !slices.ContainsFunc(items, func(o StackItem) bool { return o.ID == item.ID }) {
			items = append(items, item)
		}
	}
	if !known {
		return nil, InvalidError{
			{Parameter: "of", Detail: "names nothing that we know: sites, providers or components " +
				"with commas between them, such as stripe.com,cdn:fastly,aws"},
		}
	}
	return items, nil
}

func readStackItem(text string, site func(string) (SiteRecord, error), providers *Providers) (StackItem, error) {
	refused := InvalidError{{Parameter: "of", Detail: "must be names of sites, providers or components " +
		"with commas between them, such as stripe.com,cdn:fastly,aws"}}
	if text == "" || len(text) > maxStackName ||
		strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return StackItem{}, refused
	}
	if name, ok := strings.CutPrefix(text, KindSite+":"); ok {
		text = name
	} else if c := Component(strings.ReplaceAll(text, "~", "/")); c.Valid() {
		return StackItem{Kind: StackComponent, ID: string(c)}, nil
	}
	named, isProvider := providers.Named(text)
	if isProvider && !strings.Contains(text, ".") {
		return StackItem{Kind: StackProvider, ID: named.Slug, provider: named}, nil
	}
	record, err := site(text)
	var invalid InvalidError
	switch {
	case err == nil:
		return StackItem{Kind: StackSite, ID: record.Site}, nil
	case isProvider:
		return StackItem{Kind: StackProvider, ID: named.Slug, provider: named}, nil
	case errors.Is(err, ErrNotFound) || errors.As(err, &invalid):
		return StackItem{Kind: StackUnknown, ID: strings.ToLower(text)}, nil
	}
	return StackItem{}, err
}

// stackNames are the names of a stack as they stand in a query.
func stackNames(items []StackItem) []string {
	names := make([]string, len(items))
	for i, item := range items {
		names[i] = item.ID
	}
	return names
}
