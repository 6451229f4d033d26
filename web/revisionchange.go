package web

import (
	"context"
	"slices"
	"time"

	"faultline"
)

// onsetMoved is from how much on a page says that the onset has moved. Each evaluation shifts
// it by seconds.
const onsetMoved = 10 * time.Second

// changesOf says what a revision changed against the one before it, in sentences. It reports
// false if that one could not be read, and the page must then not be kept for good.
func (v *localizer) changesOf(ctx context.Context, inc *faultline.Incident) (said []string, whole bool) {
	if inc.Revision <= 1 {
		return []string{v.say("changed.first")}, true
	}
	before, err := v.cfg.Source.Incident(ctx, inc.ID, inc.Revision-1)
	if err != nil {
		return nil, false
	}
	said = append(v.verdictChanges(&before, inc), v.evidenceChanges(&before, inc)...)
	if len(said) == 0 {
		said = []string{v.say("changed.numbers")}
	}
	return said, true
}

// verdictChanges are the changes of what is concluded: state, cause, onset and confidence,
// and which other explanations came and went.
func (v *localizer) verdictChanges(before, now *faultline.Incident) (said []string) {
	fromTo := func(id, from, to string) {
		if from != to {
			said = append(said, v.say(id, "From", from, "To", to))
		}
	}
	fromTo("changed.state", v.stateWord(before.State), v.stateWord(now.State))
	fromTo("changed.cause", v.causeName(before), v.causeName(now))
	if before.Onset.At.Sub(now.Onset.At).Abs() > onsetMoved {
		fromTo("changed.onset", v.moment(before.Onset.At, formSecond).Text, v.moment(now.Onset.At, formSecond).Text)
	}
	if before.Cause != nil && now.Cause != nil {
		fromTo("changed.confidence", v.percent(before.Cause.Confidence), v.percent(now.Cause.Confidence))
	}
	was, is := rivals(before), rivals(now)
	for _, c := range was {
		if !slices.Contains(is, c) && (now.Cause == nil || now.Cause.Component != c) {
			said = append(said, v.say("changed.fell", "Name", c.DisplayName()))
		}
	}
	for _, c := range is {
		if !slices.Contains(was, c) {
			said = append(said, v.say("changed.rose", "Name", c.DisplayName()))
		}
	}
	return said
}

// evidenceChanges are the changes of what the conclusion depends on: sites, probes, reports,
// statements and corrections. Counts may also fall, when evidence grows old, which is not
// worth a sentence.
func (v *localizer) evidenceChanges(before, now *faultline.Incident) (said []string) {
	if was, is := before.Impact.Failing+before.Impact.Joined, now.Impact.Failing+now.Impact.Joined; was != is {
		said = append(said, v.say("changed.failing", "From", v.number(was), "To", v.number(is)))
	}
	probes, failed := now.Evidence.Probes-before.Evidence.Probes, now.Evidence.ProbesFailed-before.Evidence.ProbesFailed
	reports := now.Evidence.Reports - before.Evidence.Reports
	if probes > 0 || reports > 0 {
		said = append(said, v.say("changed.evidence", "Probes", v.number(max(0, probes)),
			"Failed", v.number(max(0, failed)), "Reports", v.number(max(0, reports))))
	}
	for _, x := range now.Exonerated {
		if !slices.ContainsFunc(before.Exonerated, func(o faultline.Exonerated) bool { return o.Site == x.Site }) {
			said = append(said, v.say("changed.cleared", "Name", x.Site))
		}
	}
	if len(now.Statements) > len(before.Statements) {
		said = append(said, v.say("changed.statement"))
	}
	if len(now.Corrections) > len(before.Corrections) {
		said = append(said, v.say("changed.correction"))
	}
	return said
}

// rivals are the components that may be the cause instead.
func rivals(inc *faultline.Incident) (list []faultline.Component) {
	if inc.Cause != nil {
		for _, a := range inc.Cause.Alternatives {
			list = append(list, a.Component)
		}
	}
	return list
}

// causeName names a cause, or says that it is not known.
func (v *localizer) causeName(inc *faultline.Incident) string {
	if inc.Cause == nil {
		return v.say("archive.none")
	}
	return inc.Cause.Name
}
