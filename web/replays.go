package web

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"faultline"
	"faultline/board/page"
	"faultline/scenario/history"

	"github.com/gin-gonic/gin"
)

// keptReplays keeps the replays that somebody has asked for, decoded. A release has a
// dozen, of some megabytes each, and decoding one takes long enough for a reader to
// notice. The names come from the release and are few, so the map needs no bound.
type keptReplays struct {
	// It is held while a recording is decoded, so that two readers of one do not decode
	// it twice.
	mu   sync.Mutex
	read map[string]history.Replay
}

// open reads a recording once and keeps it: it never changes while the process runs. A
// name that no recording has is an error and is not kept.
func (p *keptReplays) open(name string) (history.Replay, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r, ok := p.read[name]; ok {
		return r, nil
	}
	r, err := history.Open(name)
	if err != nil {
		return r, err
	}
	if p.read == nil {
		p.read = map[string]history.Replay{}
	}
	p.read[name] = r
	return r, nil
}

// replaysPage lists the outages of the past, each with what Faultline would have published
// and how soon. The replays are recorded with the release (scenario/history), so the page
// needs no store.
type replaysPage struct {
	shell
	Rows []replayRow
}

// replayRow is one outage. Ahead is how much earlier than the provider's first statement the
// cause was named, and False how many sites were wrongly counted.
type replayRow struct {
	URL, Event   string
	Day          string
	Named, After string
	Right        bool
	Ahead        string
	Sites, False string
	Cleared      string
}

// replays lists the outages of the past.
func (w *Web) replays(c *gin.Context, v *localizer) error {
	return w.show(c, v, "replays", func(context.Context) (doc, error) {
		p := replaysPage{shell: v.shell("/replays", v.say("replays.title"), v.say("replays.lead"))}
		for _, name := range history.Names() {
			r, err := w.kept.open(name)
			if err != nil {
				return doc{}, err
			}
			p.Rows = append(p.Rows, v.replayRow(r))
		}
		return doc{page: "replays", data: p, cache: page.CacheBriefly}, nil
	})
}

// replayRow is one of them, with what was named and how soon. Ahead says "not claimed"
// where no time of the provider's first statement is known: to be earlier than an
// unknown moment is no claim that anybody could check.
func (v *localizer) replayRow(r history.Replay) replayRow {
	s := r.Score
	// What is not known at first stands in the row as words, and is replaced by what
	// follows.
	row := replayRow{URL: v.link("/replays/" + r.Spec.Name), Event: r.Spec.Title, Day: v.day(r.Spec.Onset),
		Right: s.Right,
		Named: v.say("archive.none"), Sites: v.number(s.Sites), False: v.number(s.False),
		Ahead: v.say("replays.not_claimed"),
		After: v.say("replays.never")}
	if s.Incident != "" {
		row.After = v.say("replays.seconds", "N", v.number(s.Seconds))
	}
	if s.Named != "" {
		row.Named = s.Named.DisplayName()
	}
	if s.Ahead != nil {
		row.Ahead = v.say("replays.minutes", "N", v.number(*s.Ahead))
	}
	for i, site := range s.Cleared {
		if i > 0 {
			row.Cleared += ", "
		}
		row.Cleared += site
	}
	return row
}

// replayPage is one outage of the past at one moment of it. It is marked as a drill, since
// nothing of it happens now.
type replayPage struct {
	shell
	replayRow
	Why        string
	Frame      int // how many revisions had been published
	Last       int
	When       moment
	Since      string // how long after the onset
	Heads      []headline
	Statements []statementRow
	Sources    []string
	Uncertain  []string
	Note       string
	Data       string
	Embed      string
	Cite       string
	Player     string // address of the script
}

// replay shows one outage at one of its revisions: ?frame= is how many of them had been
// published. The player's script goes through them; without it the links do.
func (w *Web) replay(c *gin.Context, v *localizer) error {
	name, frame := c.Param("name"), c.Query("frame")
	return w.show(c, v, "replay/"+name+"?"+frame, func(context.Context) (doc, error) {
		r, err := w.kept.open(name)
		if err != nil {
			return doc{}, err
		}
		return doc{page: "replay", data: v.replayPage(r, frame), cache: page.CacheBriefly}, nil
	})
}

// replayPage shows what Faultline had said by one of its revisions. Where none is asked for,
// it is the one that confirmed the outage, since that is what readers come to see.
func (v *localizer) replayPage(r history.Replay, frame string) replayPage {
	// Anything but a revision that there is shows the one that confirmed. An address that
	// somebody has shortened leads somewhere nevertheless.
	at, err := strconv.Atoi(frame)
	if err != nil || at < 0 || at > len(r.Revisions) {
		at = r.Confirmed()
	}
	clock := r.Clock(at)
	path := "/replays/" + r.Spec.Name
	p := replayPage{replayRow: v.replayRow(r), Why: r.Spec.Why, Frame: at, Last: len(r.Revisions),
		When:  v.moment(clock, formSecond),
		Since: v.lag(clock.Sub(r.Spec.Onset)), Statements: v.statements(r.Said(clock)), Sources: r.Spec.Sources,
		Uncertain: r.Spec.Record.Uncertain, Note: r.Spec.Record.WordNote, Data: v.prefix + "/v1" + path,
		Player: v.assets.url("player.js")}
	for _, inc := range r.Then(at) {
		h := v.headlineOf(&inc, clock)
		// Incidents of a recording have no page of their own: live ids and theirs must
		// not mix.
		h.URL = fmt.Sprintf("%s/v1%s/revisions/%d", v.prefix, path, at)
		p.Heads = append(p.Heads, h)
	}
	p.shell = v.shell(path, r.Spec.Title+". Faultline", v.say("replays.lead"))
	// Nothing of it happens now, and every page must say so.
	p.Drill = true
	p.Embed = v.whole("/embed" + path + "?frame=" + strconv.Itoa(at))
	p.Cite = v.say("replays.cite", "Title", r.Spec.Title, "Time", v.moment(clock, formDated).Text,
		"URL", v.absolute(path)+"?frame="+strconv.Itoa(at))
	p.Scripts = append(p.Scripts, p.Player)
	return p
}

// embedReplay is one moment of an outage of the past, as a widget. It never changes while the
// release is the same, so it has no script.
func (w *Web) embedReplay(c *gin.Context, v *localizer) error {
	name, frame, o := c.Param("name"), c.Query("frame"), v.options(c)
	return w.show(c, v, "embed/replay/"+name+"?"+frame+" "+o.key(), func(context.Context) (doc, error) {
		r, err := w.kept.open(name)
		if err != nil {
			return doc{}, err
		}
		told := v.in(o.zone).replayPage(r, frame)
		p := embedPage{Kind: "replay", Answer: r.Spec.Title, Reason: v.say("replays.reconstruction"),
			shell:  told.shell,
			Frozen: true, Unknown: r.Spec.Record.Uncertain,
			Link: v.absolute("/replays/"+name) + "?frame=" + strconv.Itoa(told.Frame)}
		for _, h := range told.Heads {
			// A mere suspicion is left out of a small widget, unless there is nothing else.
			if len(p.Heads) < widgetHeads && (h.State != faultline.StateCandidate || len(told.Heads) == 1) {
				h.Linked, h.Blank, h.URL = true, true, p.Link
				p.Heads = append(p.Heads, h)
			}
		}
		p.freeze(v.moment(r.Clock(told.Frame).Truncate(time.Second), formDated))
		v.signed(&p, r.Spec.Title, o)
		return doc{page: "embed", data: p, cache: page.CacheBriefly}, nil
	})
}
