package correlate

import (
	"fmt"
	"strings"
	"time"

	"faultline"
)

// headline is what happened as one sentence with a verb and a date, which can be quoted
// by itself: "Sites that use Fastly have been failing with error 503 since about 09:47 UTC
// on 8 June 2021."
func headline(in faultline.Incident) string {
	who, how := sufferers(in), symptomClause(in.Symptoms)
	if where := place(in); where != "" {
		how += " in " + where
	}
	if in.ConfirmedAt != nil {
		how += crowdWitness[in.Basis].headline
	}
	since := "since about " + clockAndDay(in.Onset.At)
	switch in.State {
	case faultline.StateCandidate:
		return fmt.Sprintf("It is not confirmed that %s have been failing%s %s.", who, how, since)
	case faultline.StateRecovering:
		return fmt.Sprintf("%s, which have been failing%s %s, are recovering.", upper(who), how, since)
	case faultline.StateRetracted:
		return fmt.Sprintf("Faultline has withdrawn its report that %s were failing%s %s.", who, how, since)
	case faultline.StateMerged:
		return fmt.Sprintf("%s have been failing%s %s; this is part of another incident.", upper(who), how, since)
	case faultline.StateResolved:
		if in.ResolvedAt != nil {
			return fmt.Sprintf("%s were failing%s %s.", upper(who), how, fromTo(in.Onset.At, *in.ResolvedAt))
		}
	}
	return fmt.Sprintf("%s have been failing%s %s.", upper(who), how, since)
}

// sufferers names what fails, in the plural and in the middle of a sentence.
func sufferers(in faultline.Incident) string {
	if in.Cause == nil {
		return fmt.Sprintf("%d sites that have nothing known in common", in.SitesTotal)
	}
	return fmt.Sprintf(kindNamed(in.Cause.Kind).sufferers, in.Cause.Name)
}

// symptomClause says how sites fail, with a space in front; empty: in several ways.
func symptomClause(shares []faultline.SymptomShare) string {
	switch phrase := symptomPhrase(shares); phrase {
	case "":
		return ""
	case "connection failure", "DNS failure", "TLS failure":
		return " with " + phrase + "s"
	case "timeouts", "wrong content":
		return " with " + phrase
	case "slow":
		return " with slow answers"
	default:
		return " with error " + phrase
	}
}

// clockAndDay is a time to the minute, as the title has it.
func clockAndDay(at time.Time) string {
	return faultline.Minute(at).Format("15:04 UTC on 2 January 2006")
}

// fromTo is a span, with the day of its beginning only where that is another one.
func fromTo(from, to time.Time) string {
	from, to = faultline.Minute(from), faultline.Minute(to)
	form := "15:04"
	if from.Format(time.DateOnly) != to.Format(time.DateOnly) {
		form = "15:04 UTC on 2 January 2006"
	}
	return "from about " + from.Format(form) + " to about " + clockAndDay(to)
}

// upper begins a sentence with what fails.
func upper(who string) string { return strings.ToUpper(who[:1]) + who[1:] }
