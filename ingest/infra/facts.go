package infra

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"faultline"
)

// Provenance is where the facts of a catalogue come from. It is shown on a site's page,
// so that a reader can tell a documented fact from general knowledge.
type Provenance struct {
	Text string `json:"text"` // for people, with a link where there is one
	// Kind is one of [provenanceKinds]; empty in a file of an operator who does not say.
	Kind string `json:"kind"`
	Date string `json:"date"` // of which day it is, 2006-01-02; empty: not said
	// Confidence is how likely such a fact still holds, 0 to 1; 0: not said.
	Confidence float64 `json:"confidence"`
}

// provenanceKinds are the kinds of public sources, with what each is.
var provenanceKinds = map[string]string{
	"registry":    "whose network it is, as registered",
	"dns":         "public DNS names",
	"headers":     "headers of answers",
	"certificate": "issuers in public certificate logs",
	"owner":       "the owner's own documentation",
	"incident":    "what was said of a past outage",
	"general":     "general knowledge, not looked up",
}

// UnmarshalJSONFrom reads an object, or the text alone as a string, which is the older
// form that operators' files may have.
func (p *Provenance) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == jsontext.KindString {
		return json.UnmarshalDecode(dec, &p.Text)
	}
	type plain Provenance // without this method
	return json.UnmarshalDecode(dec, (*plain)(p))
}

// check says what is wrong with a source.
func (p Provenance) check() error {
	var problems []error
	if p.Text == "" {
		problems = append(problems, errors.New("text is empty"))
	}
	if _, known := provenanceKinds[p.Kind]; p.Kind != "" && !known {
		problems = append(problems, fmt.Errorf("kind %q is none of %v", p.Kind,
			slices.Sorted(maps.Keys(provenanceKinds))))
	}
	if _, err := time.Parse(time.DateOnly, p.Date); p.Date != "" && err != nil {
		problems = append(problems, fmt.Errorf("date %q is not a day such as 2026-11-22", p.Date))
	}
	if p.Confidence < 0 || p.Confidence > 1 {
		problems = append(problems, fmt.Errorf("confidence %v is not from 0 to 1", p.Confidence))
	}
	return errors.Join(problems...)
}

// Fact is one component that a catalogue names for a site, and how that is known.
type Fact struct {
	Component faultline.Component
	Provenance
}

// Known is what an entry says of its site and how that is known, in order of component.
// A component that stands without a source of its own has no provenance.
func (c Catalog) Known(e Entry) []Fact {
	facts := make([]Fact, 0, len(e.Components))
	for _, component := range e.Components {
		facts = append(facts, Fact{component, c.Sources[e.Facts[component]]})
	}
	slices.SortFunc(facts, func(a, b Fact) int { return cmp.Compare(a.Component, b.Component) })
	return facts
}

// checkFacts says what is wrong with the facts of an entry.
func (e Entry) checkFacts(sources map[string]Provenance) error {
	var problems []error
	for _, c := range slices.Sorted(maps.Keys(e.Facts)) {
		problems = append(problems, checkComponent(c))
		if slices.Contains(e.Components, c) {
			problems = append(problems, fmt.Errorf("component %q stands twice", c))
		}
		if _, ok := sources[e.Facts[c]]; !ok {
			problems = append(problems, fmt.Errorf("source %q is not among the catalogue's sources", e.Facts[c]))
		}
	}
	if len(e.Components)+len(e.Facts) > maxComponents {
		problems = append(problems, fmt.Errorf("more than %d components", maxComponents))
	}
	return errors.Join(problems...)
}

// takeFacts puts the facts of an entry among its components and sources.
func (e *Entry) takeFacts() {
	for _, c := range slices.Sorted(maps.Keys(e.Facts)) {
		e.Components = append(e.Components, c)
		if !slices.Contains(e.Sources, e.Facts[c]) {
			e.Sources = append(e.Sources, e.Facts[c])
		}
	}
}

// CoveredKinds are the kinds that coverage is counted for, in the order in which it is shown.
var CoveredKinds = []string{
	faultline.KindCDN, faultline.KindCloud, faultline.KindDNS, faultline.KindCA, faultline.KindASN,
}

// Coverage counts of how many sites a catalogue says what they depend on.
type Coverage struct {
	Sites int
	Any   int // with a component of some kind
	Kinds map[string]int
}

// Cover counts the entries that are asked for.
func Cover(entries []Entry) Coverage {
	c := Coverage{Sites: len(entries), Kinds: map[string]int{}}
	for _, e := range entries {
		c.Any += min(1, len(e.Components))
		for _, kind := range CoveredKinds {
			if slices.ContainsFunc(e.Components, func(c faultline.Component) bool { return c.Kind() == kind }) {
				c.Kinds[kind]++
			}
		}
	}
	return c
}

// BestKnown returns the n best known sites, the first in front.
func (c Catalog) BestKnown(n int) []Entry {
	ranked := slices.SortedFunc(slices.Values(c.Sites), func(a, b Entry) int { return cmp.Compare(a.Rank, b.Rank) })
	return ranked[:min(n, len(ranked))]
}

// Called returns the hosts that programs call.
func (c Catalog) Called() []Entry {
	return slices.DeleteFunc(slices.Clone(c.Sites), func(e Entry) bool { return !e.API })
}
