package web

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// stackPage answers: which of the things that I depend on fail? A stack is a list of sites,
// providers and components, kept in the address and nowhere else: there are no accounts.
// Without a list the page helps to make one.
type stackPage struct {
	shell
	Answer  string
	Asked   string // the list as it stands in the form
	Refused bool   // it could not be read
	State   board.StackState
	Things  []stackRow
	Missing []string // names that are on none of our lists
	Open    []headline
	Follow  []followRow
	Builder string // words of the script, as JSON
}

// stackRow is one thing of the list. Covered is false where nothing observes it, and then it
// has no state.
type stackRow struct {
	URL, Name, Kind string
	State           board.StackState // what the icon is of
	Word            string
	Since           *moment
	Covered         bool
}

// followRow is one way to follow the list: its name, and its address.
type followRow struct{ What, URL string }

// stack shows how the things of a list do. The list comes as ?of=, separated by commas
// or, from the form, by lines. A list that cannot be read brings the form back with
// what was typed. A refused list is cut before it is shown again, because it may be of
// any length.
func (w *Web) stack(c *gin.Context, v *localizer) error {
	asked := strings.Join(
		// One form for both spellings, since it becomes a cache key.
		strings.FieldsFunc(c.Query("of"), func(r rune) bool { return r == '\n' || r == '\r' || r == ',' }),
		",",
	)
	if asked == "" || w.cfg.Stack == nil {
		return w.show(c, v, "stack", func(context.Context) (doc, error) {
			return doc{page: "stack", data: v.stackBuilder("", false), cache: page.CacheBriefly}, nil
		})
	}
	items, err := faultline.ReadStack(asked, w.cfg.Lookup, w.cfg.Providers)
	var invalid faultline.InvalidError
	if errors.As(err, &invalid) {
		return w.show(c, v, "stack?"+clip(asked), func(context.Context) (doc, error) {
			return doc{page: "stack", data: v.stackBuilder(clip(asked), true), cache: page.CacheBriefly}, nil
		})
	}
	if err != nil {
		return err
	}
	// The list as it was read, in one spelling, so that the same list has one entry in
	// the cache.
	list := (&faultline.Filter{Of: items}).Query().Get("of")
	return w.show(c, v, "stack?"+list, func(context.Context) (doc, error) {
		stack, err := w.cfg.Stack(items)
		if err != nil {
			return doc{}, err
		}
		return doc{page: "stack", data: v.stackPage(list, stack), cache: page.CacheCurrent}, nil
	})
}

// stackBuilder is the page that helps to make a list. It is also the frame of the page
// that shows one, which has the form below the answer. The script only helps with
// typing. The form sends the same list without it.
func (v *localizer) stackBuilder(asked string, refused bool) stackPage {
	p := stackPage{Answer: v.say("stack.ask"), Asked: strings.ReplaceAll(asked, ",", "\n"), Refused: refused}
	p.shell = v.shell("/stack", v.say("stack.title"), p.Answer)
	p.Scripts = append(p.Scripts, v.assets.url("stack.js"))
	return p
}

// stackPage shows a list: the answer, the worst things first, the open incidents that concern
// it, and every way to follow it. Each way is a plain address with the list in it, so that it
// works in any reader and needs no account. The page is not for search engines: there are as
// many lists as readers.
func (v *localizer) stackPage(list string, stack board.Stack) stackPage {
	asOf, _ := v.clock()
	p := v.stackBuilder(list, false)
	p.State = stack.Verdict.State
	p.Answer = v.stackVerdict(stack, asOf)
	// While nothing is checked a failure may have ended unseen, and the answer must say
	// so.
	if d := stack.Verdict; d.Failing+d.Recovering+d.Suspected > 0 && v.coverage().State == faultline.Blind {
		p.Answer = lines(p.Answer, v.say("stack.unchecked"))
	}
	for _, t := range stack.Things {
		if t.Kind == faultline.StackUnknown {
			p.Missing = append(p.Missing, t.ID)
		}
		p.Things = append(p.Things, v.stackRow(t))
	}
	// Stable: things of one state keep the order in which the reader wrote them.
	slices.SortStableFunc(p.Things, func(a, b stackRow) int {
		return slices.Index(stackStates, a.State) - slices.Index(stackStates, b.State)
	})
	for _, e := range stack.Open {
		h := v.liveHeadlineOf(&e.Incident, asOf)
		h.Linked = true
		p.Open, p.Drill = append(p.Open, h), p.Drill || e.Incident.Drill
	}
	query := "?of=" + url.QueryEscape(list)
	for _, way := range []struct{ word, path string }{{"page", "/stack"}, {"atom", "/feed.atom"}, {"json_feed",
		"/feed.json"},
		{"calendar", "/feed.ics"}, {"stream", "/v1/stream"}, {"json", "/v1/stack"}, {"csv", "/v1/stack.csv"},
		{"badge", "/badge.svg"}, {"shields", "/badge.json"}, {"prometheus", "/metrics/stack"}} {
		p.Follow = append(p.Follow, followRow{v.say("stack.follow_" + way.word), v.absolute(way.path) + query})
	}
	// The list is part of a path here, because programs for status pages add their own
	// paths to an address and drop its query. A tilde stands for the slash of a
	// component's name.
	statuspage := "/statuspage/stack/" + url.PathEscape(strings.ReplaceAll(list, "/", "~")) + "/api/v2/summary.json"
	p.Follow = append(p.Follow, followRow{v.say("stack.follow_statuspage"), v.absolute(statuspage)})
	p.Canonical, p.Title, p.Description = "", v.say("stack.title_of", "Answer", p.Answer), p.Answer
	p.Feeds = []feedLink{
		{v.prefix + "/feed.atom" + query, "application/atom+xml"},
		{v.prefix + "/feed.json" + query, "application/feed+json"},
	}
	for i, l := range p.Languages {
		p.Languages[i].URL = v.prefix + "/stack" + query + "&lang=" + l.Tag
	}
	p.follow("all", 0, p.Answer)
	v.offer(&p.shell, list)
	return p
}

