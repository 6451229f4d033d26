package web

import (
	"context"
	"fmt"
	"net/mail"
	"net/url"
	"strings"

	"faultline/board"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// prosePage is text to read: headed sections of paragraphs, each a message. The pages on
// method, press, about and the prober are made this way, so that translators can write them
// without touching code.
type prosePage struct {
	shell
	Answer   string
	Lead     string
	Sections []proseSection
	Stands   []standing // of this server's own address
	Host     string
	Known    []string // by kind of component: of how many sites it is known
	Contact  string   // as it is shown; empty: none is given
	Reach    string   // where a link to it leads
}

// proseSection is a headed section; ID is its anchor.
type proseSection struct {
	ID, Title  string
	Paragraphs []string
}

// sectionsMost and paragraphsMost bound what is looked for in the catalogues. A gap in the
// numbers is skipped, so a longer text needs a larger bound.
const (
	sectionsMost   = 12
	paragraphsMost = 8
)

// prose reads the messages NAME.title, NAME.answer, NAME.lead, NAME.1.title, NAME.1.1,
// NAME.1.2 and so on. What a translator writes is what there is: a language may have more
// paragraphs than another.
func (v *localizer) prose(name string) prosePage {
	p := prosePage{shell: v.shell("/"+name, v.say(name+".title"), v.say(name+".lead")), Answer: v.say(name + ".answer"),
		Lead: v.say(name + ".lead")}
	for i := 1; i <= sectionsMost; i++ {
		s := proseSection{ID: fmt.Sprintf("s%d", i), Title: v.say(fmt.Sprintf("%s.%d.title", name, i))}
		for j := 1; j <= paragraphsMost; j++ {
			if text := v.say(fmt.Sprintf("%s.%d.%d", name, i, j)); text != "" {
				s.Paragraphs = append(s.Paragraphs, text)
			}
		}
		if s.Title != "" {
			p.Sections = append(p.Sections, s)
		}
	}
	return p
}

// method says how it is decided, in plain words with the thresholds. The whole of
// it, with formulas, is docs/method.md.
func (w *Web) method(c *gin.Context, v *localizer) error {
	return w.show(c, v, "method", func(context.Context) (doc, error) {
		return doc{page: "method", data: v.prose("method"), cache: page.CacheBriefly}, nil
	})
}

// press has what newsrooms ask for: what this is, how to cite it, how it decides, and
// whom to ask.
func (w *Web) press(c *gin.Context, v *localizer) error {
	return w.show(c, v, "press", func(context.Context) (doc, error) {
		p := v.prose("press")
		p.Contact, p.Reach = w.contact()
		return doc{page: "press", data: p, cache: page.CacheBriefly}, nil
	})
}

// about says what this service itself depends on, how to reach whoever runs it,
// and how errors are put right.
func (w *Web) about(c *gin.Context, v *localizer) error {
	return w.show(c, v, "about", func(context.Context) (doc, error) {
		p := v.prose("about")
		p.Contact, p.Reach = w.contact()
		if w.base != nil {
			p.Host = w.base.Hostname()
			if record, err := w.cfg.Lookup(p.Host); err == nil {
				p.Stands = v.standings(record.Components, nil)
			}
		}
		for _, kind := range w.kinds.of(w.cfg.Wall(), board.Part{}, w.cfg.Concentration).Kinds {
			if kind.Sites > 0 {
				p.Known = append(p.Known, v.say("about.known_kind", "Kind", v.say("kind."+kind.Kind), "Of",
					v.outOf(kind.Known, kind.Sites)))
			}
		}
		return doc{page: "about", data: p, cache: page.CacheBriefly}, nil
	})
}

// contact is how to reach whoever runs this server, and where a link to it leads:
// to a mail program or to a page over HTTPS, and nowhere else.
func (w *Web) contact() (shown, link string) {
	if a, err := mail.ParseAddress(w.cfg.Contact); err == nil {
		return a.Address, "mailto:" + a.Address
	}
	if u, err := url.Parse(w.cfg.Contact); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		return strings.TrimSuffix(u.Host+u.Path, "/"), u.String()
	}
	return w.cfg.Contact, ""
}
