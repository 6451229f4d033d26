package transcript

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"faultline"
)

// words writes revisions as a news wire does: a line when there is news, and nothing
// when there is none.
type words struct {
	last map[string]faultline.Incident // by id, as last written
}

// grown is by how much more sites must fail for that to be news.
// A line for every further site would bury the news.
const grown = 1.5

// lines returns what a revision is worth, no line or several.
func (t *words) lines(inc faultline.Incident) []string {
	last, known := t.last[inc.ID]
	// It was never written, so that nobody needs to read that it was withdrawn.
	if !known && inc.State == faultline.StateMerged {
		return nil
	}
	var lines []string
	say := func(at time.Time, text string) {
		lines = append(lines, at.UTC().Format("15:04:05")+"  "+text)
	}
	// Statements come before the state: they were made earlier than the evaluation that
	// this revision is of.
	for _, s := range unwritten(inc.Statements, last.Statements) {
		say(s.At, fmt.Sprintf("%s says, %s after the onset: %s. %q", causeName(inc),
			span(time.Duration(s.LagS)*time.Second), s.Status, s.Text))
	}
	news := !known || inc.State != last.State || causeName(inc) != causeName(last)
	if !news && inc.State == faultline.StateConfirmed && float64(inc.Impact.Failing) >= grown*float64(max(1,
		last.Impact.Failing)) {
		news = true
	}
	switch {
	case news && known && inc.State == last.State && causeName(inc) == causeName(last):
		say(inc.UpdatedAt, "Now "+impactOf(inc))
	case news:
		say(inc.UpdatedAt, sentence(inc))
	}
	// Compared is what was written last and not the last revision. Growth in small steps
	// is news once it adds up.
	if news || len(lines) > 0 {
		t.last[inc.ID] = inc
	}
	return lines
}

// unwritten are the statements that were not written before, in the order in which they
// were made. One that arrives late stands between those that are known, and an edited one
// in place of its earlier wording, so that their number does not say which are new.
func unwritten(all, known []faultline.SaidStatement) []faultline.SaidStatement {
	fresh := slices.DeleteFunc(slices.Clone(all), func(s faultline.SaidStatement) bool {
		return slices.ContainsFunc(known, func(k faultline.SaidStatement) bool {
			return k.At.Equal(s.At) && k.Status == s.Status && k.Source == s.Source && k.Text == s.Text
		})
	})
	slices.SortStableFunc(fresh, func(a, b faultline.SaidStatement) int { return a.At.Compare(b.At) })
	return fresh
}

func impactOf(inc faultline.Incident) string {
	return fmt.Sprintf("%d of %d sites observed there are failing, %d of %d others; %d reports over %d networks.",
		inc.Impact.Failing, inc.Impact.Observed, inc.Impact.ElsewhereFailing, inc.Impact.ElsewhereObserved,
		inc.Evidence.Reports, inc.Evidence.Networks)
}

func sentence(inc faultline.Incident) string {
	switch inc.State {
	case faultline.StateCandidate:
		return inc.Title + ". " + impactOf(inc)
	case faultline.StateRecovering:
		return fmt.Sprintf("Recovering since %s: %s. %s", clockOf(inc.RecoveringAt), inc.Title, impactOf(inc))
	case faultline.StateResolved:
		return fmt.Sprintf("Over since %s, after %s: %s. %d sites failed at the peak.", clockOf(inc.ResolvedAt),
			span(inc.ResolvedAt.Sub(inc.Onset.At)), inc.Title, inc.Impact.PeakFailing)
	case faultline.StateMerged, faultline.StateRetracted:
		return fmt.Sprintf("Withdrawn (%s): %s.", inc.State, inc.Title)
	}
	return fmt.Sprintf("Confirmed by %s: %s. %s", strings.Replace(inc.Basis, "+", " and ", 1), inc.Title, impactOf(inc))
}

func causeName(inc faultline.Incident) string {
	if inc.Cause == nil {
		return "An unknown cause"
	}
	return inc.Cause.Name
}

func clockOf(t *time.Time) string {
	if t == nil {
		return "some time"
	}
	return t.UTC().Format("15:04:05 UTC")
}

// span is a time to read: 11 min, 1 h 27 min.
func span(d time.Duration) string {
	// Rounded before the unit is chosen: 59.9 s is a minute.
	switch d = d.Round(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d.Round(time.Minute)/time.Minute)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}
