package dump

import "faultline"

// MinPeople is how few people no count of a dump may be of.
const MinPeople = 5

// MinReports is how many reports an hour of one site must have for a dump to give their
// number. One person counts once in ten minutes for a site, so six times an hour, and a
// seventh time where a line comes late: with one report more than four people can make,
// and one again for caution, there are at least [MinPeople] people.
const MinReports = 7*(MinPeople-1) + 2

// atLeast is what a dump says of the people who reported during an incident: their number,
// rounded down to a multiple of [MinPeople]; nil where there were some, and fewer. It is
// rounded because a revision counts from the onset on: the difference of two exact counts
// could be of one person. For the same reason a dump gives no reports of an incident or of
// its sites: less those of another revision, they could be the reports of an hour that is
// withheld.
func atLeast(reporters, reports int) *int {
	n := reporters / MinPeople * MinPeople
	if n == 0 && (reporters > 0 || reports > 0) {
		return nil
	}
	return &n
}

// hourOf is a row of the hours, with the number of reports left out where it might be
// of too few people. Zero is given: that nobody reported is about nobody.
func hourOf(site string, p faultline.SeriesPoint) Hour {
	h := Hour{Site: site, At: p.At, Probes: p.Probes, ProbesFailed: p.ProbesFailed}
	if p.Reports == 0 || p.Reports >= MinReports {
		h.Reports = &p.Reports
	}
	return h
}