// stackStates are the states of a thing in the order of the page, the worst first. It
// must list every state: one that is missing would be sorted before the worst.
var stackStates = []board.StackState{
	board.StackFailing,
	board.StackRecovering,
	board.StackSuspected,
	board.StackUnknown,
	board.StackOK,
}

// stackRow is the row of one thing. A thing that nothing observes gets neither a link nor a
// state: "no failure seen" would be untrue of it.
func (v *localizer) stackRow(t board.StackThing) stackRow {
	row := stackRow{
		Name:    t.Name,
		State:   t.State,
		Word:    v.say("stack.state_" + string(t.State)),
		Kind:    v.say("stack.kind_" + t.Kind),
		Covered: t.Covered,
	}
	switch t.Kind {
	case faultline.StackSite:
		row.URL = v.link("/site/" + url.PathEscape(t.ID))
	case faultline.StackProvider:
		row.URL = v.link("/provider/" + t.ID)
	case faultline.StackComponent:
		row.URL = v.link("/component/" + faultline.Component(t.ID).Path())
	}
	if !t.Covered {
		row.URL, row.Word = "", v.say("stack.not_covered")
	}
	if t.Since != nil {
		m := v.near(*t.Since, formMinute)
		row.Since = &m
	}
	return row
}

// stackVerdict is the answer in one sentence, the worst first. Package board has the same
// sentence in English for programs; both go through the same cases, so that a page and an API
// answer never disagree. A list of one thing has sentences of its own, with its name.
func (v *localizer) stackVerdict(stack board.Stack, asOf time.Time) string {
	verdict := stack.Verdict
	rest := ""
	if verdict.Unknown > 0 && verdict.Unknown < verdict.Total {
		rest = v.count("stack.rest", verdict.Unknown)
	}
	total, name := v.number(verdict.Total), ""
	if verdict.Total == 1 {
		name = stack.Things[0].Name
	}
	// A list of one thing: "one of one fails" is no sentence that a person says.
	one := map[bool]string{true: "_one"}[verdict.Total == 1]
	switch {
	case verdict.Failing > 0:
		return v.count("stack.failing"+one, verdict.Failing, "Total", total, "Name", name, "Rest", rest,
			"Because", v.stackCause(verdict, name), "Since", v.stackSince(verdict, asOf))
	case verdict.Recovering > 0:
		return v.count("stack.recovering"+one, verdict.Recovering, "Total", total, "Name", name, "Rest", rest)
	// Blind comes after failing: what was confirmed stays true, while "nothing fails"
	// cannot be said.
	case v.coverage().State == faultline.Blind && verdict.Suspected == 0:
		return v.say("stack.blind")
	case verdict.Suspected > 0 && verdict.Cause != nil && stack.Things[0].Partly:
		return v.say("stack.suspected_in_part", "Name", name, "Cause", verdict.Cause.Name,
			"Since", v.stackSince(verdict, asOf))
	case verdict.Suspected > 0 && verdict.Cause != nil:
		return v.say("stack.suspected_owner", "Name", name, "Cause", verdict.Cause.Name,
			"Since", v.stackSince(verdict, asOf))
	case verdict.Suspected > 0:
		return v.count("stack.suspected"+one, verdict.Suspected, "Total", total, "Name", name, "Rest", rest)
	case verdict.Unknown == verdict.Total:
		return v.say("stack.unknown"+one, "Total", total, "Name", name)
	case verdict.Unknown > 0:
		return v.say("stack.partly", "Total", total, "Known", v.number(verdict.OK), "Rest", rest)
	}
	return v.say("stack.calm"+one, "Total", total, "Name", name)
}

// stackCause is the clause that names what things of the list have in common; empty where
// that is the thing itself, or a single site, because it would only say the name again.
func (v *localizer) stackCause(verdict board.StackVerdict, name string) string {
	cause := verdict.Cause
	switch {
	case cause == nil || cause.Component.Kind() == faultline.KindSite || cause.Name == name:
		return ""
	case verdict.Failing == 1:
		return v.say("stack.because", "Name", cause.Name)
	case cause.Failing == verdict.Failing && verdict.Failing == 2:
		return v.say("stack.because_both", "Name", cause.Name)
	case cause.Failing == verdict.Failing:
		return v.say("stack.because_all", "Name", cause.Name)
	}
	return v.say("stack.because_some", "Name", cause.Name, "N", v.number(cause.Failing))
}

// stackSince is the clause that says since when; with the day where that is not today
// (UTC). The time is cut to the minute, as everywhere on the pages: onsets are not
// known better.
func (v *localizer) stackSince(verdict board.StackVerdict, asOf time.Time) string {
	if verdict.Since == nil {
		return ""
	}
	at := faultline.Minute(*verdict.Since)
	if at.Format(time.DateOnly) == asOf.UTC().Format(time.DateOnly) {
		return v.say("stack.since", "Time", at.Format("15:04"))
	}
	return v.say("stack.since_day", "Time", at.Format("15:04"), "Day", v.day(at))
}
