//go:build check

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// question is what somebody comes with, on a phone: where they begin, what they tap, and the
// words that answer.
type question struct {
	ask   string
	from  string
	taps  []string // selectors; one that begins with ? is typed into the search box and sent
	shows string
}

// The most that an answer may cost: taps, and screens of a phone to move down.
const (
	questionTaps    = 2
	questionScreens = 7
)

// visitorAsks are the questions of somebody for whom a site does not work.
func visitorAsks(id string) []question {
	site, incident := "/site/reddit.com", "/incident/"+id
	return []question{
		{"What is broken now?", "/", nil, "Fastly is failing"},
		{"Which sites does it take down?", "/", nil, "reddit.com"},
		{"Is reddit.com down, or is it just me?", "/", []string{"?reddit.com"}, "it is not just you"},
		{"Since when?", "/", nil, "Began "},
		{"How do I say that it does not work for me?", site, nil, "Report a problem with"},
		{"What do you keep of me?", site, nil, "No name, no cookie"},
		{"What does it depend on?", site, nil, "What it depends on"},
		{"How sure are you?", incident, nil, " % sure that the cause is"},
		{"What is not known?", incident, nil, "What we do not know"},
		{"Does anything fail that I depend on?", "/", []string{`.foot a[href$="/stack"]`}, "What do you depend on?"},
	}
}

// journalistAsks are those of somebody who writes about it.
func journalistAsks(id string) []question {
	incident := "/incident/" + id
	return []question{
		{"Can I quote a number with its denominator and time?", incident, nil, " sites on Fastly were failing."},
		{"Which link never changes?", incident, nil, "Copy the link to revision"},
		{"Is there a picture?", incident, nil, "PNG"},
		{"Are there the numbers?", incident, nil, "CSV"},
		{"May I use it?", incident, nil, "CC BY 4.0"},
		{"What is the control group?", incident, nil, "of other sites"},
		{"How do I embed it?", incident, []string{`#cite a[href*="/developers"]`}, "Six ways"},
		{"What changed since what I quoted?", incident + "@1", []string{".frozen a:last-child"}, "since revision 1"},
		{"How is it decided?", incident, []string{`#evidence a[href$="/method"]`}, "What we take for evidence"},
		{"How do I cite it?", incident, []string{`#cite a[href$="/press"]`}, "How to cite it"},
	}
}

// testQuestions measures, on a phone, what each answer costs in taps and screens.
func testQuestions(t *testing.T, b browser, p *process, id string) {
	tab := b.open(t)
	tab.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	for who, asks := range map[string][]question{"visitor": visitorAsks(id), "journalist": journalistAsks(id)} {
		for _, q := range asks {
			taps, screens := tab.ask(p.url, q)
			if taps > questionTaps || screens > questionScreens {
				t.Errorf("%s: %s %d taps, %d screens", who, q.ask, taps, screens)
			}
			t.Logf("%-10s %-52s %d taps, %d screens down", who, q.ask, taps, screens)
		}
	}
}

// ask goes from a page to the answer of a question, as a thumb would.
func (p *tab) ask(origin string, q question) (taps, screens int) {
	p.t.Helper()
	p.opens(origin + q.from)
	for _, tap := range q.taps {
		before := value[string](p, "location.href")
		if text, ok := strings.CutPrefix(tap, "?"); ok {
			value[bool](p, fmt.Sprintf("document.getElementById('q').value = %q, "+
				"document.querySelector('form[role=search]').requestSubmit(), true", text))
			taps++ // into the box; the text and its enter are one more
		} else {
			value[bool](p, fmt.Sprintf("document.querySelector(%q).click(), true", tap))
		}
		taps++
		p.becomes("the tap leads elsewhere", fmt.Sprintf("location.href !== %q", before))
	}
	p.becomes(q.ask, fmt.Sprintf("document.readyState === 'complete' && (%s) >= 0", answered(q.shows)))
	return taps, value[int](p, answered(q.shows))
}

// answered is how many screens below its beginning a page shows some words, less than 0 where
// it does not. The fewest are taken: words may stand twice.
func answered(words string) string {
	return fmt.Sprintf(`(() => {
		const at = [...document.querySelectorAll("main *, footer *")].filter((el) => el.checkVisibility() &&
			String(el.value || el.textContent).includes(%q)).map((el) => el.getBoundingClientRect());
		const deepest = at.filter((box) => box.height > 0 && box.height < innerHeight);
		if (deepest.length === 0) return -1;
		return Math.max(0, Math.floor((Math.min(...deepest.map((box) => box.top)) + scrollY) / innerHeight));
	})()`, words)
}
