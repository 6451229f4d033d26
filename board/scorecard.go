package board

import (
	"math"
	"slices"
	"time"

	"faultline"
)

// Scorecard is how incidents did against what was said of them later. It counts those
// that were confirmed and are over, or were withdrawn.
type Scorecard struct {
	Incidents int `json:"incidents"`
	// Named had a cause at the end.
	Named int `json:"named"`
	// Retracted were confirmed and then withdrawn, by the evidence or by a person.
	Retracted int `json:"retracted"`
	// Corrected have a correction by a person; False are those of them that were withdrawn by
	// it: a person said that there was no outage.
	Corrected int `json:"corrected"`
	False     int `json:"false"`
	// Held are those with a cause that were neither withdrawn nor corrected. Spoken are those
	// with a cause about which the provider made a statement.
	Held   int `json:"held"`
	Spoken int `json:"spoken"`
	// MedianSeconds is from the onset to the confirmation; null where nothing is counted.
	MedianSeconds *int `json:"median_seconds"`
	// MedianAhead is by how many minutes it was confirmed before the provider's first
	// statement, below 0: after it; null where no provider spoke.
	MedianAhead *int `json:"median_ahead_minutes"`
	Before      int  `json:"before"` // those that were confirmed before the provider spoke
	// Calibration compares the confidence in a cause with how often it held.
	Calibration []Calibrated `json:"calibration"`
	// Providers are those whose components were causes, with how late they spoke, those with
	// the most incidents first, at most 50.
	Providers []ProviderLag `json:"providers"`
}

// Calibrated is one band of confidence.
type Calibrated struct {
	From      float64 `json:"from"`
	To        float64 `json:"to"`
	Incidents int     `json:"incidents"`
	Held      int     `json:"held"`
}

// calibrationBands is how many bands of confidence there are between 0 and 1.
const calibrationBands = 5

// Grade counts the incidents of a list. The table says whose components are causes; nil: nobody
// is known.
func Grade(list []*faultline.Incident, providers *faultline.Providers) Scorecard {
	s := Scorecard{Calibration: []Calibrated{}, Providers: lags(list, providers)}
	for i := range calibrationBands {
		band := Calibrated{From: float64(i) / calibrationBands, To: float64(i+1) / calibrationBands}
		s.Calibration = append(s.Calibration, band)
	}
	var seconds, ahead []int
	for _, inc := range list {
		if !graded(inc) {
			continue
		}
		s.add(inc)
		seconds = append(seconds, int(inc.ConfirmedAt.Sub(inc.Onset.At)/time.Second))
		if first, ok := firstStatement(inc); ok {
			before := first.Sub(*inc.ConfirmedAt)
			ahead = append(ahead, int(before.Round(time.Minute)/time.Minute))
			if before > 0 {
				s.Before++
			}
		}
	}
	s.MedianSeconds, s.MedianAhead = median(seconds), median(ahead)
	return s
}

// graded reports whether an incident was confirmed and is over.
func graded(inc *faultline.Incident) bool {
	return inc.ConfirmedAt != nil && (inc.State == faultline.StateResolved || inc.State == faultline.StateRetracted)
}

// byPerson reports whether a person withdrew an incident.
func byPerson(inc *faultline.Incident) bool {
	return inc.State == faultline.StateRetracted && slices.ContainsFunc(inc.Corrections,
		func(c faultline.Correction) bool { return c.State == faultline.StateRetracted })
}

// add counts one incident: whether a cause was named, whether its provider said anything,
// and which of the two came first.
func (s *Scorecard) add(inc *faultline.Incident) {
	s.Incidents++
	retracted := inc.State == faultline.StateRetracted
	if retracted {
		s.Retracted++
	}
	if len(inc.Corrections) > 0 {
		s.Corrected++
	}
	if byPerson(inc) {
		s.False++
	}
	if inc.Cause == nil {
		return
	}
	s.Named++
	_, spoken := firstStatement(inc)
	if spoken {
		s.Spoken++
	}
	held := !retracted && len(inc.Corrections) == 0
	band := &s.Calibration[min(calibrationBands-1, int(math.Max(0, inc.Cause.Confidence)*calibrationBands))]
	band.Incidents++
	if held {
		s.Held++
		band.Held++
	}
}

// firstStatement is when the provider first spoke of an incident.
func firstStatement(inc *faultline.Incident) (at time.Time, ok bool) {
	for _, st := range inc.Statements {
		if !ok || st.At.Before(at) {
			at, ok = st.At, true
		}
	}
	return at, ok
}

// median is the middle of a list, the lower one of two; nil of none.
func median(of []int) *int {
	if len(of) == 0 {
		return nil
	}
	slices.Sort(of)
	return &of[(len(of)-1)/2]
}
