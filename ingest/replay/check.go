package replay

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"faultline"
)

// maxRank bounds a rank: there are fewer sites.
const maxRank = 1_000_000_000

// maxName bounds a site, and the pseudonym or id of whoever speaks, in bytes.
const maxName = 253

// check validates the line that was read and makes it the event that the fold takes:
// sites in lower case, symptoms of the contract, times in whole milliseconds. A line of
// a log and a line of a file so become the same event. Whatever is refused is refused
// by line, with the reason, and the replay goes on: a file may be somebody else's and
// be ten million lines long.
func (d *decoder) check() (faultline.Event, error) {
	switch p := &d.line; p.typ {
	case faultline.TypeReport:
		return d.checkReport(p.report)
	case faultline.TypeProbe:
		return d.checkProbe(p.probe)
	case faultline.TypeSite:
		return d.checkSite(p.site)
	case faultline.TypeVantage:
		return p.vantage, needName("vantage", p.vantage.Vantage)
	case faultline.TypeStatement:
		return checkStatement(p.statement)
	case faultline.TypeTick:
		p.tick.At = faultline.Millis(p.tick.At)
		return p.tick, needAt(p.tick.At)
	case faultline.TypeReaders:
		return d.checkReaders(p.readers)
	case faultline.TypeCorrection:
		p.fix.At = faultline.Millis(p.fix.At)
		if err := needName("incident", p.fix.Incident); err != nil {
			return nil, err
		}
		return p.fix, needAt(p.fix.At)
	case faultline.TypeEpoch:
		p.epoch.At = faultline.Millis(p.epoch.At)
		return p.epoch, needName("epoch", p.epoch.Epoch)
	case faultline.TypeAdopt:
		p.adopt.At = faultline.Millis(p.adopt.At)
		return p.adopt, needAt(p.adopt.At)
	case faultline.TypePublished:
		p.published.At = faultline.Millis(p.published.At)
		return p.published, needAt(p.published.At)
	}
	return nil, errIgnored
}

// checkReport puts a report into the form that the fold expects, as the API does for one
// that is sent. An error names the member that is wrong.
func (d *decoder) checkReport(r faultline.Report) (faultline.Event, error) {
	var err error
	if r.Site, err = d.site(r.Site); err != nil {
		return nil, err
	}
	if err := needName("reporter", r.Reporter); err != nil {
		return nil, err
	}
	if r.Symptom != "" { // nothing said stays nothing said
		r.Symptom = faultline.ReadSymptom(string(r.Symptom))
	}
	r.At = faultline.Millis(r.At)
	return r, needAt(r.At)
}

// checkProbe is checkReport for a probe. Components of a wrong form are left out, and the
// probe still counts.
func (d *decoder) checkProbe(p faultline.Probe) (faultline.Event, error) {
	var err error
	if p.Site, err = d.site(p.Site); err != nil {
		return nil, err
	}
	if err := needName("vantage", p.Vantage); err != nil {
		return nil, err
	}
	p = p.InMillis()
	if member, why := p.Fault(); member != "" {
		return nil, fmt.Errorf("%s: %s", member, why)
	}
	p.Symptom = faultline.ProbeSymptom(string(p.Symptom), p.Status)
	p.Via = d.valid("via", p.Via)
	return p, needAt(p.At)
}

// checkSite is checkReport for a record of the list of sites, within the bounds that
// the API keeps. Uses are sorted and named once each, as the fold compares lists.
func (d *decoder) checkSite(s faultline.SiteRecord) (faultline.Event, error) {
	var err error
	if s.Site, err = d.site(s.Site); err != nil {
		return nil, err
	}
	if s.Rank < 0 || s.Rank > maxRank {
		return nil, fmt.Errorf("rank: %d is not within 0 to %d", s.Rank, maxRank)
	}
	s.Components = d.valid("components", s.Components)
	s.Shares = d.shares(s.Shares)
	switch {
	case len(s.Owner) > maxName:
		return nil, tooLong("owner")
	case len(s.Runs) > faultline.MaxRuns:
		return nil, fmt.Errorf("runs: more than %d components", faultline.MaxRuns)
	case len(s.Uses) > faultline.MaxUses:
		return nil, fmt.Errorf("uses: more than %d components", faultline.MaxUses)
	}
	s.Runs = d.valid("runs", s.Runs)
	s.Uses = d.valid("uses", s.Uses)
	slices.Sort(s.Uses)
	s.Uses = slices.Compact(s.Uses)
	s.At = faultline.Millis(s.At)
	return s, nil
}

