package infra

import (
	"cmp"
	"slices"
	"strings"

	"faultline"
)

// maxSaw bounds what evidence quotes, in bytes.
const maxSaw = 120

// clip bounds what is kept of a header or name, for it is shown to people.
func clip(s string) string {
	if len(s) <= maxSaw {
		return s
	}
	return strings.ToValidUTF8(s[:maxSaw-3], "") + "…"
}

// MaxVia is how many components a probe may name, as ingest takes them.
const MaxVia = 16

// Via returns the components of findings as a probe names them: those that a person would name
// first in front, at most [MaxVia], and without the top-level domain, which the site's name tells.
func Via(found []Finding) []faultline.Component {
	var via []faultline.Component
	for _, f := range found {
		if f.Component.Kind() != faultline.KindTLD {
			via = append(via, f.Component)
		}
	}
	slices.SortFunc(via, byKind)
	return via[:min(len(via), MaxVia)]
}

// findings collects what one observation says, a component at a time. owner is who runs
// the observed site, by which a component is recognised as the site's own.
type findings struct {
	owner string
	list  []Finding
}

// add notes what a signature found.
func (f *findings) add(sig *Signature, capture string, part float64, ev Evidence) {
	f.note(sig.name(capture), part, sig.Owner != "" && sig.Owner == f.owner, ev)
}

// note adds to a component. Parts of name servers and addresses add up: a site with two
// name servers of four at one provider depends on it for half. Evidence is kept up to
// maxEvidence, for people to read.
func (f *findings) note(c faultline.Component, part float64, own bool, ev Evidence) {
	i := slices.IndexFunc(f.list, func(have Finding) bool { return have.Component == c })
	if i < 0 {
		f.list = append(f.list, Finding{Component: c})
		i = len(f.list) - 1
	}
	have := &f.list[i]
	have.Share, have.Own = min(1, have.Share+part), have.Own || own
	if len(have.Evidence) < maxEvidence && !slices.Contains(have.Evidence, ev) {
		have.Evidence = append(have.Evidence, ev)
	}
}

// sorted returns the findings by component, so that two observations of the same thing compare as
// equal.
func (f *findings) sorted() []Finding {
	slices.SortFunc(f.list, func(a, b Finding) int { return cmp.Compare(a.Component, b.Component) })
	return f.list
}
