package board

import (
	"fmt"
	"strconv"
	"time"

	"faultline"
)

// stackSentence is a verdict in one English sentence, such as "2 of your 14 are
// failing, both because of Fastly, since 09:47 UTC." Package web writes the same in the
// languages of the pages. The cases go from the worst to the best. No case says that
// all is well: what is known is only that nothing is known to fail.
func stackSentence(v StackVerdict, things []StackThing, asOf *time.Time) string {
	rest := ""
	if v.Unknown > 0 && v.Unknown < v.Total {
		rest = "; " + counted(v.Unknown, "is not observed", "are not observed")
	}
	one := v.Total == 1
	switch {
	case v.Failing > 0 && one:
		if v.Cause != nil && v.Cause.Name == things[0].Name {
			v.Cause = nil // it is its own cause
		}
		return things[0].Name + " is failing" + commonCause(v) + since(v, asOf) + "."
	case v.Failing > 0:
		return fmt.Sprintf(
			"%d of your %d %s failing%s%s%s.",
			v.Failing,
			v.Total,
			are(v.Failing),
			commonCause(v),
			since(v, asOf),
			rest,
		)
	case v.Recovering > 0 && one:
		return things[0].Name + " is recovering."
	case v.Recovering > 0:
		return fmt.Sprintf("%d of your %d %s recovering%s.", v.Recovering, v.Total, are(v.Recovering), rest)
	case v.Suspected > 0 && one && v.Cause != nil && things[0].Partly:
		return things[0].Name + " answers, but parts of its pages come from " + v.Cause.Name + ", which is failing" +
			since(v, asOf) + ". They may be missing."
	case v.Suspected > 0 && one && v.Cause != nil:
		return things[0].Name + " may be affected: " + v.Cause.Name + ", which its owner runs, is failing" +
			since(v, asOf) + "."
	case v.Suspected > 0 && one:
		return things[0].Name + " may be failing; no probe has confirmed it."
	case v.Suspected > 0:
		return fmt.Sprintf("None of your %d is confirmed to be failing, but %d may be%s.", v.Total, v.Suspected, rest)
	case v.Unknown == v.Total && one:
		return things[0].Name + " is not observed, so we cannot say how it does."
	case v.Unknown == v.Total:
		return fmt.Sprintf("None of your %d is observed, so we cannot say how they do.", v.Total)
	case v.Unknown > 0:
		return fmt.Sprintf("None of the %d of your %d that we observe is failing%s.", v.OK, v.Total, rest)
	case one:
		return things[0].Name + " is not known to be failing."
	}
	return fmt.Sprintf("None of your %d is known to be failing.", v.Total)
}

// pastSentence is a verdict on a moment of the past, of which the incidents are known
// and nothing else. What nobody named then may have been well or unobserved, and the
// sentence claims neither.
func pastSentence(v StackVerdict, things []StackThing, asOf *time.Time) string {
	if v.Failing+v.Recovering+v.Suspected == 0 {
		if v.Total == 1 {
			return "No incident that was open then names " + things[0].Name + "."
		}
		return fmt.Sprintf("No incident that was open then names any of your %d.", v.Total)
	}
	v.Unknown = 0 // whether they were observed is not kept
	return stackSentence(v, things, asOf)
}

// commonCause says what the failing things have in common. A site's own fault is not a
// cause that others share. A cause that only some share is told with its number, so
// that no reader takes it for the cause of all.
func commonCause(v StackVerdict) string {
	switch {
	case v.Cause == nil || v.Cause.Component.Kind() == faultline.KindSite:
		return ""
	case v.Failing == 1:
		return ", because of " + v.Cause.Name
	case v.Cause.Failing == v.Failing && v.Failing == 2:
		return ", both because of " + v.Cause.Name
	case v.Cause.Failing == v.Failing:
		return ", all because of " + v.Cause.Name
	}
	return fmt.Sprintf(", %d of them because of %s", v.Cause.Failing, v.Cause.Name)
}

// since says from when, with the date if that is not the day of the answer. The time is
// UTC and cut to the minute, because onsets are known to within some seconds at best.
func since(v StackVerdict, asOf *time.Time) string {
	if v.Since == nil {
		return ""
	}
	at := faultline.Minute(*v.Since)
	form := "15:04 UTC"
	if asOf == nil || at.Format(time.DateOnly) != asOf.UTC().Format(time.DateOnly) {
		form = "15:04 UTC on 2 January"
	}
	return ", since " + at.Format(form)
}

// are is the verb for so many.
func are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// counted is a number with what it counts.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
