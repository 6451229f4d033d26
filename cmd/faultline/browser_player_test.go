package main

import (
	"fmt"
	"testing"
)

// playedReplay is the outage of the past that is played in the browser.
const playedReplay = "cloudflare-2025-12-05"

// watchTimers notes how long the player waits between two moments, and whether it waits just now.
// Once document.quick is set nothing is waited for, so that a replay is played to its end at once.
const watchTimers = `(() => {
  const slider = document.getElementById('frame'), speed = document.getElementById('speed');
  const set = window.setTimeout, clear = window.clearTimeout;
  document.waits = [];
  document.waiting = 0;
  window.setTimeout = (f, ms, ...rest) => {
    if (f.name !== 'step') return set(f, ms, ...rest);
    document.waits.push([Number(slider.value), Number(speed.value), ms]);
    document.waiting = set(() => { document.waiting = 0; f(); }, document.quick ? 0 : ms);
    return document.waiting;
  };
  window.clearTimeout = (id) => { if (id === document.waiting) document.waiting = 0; clear(id); };
  fetch(document.getElementById('player-form').dataset.data).then((r) => r.json()).then((data) => {
    document.moments = data.frames.map((f) => Date.parse(f.at));
  });
  return true;
})()`

// testPlays drives the player of a replay: play, pause, speed and slider.
func testPlays(t *testing.T, b browser, p *process) {
	page := b.open(t)
	page.opens(p.url + "/replays/" + playedReplay + "?frame=0")
	page.becomes("the player is there", "document.readyState === 'complete' && !document.getElementById('play').hidden")
	page.mark()
	value[bool](page, watchTimers)
	page.becomes("the moments are known", "document.moments?.length > 3")
	const button, at = "document.getElementById('play').textContent", "Number(document.getElementById('frame').value)"
	const label = "document.getElementById('player-form').dataset."

	page.chooses("speed", "10", "input")
	page.tap("#play")
	page.becomes("it plays", button+" === "+label+"pause && document.waits.length > 0 && "+at+" > 0")
	page.tap("#play")
	page.becomes("it is paused", button+" === "+label+"play && document.waiting === 0")
	paused := value[int](page, at)
	if last := value[int](page, "Number(document.getElementById('frame').max)"); paused >= last {
		t.Errorf("it was paused at moment %d of %d", paused, last)
	}
	page.showsMoment(paused)

	page.chooses("speed", "300", "input")
	value[bool](page, "document.quick = true")
	page.tap("#play")
	page.becomes("it plays to the end, and stops there",
		at+" === Number(document.getElementById('frame').max) && "+button+" === "+label+"play")
	page.showsMoment(value[int](page, at))
	if !value[bool](page, "[10, 300].every((speed) => document.waits.some(([, s]) => s === speed))") {
		t.Error("it was not played at both speeds")
	}
	if wrong := value[string](page, `JSON.stringify(document.waits.filter(([n, speed, ms]) => {
      const gap = n < document.moments.length ? (document.moments[n] - document.moments[n - 1]) / speed : 400;
      return ms !== Math.min(4000, Math.max(400, gap));
    }))`); wrong != "[]" {
		t.Errorf("between these moments it waited otherwise than the speed says: %s", wrong)
	}

	page.chooses("frame", "2", "change")
	page.showsMoment(2)
	page.isMarked()
	page.isClean(p.url)
}

// chooses sets the value of an element as somebody does who uses it.
func (p *tab) chooses(id, to, event string) {
	p.t.Helper()
	value[bool](p, fmt.Sprintf(`(() => { const el = document.getElementById(%q); el.value = %q;
    return el.dispatchEvent(new Event(%q, {bubbles: true})) })()`, id, to, event))
}

// showsMoment waits until the page shows a moment as the server has it, and has it in its address.
func (p *tab) showsMoment(n int) {
	p.t.Helper()
	value[bool](p, fmt.Sprintf(`(() => { const to = new URL(location); to.searchParams.set('frame', %d);
    fetch(to).then((r) => r.text()).then((text) => { document.expected =
      new DOMParser().parseFromString(text, 'text/html').getElementById('moment').textContent });
    document.expected = null; return true })()`, n))
	p.becomes(fmt.Sprintf("moment %d is shown", n), fmt.Sprintf(
		"new URL(location).searchParams.get('frame') === '%d' && "+
			"document.getElementById('moment').textContent === document.expected", n))
}