// shares leaves out what is no share of a component, and names it.
func (d *decoder) shares(shares map[faultline.Component]float64) map[faultline.Component]float64 {
	if len(shares) == 0 {
		return nil
	}
	for _, c := range slices.Sorted(maps.Keys(shares)) {
		share := shares[c]
		switch {
		case !c.Valid():
			d.drop("shares", c)
		case share < 0 || share > 1:
			d.dropped = append(d.dropped, fmt.Sprintf("shares: %g of %s is not within 0 to 1, left out", share, c))
		default:
			continue
		}
		delete(shares, c)
	}
	if len(shares) == 0 {
		return nil
	}
	return shares
}

// checkReaders leaves out networks that are unknown or have too few requests, and names
// them. Too few requests could tell of single persons, so they are dropped here as at
// the door.
func (d *decoder) checkReaders(r faultline.Readers) (faultline.Event, error) {
	if err := needName("node", r.Node); err != nil {
		return nil, err
	}
	for _, n := range r.Networks {
		if n.ASN == 0 || n.Requests < faultline.LeastRequests {
			d.dropped = append(d.dropped, fmt.Sprintf("networks: %d requests of AS%d are fewer than %d, left out",
				n.Requests, n.ASN, faultline.LeastRequests))
		}
	}
	r.At = faultline.Millis(r.At)
	return r.Bounded(), needAt(r.At)
}

// checkStatement is checkReport for a statement of a provider.
func checkStatement(s faultline.Statement) (faultline.Event, error) {
	if !s.Component.Valid() {
		return nil, fmt.Errorf("has no component, kind:name, but %q", printable(string(s.Component)))
	}
	s.At = faultline.Millis(s.At)
	return s, needAt(s.At)
}

// valid leaves out what is no component, and names it. It filters in place, since the
// list is the line's own copy.
func (d *decoder) valid(member string, list []faultline.Component) []faultline.Component {
	kept := list[:0]
	for _, c := range list {
		if c.Valid() {
			kept = append(kept, c)
			continue
		}
		d.drop(member, c)
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// drop notes a component that is left out, for the complaint about the line.
func (d *decoder) drop(member string, c faultline.Component) {
	d.dropped = append(d.dropped, fmt.Sprintf("%s: %q is no component, left out", member, printable(string(c))))
}

// site brings a site to lower case and refuses what can be no name. Most names are in
// lower case already and cost no memory. A change of case may make a name longer, so
// its length is checked again.
func (d *decoder) site(site string) (string, error) {
	if err := needName("site", site); err != nil {
		return "", err
	}
	lower := true
	for _, c := range []byte(site) {
		if c <= ' ' || c == 0x7f {
			return "", errors.New("site: has a blank or a control character")
		}
		if 'A' <= c && c <= 'Z' || c >= 0x80 {
			lower = false
		}
	}
	if lower {
		return site, nil
	}
	if site = strings.ToLower(site); len(site) > maxName {
		return "", tooLong("site")
	}
	return d.words.get([]byte(site)), nil
}

// needName fails for a name that is missing or too long.
func needName(member, value string) error {
	if value == "" {
		return errors.New("has no " + member)
	}
	if len(value) > maxName {
		return tooLong(member)
	}
	return nil
}

// tooLong is the error of a member beyond maxName.
func tooLong(member string) error {
	return fmt.Errorf("%s: is longer than %d bytes", member, maxName)
}

// needAt fails for an event without a time: nothing could be said of when it was.
func needAt(at time.Time) error {
	if at.IsZero() {
		return errors.New("has no at")
	}
	return nil
}
