package api

import (
	"fmt"
	"slices"

	"faultline"
)

// The words of Statuspage for the whole of a page.
var statuspageSays = []string{"All Systems Operational", "Minor Service Outage", "Partial System Outage",
	"Major Service Outage"}

// status is the worst of what is open. Where nothing is known to be open, it says all is well
// only if every part of the page is observed. Clients draw none in the colour of calm, so that
// a page of which nothing is observed has the mildest of the other indicators.
func (p *statuspagePage) status(open []StatuspageIncident, coverage faultline.Coverage) *StatuspageStatus {
	worst := 0
	for _, i := range open {
		worst = max(worst, slices.Index(impacts, i.Impact))
	}
	unknown, unsure := 0, 0
	for _, part := range p.parts {
		switch part.Status {
		case statusUnknown:
			unknown++
		case "operational":
		default:
			unsure++
		}
	}
	all := len(p.parts)
	switch {
	case worst > 0 && coverage.State == faultline.Blind:
		return &StatuspageStatus{Indicator: impacts[worst],
			Description: statuspageSays[worst] + " when it was last seen. " + coverage.Note}
	case worst > 0:
		return &StatuspageStatus{Indicator: impacts[worst], Description: statuspageSays[worst]}
	case coverage.State == faultline.Blind:
		return &StatuspageStatus{Indicator: impacts[1], Description: coverage.Note}
	case p.of.stack != nil && unsure > 0:
		return &StatuspageStatus{Indicator: impacts[1],
			Description: fmt.Sprintf("Possible Outage: %d of %d may be failing", unsure, all)}
	case unknown == all:
		return &StatuspageStatus{Indicator: impacts[1], Description: "Not observed: the state is not known."}
	case coverage.State == faultline.Impaired:
		return &StatuspageStatus{Indicator: impacts[0], Description: "No outage is known. " + coverage.Note}
	case unknown > 0:
		return &StatuspageStatus{Indicator: impacts[0],
			Description: fmt.Sprintf("No outage is known. %d of %d parts are not observed.", unknown, all)}
	}
	return &StatuspageStatus{Indicator: impacts[0], Description: statuspageSays[0]}
}
