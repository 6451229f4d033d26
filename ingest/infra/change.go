package infra

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"faultline"
)

// Change says that a site depends on something else than before. It is logged for
// operators, and its record appended to the log, from where every node's fold takes it.
type Change struct {
	// Record is the event that says so in the log: what was true from its time on.
	Record faultline.SiteRecord
	// First says that nothing had been observed of the site before.
	First bool
	// Joined and Left are the components that came and went, sorted. Both are
	// empty when only the shares moved.
	Joined, Left []faultline.Component
	// After is the time of the last check before the change was decided.
	After time.Time
}

// String says it to people: "ft.com moved from Fastly to Cloudflare at
// 2026-11-22T10:03:00Z".
func (c Change) String() string {
	at := " at " + c.Record.At.UTC().Format(time.RFC3339)
	site := c.Record.Site
	switch {
	case c.First:
		return site + " depends on " + spoken(c.Record.Components) + at
	case len(c.Joined) > 0 && len(c.Left) > 0:
		return site + " moved from " + spoken(c.Left) + " to " + spoken(c.Joined) + at
	case len(c.Joined) > 0:
		return site + " depends on " + spoken(c.Joined) + " as well" + at
	case len(c.Left) > 0:
		return site + " left " + spoken(c.Left) + at
	}
	return site + " depends on the same in other parts" + at
}

// Then joins two changes of one site, one after the other, into one. A component that
// came and left between two writes of the log is in neither list.
func (c Change) Then(next Change) Change {
	joined := slices.Concat(without(c.Joined, next.Left), without(next.Joined, c.Left))
	left := slices.Concat(without(c.Left, next.Joined), without(next.Left, c.Joined))
	slices.Sort(joined)
	slices.Sort(left)
	return Change{Record: next.Record, First: c.First, Joined: joined, Left: left, After: next.After}
}

