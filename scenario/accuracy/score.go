package accuracy

import (
	"math"
	"slices"
	"time"

	"faultline"
)

// How far from a fault's time an incident may be confirmed and still be its own.
const (
	// before the onset: clocks and the rise of a curve make a truth uncertain by as
	// much
	early      = 2 * time.Minute
	afterwards = 10 * time.Minute // then it is late
	tooLate    = time.Hour        // a late one is a split; beyond that it is false
	sameTime   = 30 * time.Second // of several, the one with the right name counts if it is no later
)

// Score is what a method made of one or more scenarios. Times are in seconds. Scores of
// several scenarios add up; Summary works out the figures. The lists keep one value for
// each fault, since means would hide the tail that readers suffer from.
type Score struct {
	Scenarios int     `json:"scenarios"`
	Hours     float64 `json:"hours"`
	Demanded  int     `json:"demanded"` // faults that were to be found
	Found     int     `json:"found"`    // confirmed in time under an accepted cause
	Named     int     `json:"named"`    // of those, under the very one
	False     int     `json:"false"`    // confirmed and matching no fault
	Split     int     `json:"split"`    // confirmed a second time
	Innocent  int     `json:"innocent"` // members of confirmed incidents that liars named and probes find well
	Timed     int     `json:"timed"`
	Covered   int     `json:"covered"` // onsets within their interval

	TTD      []float64 `json:"-"` // confirmed after the onset
	OnsetErr []float64 `json:"-"`
	Width    []float64 `json:"-"` // of the onset interval
	EndErr   []float64 `json:"-"`
	SitesF1  []float64 `json:"-"`
	Brier    []float64 `json:"-"` // (confidence - right)² of each confirmed cause

	Claims []Claim `json:"-"` // confirmed causes, in order

	Missed     []faultline.Component `json:"missed,omitempty"`
	FalseNames []faultline.Component `json:"false_names,omitempty"`
}

// Of scores the last revisions of a method's incidents against the truth. A fault is
// found by a confirmed incident with an accepted cause, confirmed between two minutes
// before its onset and ten after its end. A confirmed one that matches nothing is
// false, even if it was retracted. Faults are matched in order of confirmation, so a
// second incident about the same fault is a split and not a find.
func Of(s Scenario, incidents []faultline.Incident) Score {
	r := Score{Scenarios: 1, Hours: s.Hours()}
	var live []faultline.Incident
	for _, in := range incidents {
		switch {
		case in.ConfirmedAt == nil:
		case in.State == faultline.StateMerged:
			r.Split++ // told the world twice
		default:
			live = append(live, in)
		}
	}
	slices.SortStableFunc(live, func(a, b faultline.Incident) int { return a.ConfirmedAt.Compare(*b.ConfirmedAt) })
	used := make([]bool, len(live))
	for _, f := range s.Truth {
		r.find(f, live, used)
	}
	for i, in := range live {
		r.Brier = append(r.Brier, brier(in, used[i]))
		r.Innocent += innocents(s.Innocent, in)
		if c, ok := claim(in, s.about(in)); ok {
			r.Claims = append(r.Claims, c)
		}
		switch {
		case used[i]:
		// An incident that comes late is about something true, and is a nuisance but no
		// false accusation.
		case slices.ContainsFunc(s.Truth, func(f Fault) bool { return f.matches(in, tooLate) }):
			r.Split++
		default:
			r.False++
			r.FalseNames = append(r.FalseNames, causeOf(in))
		}
	}
	return r
}

// about is the fault that an incident is about; nil for one that is about none, which
// is false.
func (s Scenario) about(in faultline.Incident) *Fault {
	i := slices.IndexFunc(s.Truth, func(f Fault) bool { return f.matches(in, afterwards) })
	if i < 0 {
		return nil
	}
	return &s.Truth[i]
}

// innocents counts the members of an incident at which nothing fails. Liars win when a
// site that works is published as failing, whatever cause is named.
func innocents(sorted []string, in faultline.Incident) int {
	n := 0
	for _, s := range in.Sites {
		if _, ok := slices.BinarySearch(sorted, s.Site); ok {
			n++
		}
	}
	return n
}

// causeOf is the cause of an incident; empty where it has none.
func causeOf(in faultline.Incident) faultline.Component {
	if in.Cause == nil {
		return ""
	}
	return in.Cause.Component
}

// brier is the squared distance of the confidence from the truth (Brier, 1950). An
// incident without a cause counts as a guess of one half, so that silence is neither
// rewarded nor punished.
func brier(in faultline.Incident, right bool) float64 {
	p := 0.5 // of one that names no cause
	if in.Cause != nil {
		p = in.Cause.Confidence
	}
	if right {
		p = 1 - p
	}
	return p * p
}

