package web

import (
	"context"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// takePage offers an incident, a site, a component or the front page in six ways to embed it.
// The form at its top makes the choices; each is a parameter of the address.
type takePage struct {
	shell
	Of       string // what is taken: incident/ID@REV, site/NAME, component/KIND/NAME, now
	Unknown  bool   // what was asked for is not there; something else is shown
	Fixed    bool
	MayFix   bool // an incident has revisions
	Theme    string
	In       string // language of the widget
	Zone     string
	Parts    []takePart
	Preview  string
	Height   int
	Snippets []snippet
	Card     *plainCard
	Image    string // to see, on this server
	ImageAlt string
	Anywhere bool   // addresses are whole
	Keys     bool   // anybody may make a key
	Tags     string // of the languages that a widget may be in
	Bookmark template.URL
}

// takePart is a part that a widget may have, as a box to tick.
type takePart struct {
	Name, Label string
	Chosen      bool
}

// snippet is one way to embed it: what it is for, and the text to copy.
type snippet struct {
	ID, Title, What string
	Text            string
	Links           []takeLink
}

// takeLink is a file to download, such as a picture.
type takeLink struct{ URL, Name string }

// plainCard is what the card of plain HTML says; see snippets.
type plainCard struct {
	Status, Title, Began, Counts, Unknown, Source, URL, Drill string
	Lang                                                      string
}

// taken is what is to be embedded. incident and revision are set for incidents alone.
type taken struct {
	path     string // as in Of
	incident *faultline.Incident
	revision int
}

// developers makes the snippets for embedding. It works without JavaScript: the form is sent,
// and the page comes back with the snippet. Fields are clipped before they become part of a
// cache key.
func (w *Web) developers(c *gin.Context, v *localizer) error {
	q := c.Request.URL.Query()
	// Encode sorts by name, so that the order of the form's fields makes no other key.
	key := url.Values{}
	for _, name := range []string{"of", "fixed", "theme", "in", "tz"} {
		key.Set(name, clip(q.Get(name)))
	}
	key.Set("parts", clip(strings.Join(q["parts"], ",")))
	o := v.options(c)
	o.parts = chosenParts(q["parts"])
	return w.show(c, v, "developers?"+key.Encode(), func(ctx context.Context) (doc, error) {
		of, known := w.taken(ctx, q.Get("of"))
		if of.path == "" {
			var err error
			if of, err = w.foremost(); err != nil {
				return doc{}, err
			}
		}
		p := v.takePage(of, q, o)
		p.Unknown = !known
		if p.Keys = w.cfg.SelfKeys; p.Keys {
			p.Scripts = append(p.Scripts, v.assets.url("key.js"))
		}
		return doc{page: "developers", data: p, cache: page.CacheBriefly}, nil
	})
}

// maxTaken bounds what is read of each field, in bytes.
const maxTaken = 300

// clip bounds what is taken from the address, which is shown on the page again.
func clip(s string) string { return s[:min(len(s), maxTaken)] }

// chosenParts reads boxes that are ticked, and the parameter of a widget.
func chosenParts(asked []string) string {
	asked = strings.Split(clip(strings.Join(asked, ",")), ",")
	var parts []string
	for _, part := range widgetExtras {
		if slices.Contains(asked, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ",")
}

// taken reads what a person asks for: a path, a whole address of a page of ours, or the name
// of a site. It reports false where there is no such thing, and then the page offers
// something else and says so.
func (w *Web) taken(ctx context.Context, asked string) (of taken, known bool) {
	asked = strings.TrimSpace(clip(asked))
	if asked == "" {
		return taken{}, true
	}
	// A whole address may come from any host: only its path counts, and whether we have
	// such a page.
	if u, err := url.Parse(asked); err == nil {
		asked = u.Path
	}
	asked = strings.Trim(strings.TrimPrefix(asked, w.prefix), "/")
	kind, name, _ := strings.Cut(asked, "/")
	switch kind {
	case "now":
		return taken{path: "now"}, true
	// Where no revision was asked for, the newest is read. Its number is noted, so that
	// the snippet can fix it.
	case "incident":
		id, revision, err := readID(name)
		if err != nil {
			return taken{}, false
		}
		inc, err := w.cfg.Source.Incident(ctx, id, revision)
		return taken{path: "incident/" + id, incident: &inc, revision: inc.Revision}.unless(err)
	case "site":
		record, err := w.cfg.Lookup(name)
		return taken{path: "site/" + record.Site}.unless(err)
	case "provider":
		p, ok := w.cfg.Providers.Slug(name)
		if !ok {
			return taken{}, false
		}
		return taken{path: "provider/" + p.Slug}, true
	case "component":
		kind, name, _ := strings.Cut(name, "/")
		if comp := faultline.ComponentFromPath(kind, name); comp != "" && w.cfg.Members(comp) > 0 {
			return taken{path: "component/" + comp.Path()}, true
		}
		return taken{}, false
	}
	record, err := w.cfg.Lookup(asked)
	return taken{path: "site/" + record.Site}.unless(err)
}

// unless returns t unless there was an error.
func (t taken) unless(err error) (taken, bool) {
	if err != nil {
		return taken{}, false
	}
	return t, true
}

// foremost is what is offered where nothing was asked for: the newest incident
// that was confirmed, an open one first.
func (w *Web) foremost() (taken, error) {
	incidents, err := w.cfg.Source.Incidents()
	if err != nil {
		return taken{}, err
	}
	published := archived(incidents)
	slices.SortStableFunc(published, func(a, b *faultline.Incident) int { return weight(b.State) - weight(a.State) })
	if len(published) == 0 {
		return taken{path: "now"}, nil
	}
	return taken{path: "incident/" + published[0].ID, incident: published[0], revision: published[0].Revision}, nil
}