// spoken names components as people do, those that a person would name first in front; names that
// two kinds share are given with their kind.
func spoken(components []faultline.Component) string {
	sorted := slices.SortedFunc(slices.Values(components), byKind)
	shown := map[string]int{}
	for _, c := range sorted {
		shown[c.DisplayName()]++
	}
	names := make([]string, 0, len(sorted))
	for _, c := range sorted {
		name := c.DisplayName()
		if shown[name] > 1 {
			name += " (" + c.Kind() + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// byKind orders components by what a person would name first.
func byKind(a, b faultline.Component) int {
	return cmp.Or(cmp.Compare(slices.Index(faultline.Kinds, a.Kind()), slices.Index(faultline.Kinds, b.Kind())),
		cmp.Compare(a, b))
}

// announce makes a change of what is known now, if it differs from the last record.
func (p *place) announce(o Observation, base faultline.SiteRecord, before time.Time) (Change, bool) {
	// A change is an event in the log that every node folds, and it moves whom an incident blames.
	// So it needs as many witnesses as a component does.
	enough := p.witnessed(func(v *vantageView) bool { return v.counted >= settleChecks })
	if !enough || p.announced != nil && !p.stale && o.At.Before(p.due) {
		return Change{}, false
	}
	p.stale, p.due = false, o.At.Add(driftEvery)
	record := p.record(o, base)
	if p.announced == nil {
		p.announced = &record
		return Change{Record: record, First: true, Joined: record.Components, After: before}, true
	}
	c := Change{Record: record, Joined: without(record.Components, p.announced.Components),
		Left: without(p.announced.Components, record.Components), After: before}
	if len(c.Joined)+len(c.Left) == 0 && !p.drifted(record) && slices.Equal(record.Uses, p.announced.Uses) {
		return Change{}, false
	}
	p.announced = &record
	return c, true
}

// drifted reports whether a share has moved so far, and the last record is so old, that a new
// record is worth an event.
func (p *place) drifted(record faultline.SiteRecord) bool {
	if record.At.Sub(p.announced.At) < driftEvery {
		return false
	}
	for _, c := range record.Components {
		if math.Abs(shareIn(record, c)-shareIn(*p.announced, c)) > driftStep {
			return true
		}
	}
	return false
}

// shareIn is the share of a component in a record; a record without one means all.
func shareIn(r faultline.SiteRecord, c faultline.Component) float64 {
	if s, ok := r.Shares[c]; ok {
		return s
	}
	return 1
}

// record is what the site depends on now. For each kind that was observed, the observation replaces
// the catalogue. A kind that observation cannot see keeps what the catalogue says.
func (p *place) record(o Observation, base faultline.SiteRecord) faultline.SiteRecord {
	r := faultline.SiteRecord{At: faultline.Millis(o.At), Site: o.Site, Rank: base.Rank,
		Source: faultline.SourceObserved,
		Owner:  base.Owner, Runs: base.Runs, Uses: base.Uses}
	if p.pageRead {
		r.Uses = p.uses
	}
	shares := map[faultline.Component]float64{}
	var kinds kindSet
	for i, s := range p.stands {
		if int(s.kind) != kindPOP && s.settled {
			// Two decimals: smaller changes are noise and would make new records.
			shares[s.component] = math.Round(p.share(i)*100) / 100
			kinds[s.kind] = true
		}
	}
	for _, c := range base.Components {
		if kind := kindOf(c); !kinds[kind] && p.cannotSee(kind, kinds[kindCDN]) {
			shares[c] = 1
		}
	}
	r.Components = limited(shares)
	for _, c := range r.Components {
		// A share of nearly one is left out. Almost every site has only such shares, and records
		// are kept for all sites.
		if s := shares[c]; s < 0.95 {
			if r.Shares == nil {
				r.Shares = map[faultline.Component]float64{}
			}
			r.Shares[c] = s
		}
	}
	return r
}

// cannotSee reports whether nobody has been able to see components of a kind: too
// few looked, or a CDN stands before the cloud.
func (p *place) cannotSee(kind int, behindCDN bool) bool {
	// Behind a CDN the address is the CDN's, so observation can say nothing about the cloud. What
	// the catalogue knows stays.
	if kind == kindCloud && behindCDN {
		return true
	}
	if p.witnessed(func(v *vantageView) bool { return v.checks[kind] > settleChecks-1 }) {
		return false
	}
	return kind != kindTLD && kind != kindPOP
}

// limited returns the components that a record names, sorted: those with the largest
// shares, and of the many prefixes of a cloud not all. A record is in the memory of
// every node, for every site of the list.
func limited(shares map[faultline.Component]float64) []faultline.Component {
	all := slices.SortedFunc(maps.Keys(shares), func(a, b faultline.Component) int {
		return cmp.Or(cmp.Compare(shares[b], shares[a]), byKind(a, b))
	})
	prefixes := 0
	kept := all[:0]
	for _, c := range all {
		if c.Kind() == faultline.KindPrefix {
			if prefixes++; prefixes > maxPrefixes {
				continue
			}
		}
		kept = append(kept, c)
	}
	kept = kept[:min(len(kept), maxComponents)]
	slices.Sort(kept)
	return kept
}

// without returns the components of a list that are not in another one.
func without(list, other []faultline.Component) []faultline.Component {
	return slices.DeleteFunc(slices.Clone(list), func(c faultline.Component) bool { return slices.Contains(other, c) })
}

// Describe says why a component is believed to be there: for people.
func (s Standing) Describe() string {
	parts := make([]string, 0, len(s.Evidence))
	for _, e := range s.Evidence {
		parts = append(parts, e.By+" "+e.Saw)
	}
	own := ""
	if s.Own {
		own = ", the site's own"
	}
	return fmt.Sprintf("%s (%.0f %%%s): %s, as seen by %s at %s", s.Component, 100*s.Share, own,
		strings.Join(parts, "; "), s.By, s.Last.Format(time.RFC3339))
}
