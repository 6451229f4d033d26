package web

import (
	"slices"

	"faultline"
)

// standing is a component that a site depends on, and how it is there.
type standing struct {
	URL, Name, Kind string
	Word            string // of an open incident, where there is one
	State           faultline.IncidentState
	Neighbours      string // how many sites fail there, of how many that are observed; empty: of none
}

// standings are what a site depends on, with the incidents open there and how the
// neighbours do.
func (v *localizer) standings(components []faultline.Component, incidents []faultline.Incident) []standing {
	components = slices.Clone(components)
	slices.SortStableFunc(components, func(a, b faultline.Component) int {
		return slices.Index(faultline.Kinds, a.Kind()) - slices.Index(faultline.Kinds, b.Kind())
	})
	observing := v.coverage().State != faultline.Blind
	var stands []standing
	for _, c := range components {
		s := standing{URL: v.componentURL(c), Name: c.DisplayName(), Kind: v.kindWord(c.Kind())}
		if t := v.cfg.Tally(c); observing && t.Observed > 0 {
			s.Neighbours = v.say("site.neighbours", "Of", v.outOf(t.Failing, t.Observed))
		}
		for i := range incidents {
			cause, st := incidents[i].Cause, incidents[i].State
			if cause == nil || cause.Component != c {
				continue
			}
			s.Name = cause.Name
			if st.Open() && weight(st) > weight(s.State) {
				s.State, s.Word = st, v.stateWord(st)
			}
		}
		stands = append(stands, s)
	}
	// What fails stands in front of what a person would name first.
	slices.SortStableFunc(stands, func(a, b standing) int { return weight(b.State) - weight(a.State) })
	return stands
}