// matches reports whether an incident is about f, confirmed no later than so
// much after its end.
func (f Fault) matches(in faultline.Incident, after time.Duration) bool {
	return slices.Contains(f.Accept, causeOf(in)) &&
		!in.ConfirmedAt.Before(f.Onset.Add(-early)) && !in.ConfirmedAt.After(f.End.Add(after))
}

// find looks for one fault among the incidents, in order of confirmation, and marks
// those that are about it. Of several incidents about the fault the first one counts,
// as that is what readers saw. One with the very cause takes its place if it came
// within half a minute.
func (r *Score) find(f Fault, live []faultline.Incident, used []bool) {
	var mine []faultline.Incident
	for i, in := range live {
		if f.matches(in, afterwards) {
			used[i] = true
			mine = append(mine, in)
		}
	}
	if f.Demanded {
		r.Demanded++
	}
	switch {
	// Such a fault need not be found: to find it is no mistake, and to miss it is none.
	case !f.Demanded:
		return
	case len(mine) == 0:
		r.Missed = append(r.Missed, f.Component)
		return
	}
	in := mine[0]
	for _, m := range mine {
		if causeOf(m) == f.Component && !m.ConfirmedAt.After(mine[0].ConfirmedAt.Add(sameTime)) {
			in = m
			break
		}
	}
	r.Found++
	r.Split += len(mine) - 1
	if causeOf(in) == f.Component {
		r.Named++
	}
	if f.Timed {
		r.clock(f, in, mine)
	}
	if len(f.Sites) > 0 {
		r.SitesF1 = append(r.SitesF1, sitesF1(f, mine))
	}
}

// clock takes the times of a found fault. The end is the last one's, because the outage
// is over for readers when no incident is left.
func (r *Score) clock(f Fault, in faultline.Incident, mine []faultline.Incident) {
	r.Timed++
	r.TTD = append(r.TTD, in.ConfirmedAt.Sub(f.Onset).Seconds())
	r.OnsetErr = append(r.OnsetErr, math.Abs(in.Onset.At.Sub(f.Onset).Seconds()))
	r.Width = append(r.Width, in.Onset.Latest.Sub(in.Onset.Earliest).Seconds())
	if !in.Onset.Earliest.After(f.Onset) && !in.Onset.Latest.Before(f.Onset) {
		r.Covered++
	}
	var end time.Time
	for _, m := range mine {
		if m.ResolvedAt != nil && m.ResolvedAt.After(end) {
			end = *m.ResolvedAt
		}
	}
	if !end.IsZero() {
		r.EndErr = append(r.EndErr, math.Abs(end.Sub(f.End).Seconds()))
	}
}

// sitesF1 compares the sites that the incidents name with those that were to be seen;
// the others that failed count neither way. F1 is the harmonic mean of precision and
// recall: it falls when sites are missed and when well ones are named.
func sitesF1(f Fault, mine []faultline.Incident) float64 {
	got := map[string]bool{}
	for _, m := range mine {
		for _, s := range m.Sites {
			if _, maybe := slices.BinarySearch(f.Maybe, s.Site); !maybe {
				got[s.Site] = true
			}
		}
	}
	right := 0
	for _, s := range f.Sites {
		if got[s] {
			right++
		}
	}
	// The harmonic mean of right/got and right/sites as one fraction. It is asked for
	// faults with sites alone, so that nothing is divided by zero.
	return 2 * float64(right) / float64(len(f.Sites)+len(got))
}

// Add counts another score in.
func (r *Score) Add(o Score) {
	r.Scenarios += o.Scenarios
	r.Hours += o.Hours
	r.Demanded += o.Demanded
	r.Found += o.Found
	r.Named += o.Named
	r.False += o.False
	r.Split += o.Split
	r.Innocent += o.Innocent
	r.Timed += o.Timed
	r.Covered += o.Covered
	r.TTD = append(r.TTD, o.TTD...)
	r.OnsetErr = append(r.OnsetErr, o.OnsetErr...)
	r.Width = append(r.Width, o.Width...)
	r.EndErr = append(r.EndErr, o.EndErr...)
	r.SitesF1 = append(r.SitesF1, o.SitesF1...)
	r.Brier = append(r.Brier, o.Brier...)
	r.Claims = append(r.Claims, o.Claims...)
	r.Missed = append(r.Missed, o.Missed...)
	r.FalseNames = append(r.FalseNames, o.FalseNames...)
}
