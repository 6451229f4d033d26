package web

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"time"

	"faultline"
)

const mediaCSV = "text/csv; charset=utf-8"

// csvOf are the numbers of an incident's chart (RFC 4180): every revision, none thinned
// out. What was not counted is left empty, never 0.
func csvOf(points []point) []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	count := func(n, of int) string {
		if of == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	_ = w.Write([]string{"time", "state", "failing", "observed", "others_failing", "others_observed"})
	for _, p := range points {
		_ = w.Write([]string{p.At.UTC().Format(time.RFC3339), string(p.State), strconv.Itoa(p.Failing),
			count(p.Observed, p.Observed), count(p.OthersFailing, p.Others), count(p.Others, p.Others)})
	}
	w.Flush() // a buffer takes everything
	return out.Bytes()
}

// csvPath is where the numbers of an incident's chart lie, as of one revision.
func (v *localizer) csvPath(inc *faultline.Incident) string {
	return v.prefix + "/card" + incidentPath(inc.ID, inc.Revision) + ".csv"
}
