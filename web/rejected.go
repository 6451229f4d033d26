package web

import (
	"strings"

	"faultline"
)

// argumentsSaid is how many arguments against one component a page says; all stand in the
// incident's JSON.
const argumentsSaid = 2

// rejectedRow is one component that failing sites have in common, with what speaks against it.
type rejectedRow struct{ URL, Name, Kind, Because string }

// rejectedRows says why other components that the failing sites share are not the cause.
func (v *localizer) rejectedRows(inc *faultline.Incident) []rejectedRow {
	rows := make([]rejectedRow, 0, len(inc.Rejected))
	for i := range inc.Rejected {
		r := &inc.Rejected[i]
		var said []string
		for _, code := range r.Because[:min(len(r.Because), argumentsSaid)] {
			if words := v.argument(r, code); words != "" {
				said = append(said, words)
			}
		}
		if len(said) == 0 {
			said = []string{r.Reason} // of a newer node: in its own words
		}
		rows = append(rows, rejectedRow{URL: v.componentURL(r.Component), Name: r.Name, Kind: v.kindWord(r.Kind),
			Because: strings.Join(said, "; ")})
	}
	return rows
}

// argument says one thing that speaks against a component, empty if the page has no words
// for it.
func (v *localizer) argument(r *faultline.Rejected, code string) string {
	if code == faultline.RejectedWorked {
		code = "worked_name"
		if r.Kind == faultline.KindCA {
			code = "worked_certificate"
		}
	}
	return v.say("rejected."+code, "Excluded", v.outOf(r.Excluded, r.Failing), "Well", v.outOf(r.Well, r.Observed),
		"Missing", v.outOf(r.FailingTotal-r.Failing, r.FailingTotal))
}
