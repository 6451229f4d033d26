package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/board"
	"faultline/web"
)

// someStack says of any list that its first thing fails because of Fastly, that its
// last is on no list, and that the others are well.
func someStack(items []faultline.StackItem) (board.Stack, error) {
	since := clock("2021-06-08T09:47:05Z")
	out := board.Stack{
		Verdict: board.StackVerdict{
			State:   board.StackFailing,
			Total:   len(items),
			Failing: 1,
			OK:      max(0, len(items)-2),
			Since:   &since,
			Cause:   &board.StackCause{Component: "cdn:fastly", Name: "Fastly", Failing: 1},
		},
	}
	for i, item := range items {
		t := board.StackThing{Kind: item.Kind, ID: item.ID, Name: item.ID, State: board.StackOK, Covered: true}
		switch {
		case i == 0:
			t.State, t.Since = board.StackFailing, &since
		case i == len(items)-1:
			t.State, t.Covered = board.StackUnknown, false
			out.Verdict.Unknown = 1
		}
		out.Things = append(out.Things, t)
	}
	return out, nil
}

func TestStackPageAnswersInItsFirstLine(t *testing.T) {
	h := serve(t, newWorld().config())
	for lang, want := range map[string]string{
		"en": "1 of your 3 is failing, because of Fastly, since 09:47 UTC; 1 is not observed.",
		"de": "1 von Ihren 3 ist gestört, wegen Fastly, seit 09:47 UTC; 1 wird nicht beobachtet.",
		"fr": "1 de vos 3 est en panne, à cause de Fastly, depuis 09:47 UTC ; 1 n’est pas observé.",
		"es": "1 de sus 3 falla, a causa de Fastly, desde las 09:47 UTC; 1 no se observa.",
	} {
		w := get(h, "/stack?of=reddit.com,cdn:fastly,Nobody.net&lang="+lang)
		if seen := text(t, w.Body.String()); w.Code != http.StatusOK || !strings.Contains(seen, want) {
			t.Errorf("%s: %d, no %q in %s", lang, w.Code, want, seen)
		}
	}
	body := get(h, "/stack?of=reddit.com,cdn:fastly,nobody.net").Body.String()
	for _, want := range []string{`name="robots" content="noindex"`,
		"/feed.atom?of=reddit.com%2Ccdn%3Afastly%2Cnobody.net", "/feed.ics?of=", "/badge.svg?of=",
		"/metrics/stack?of=", "/statuspage/stack/reddit.com%2Ccdn:fastly%2Cnobody.net/api/v2/summary.json",
		"Not covered"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestStackPageHelpsToMakeAList(t *testing.T) {
	h := serve(t, newWorld().config())
	for path, want := range map[string]string{
		"/stack": "What do you depend on?", "/stack?of=": "What do you depend on?",
		"/stack?of=nobody": "Nothing in this list is known to us.",
		"/stack?of=%00":    "Nothing in this list is known to us.",
		"/stack?of=reddit.com%0d%0a%0d%0acdn:fastly": "reddit.com\ncdn:fastly</textarea>",
	} {
		if w := get(h, path); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d, no %q", path, w.Code, want)
		}
	}
	cfg := newWorld().config()
	cfg.Stack = func([]faultline.StackItem) (board.Stack, error) { return board.Stack{}, faultline.ErrUnavailable }
	if w := get(serve(t, cfg), "/stack?of=reddit.com"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("while nothing is known: %d", w.Code)
	}
}

// Programs and people read the same sentence.
func TestStackSentencesAreTheSame(t *testing.T) {
	now := time.Now()
	snap := &board.Snapshot{Meta: board.Meta{AsOf: &now}}
	snap.Live.Coverage = &faultline.Coverage{State: faultline.Observing}
	items := []faultline.StackItem{
		{Kind: faultline.StackSite, ID: "reddit.com"},
		{Kind: faultline.StackSite, ID: "bbc.co.uk"},
	}
	stack := snap.Stack(board.NewIndex(), items)
	cfg := newWorld().config()
	cfg.Stack = func([]faultline.StackItem) (board.Stack, error) { return stack, nil }
	var pages web.Config = cfg
	if seen := text(t, get(serve(t, pages), "/stack?of=reddit.com").Body.String()); !strings.Contains(
		seen,
		stack.Verdict.Sentence,
	) {
		t.Errorf("%q is not in %s", stack.Verdict.Sentence, seen)
	}
}
