package web

import (
	"context"
	"crypto/sha256"
	"fmt"
	"regexp"
	"sync"
	"time"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"
)

// Bounds of the pictures that are kept and of those that are being drawn: a drawn card is
// some 50 kB, and drawing one takes tens of milliseconds of a core. cardLimit holds waiting
// for a turn and drawing.
const (
	cardsKept   = 256
	cardBytes   = 16 << 20
	cardsAtOnce = 2
	cardLimit   = 2 * time.Second // waiting for a turn and drawing
)

// cards draws the pictures of pages that messengers and social networks show beside a
// link, each only once as long as it is kept. When an outage begins, thousands of
// readers share one link within a minute, and each share fetches the picture. Cards are
// kept by their content and not by their page, so nothing has to be invalidated when an
// incident changes.
type cards struct {
	letters *typeset
	// The order of guards is: kept, then flight, then turns. So a rush for one picture
	// takes one turn, and a rush for many waits for turns.
	flight singleflight.Group
	turns  chan struct{}
	asked  *prometheus.CounterVec

	mu    sync.Mutex
	kept  map[[sha256.Size]byte][]byte
	order [][sha256.Size]byte // oldest first
	bytes int
}

// newCards loads the letters. It fails only if an embedded font is damaged.
func newCards(r prometheus.Registerer) (*cards, error) {
	t, err := newTypeset()
	if err != nil {
		return nil, err
	}
	k := &cards{letters: t, turns: make(chan struct{}, cardsAtOnce), kept: map[[sha256.Size]byte][]byte{},
		asked: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "faultline_cards_total",
			Help: "Pictures of pages that were asked for, by what became of it: kept, drawn, refused."},
			[]string{"outcome"})}
	if err := r.Register(k.asked); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return k, nil
}

// png draws a scene, or returns what was drawn of the same one. It fails with
// [faultline.ErrUnavailable] where too many are being drawn.
func (k *cards) png(ctx context.Context, s scene) ([]byte, error) {
	// The key is the whole scene: two pages that draw the same share one picture, and nothing has
	// to say when a picture is out of date.
	key := sha256.Sum256(fmt.Append(nil, s))
	if body, ok := k.find(key); ok {
		k.asked.WithLabelValues("kept").Inc()
		return body, nil
	}
	// When a link spreads, many readers ask for one picture at once. It is drawn once.
	drawn, err, _ := k.flight.Do(string(key[:]), func() (any, error) {
		// Whoever looked before it was kept, and comes after it was drawn, is given that one.
		if body, ok := k.find(key); ok {
			k.asked.WithLabelValues("kept").Inc()
			return body, nil
		}
		// Without the context of the first reader: others wait for the same picture, and must not
		// lose it when that reader leaves.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cardLimit)
		defer cancel()
		select {
		// Drawing takes milliseconds of a core. Turns keep a rush of pictures from taking the CPU
		// of pages.
		case k.turns <- struct{}{}:
			defer func() { <-k.turns }()
		// Refused and not queued for longer: messengers give up after a few seconds
		// anyway, and ask again with the next share.
		case <-ctx.Done():
			k.asked.WithLabelValues("refused").Inc()
			return nil, faultline.ErrUnavailable
		}
		body, err := k.letters.png(s)
		if err == nil {
			k.asked.WithLabelValues("drawn").Inc()
			k.put(key, body)
		}
		return body, err
	})
	if err != nil {
		return nil, err
	}
	return drawn.([]byte), nil
}

// find returns a drawn card from memory. A hit does not make it younger: cards of a revision
// that nobody shares any more leave in the order in which they were drawn.
func (k *cards) find(key [sha256.Size]byte) ([]byte, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	body, ok := k.kept[key]
	return body, ok
}

// put keeps a card, and lets go of the oldest while there are too many or too many
// bytes. Both bounds hold: many small cards and few large ones cost the same memory at
// most.
func (k *cards) put(key [sha256.Size]byte, body []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept[key], k.order = body, append(k.order, key)
	k.bytes += len(body)
	for len(k.order) > cardsKept || k.bytes > cardBytes {
		k.bytes -= len(k.kept[k.order[0]])
		delete(k.kept, k.order[0])
		k.order = k.order[1:]
	}
}

// cardFile is a picture's file name: what it is of, and its form. 260 holds the longest site
// with a path's escapes.
var cardFile = regexp.MustCompile(`^(.{1,260})\.(png|svg|csv)$`)

// cardOf takes a file's name apart into what it is of and its form.
func cardOf(file string) (of, form string, err error) {
	parts := cardFile.FindStringSubmatch(file)
	if parts == nil {
		return "", "", faultline.ErrNotFound
	}
	return parts[1], parts[2], nil
}

const mediaPNG = "image/png"

// cardMedia is the media type of a form.
func cardMedia(form string) string {
	switch form {
	case "svg":
		return "image/svg+xml"
	case "csv":
		return mediaCSV
	}
	return mediaPNG
}

// picture answers with a card in one of its forms, in landscape or, with ?size=square, for
// networks that crop to a square.
func (v *localizer) picture(c *gin.Context, k card, form string, cache []string) error {
	p, err := v.drawn(c, k, form, v.options(c).square)
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, p, cache)
	return nil
}

// drawn is a card in one of its forms. The size is an option of the address and not of
// the card, which is the same for both.
func (v *localizer) drawn(ctx context.Context, k card, form string, square bool) (*page.Page, error) {
	if form == "csv" { // only incidents have numbers
		return nil, faultline.ErrNotFound
	}
	s := k.draw(v.cards.letters, square)
	// SVG is text and cheap to make, so it takes no turn and is not kept.
	if form == "svg" {
		return page.File(s.svg(v.Lang), cardMedia(form)), nil
	}
	body, err := v.cards.png(ctx, s)
	if err != nil {
		return nil, err
	}
	return page.File(body, mediaPNG).Plain(), nil // its format compresses already
}

// cardIncident serves the picture of an incident, or of one of its revisions, which
// never changes and is therefore kept on disk. Its numbers as CSV are served here too,
// under the same name with another ending. The picture of the newest revision is cached
// briefly, since the next revision changes it; that of a fixed one for good.
func (w *Web) cardIncident(c *gin.Context, v *localizer) error {
	of, form, err := cardOf(c.Param("file"))
	if err != nil {
		return err
	}
	id, revision, err := readID(of)
	if err != nil {
		return err
	}
	build := func(ctx context.Context) (*page.Page, bool, error) {
		inc, err := w.cfg.Source.Incident(ctx, id, revision)
		if err != nil {
			return nil, false, err
		}
		// A picture whose chart lacks points may be drawn better later, so that it is not
		// kept for good.
		points, whole := w.charts.told(ctx, &inc)
		if form == "csv" {
			return page.File(csvOf(points), mediaCSV), whole, nil
		}
		p, err := v.drawn(ctx, v.incidentCard(&inc, points), form, v.options(c).square)
		return p, whole, err
	}
	ctx, cancel := context.WithTimeout(c, renderLimit)
	defer cancel()
	if revision == 0 {
		p, _, err := build(ctx)
		if err == nil {
			page.Write(c.Writer, c.Request, p, page.CacheBriefly)
		}
		return err
	}
	key := v.keyed(fmt.Sprintf("card/%s %t", c.Param("file"), v.options(c).square))
	p, err := w.once(key, w.policies.static, func() (*page.Page, string, bool, error) {
		p, final, err := build(ctx)
		if err != nil {
			return nil, "", false, err
		}
		return p.KeptFor(
				map[bool][]string{true: page.CacheImmutable, false: page.CacheBriefly}[final],
			), cardMedia(
				form,
			), final, nil
	})
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, p, nil)
	return nil
}

// cardSite serves the picture of a site's state. It says what the page says, without what is
// about the reader's network.
func (w *Web) cardSite(c *gin.Context, v *localizer) error {
	of, form, err := cardOf(c.Param("file"))
	if err != nil {
		return err
	}
	record, err := w.cfg.Lookup(of)
	if err != nil {
		return siteFault(err, of)
	}
	incidents, err := w.cfg.Source.Incidents()
	if err != nil {
		return err
	}
	// The page's own data make the picture, so that both say the same.
	status, reported := v.statusOf(record)
	p := v.sitePage(record, status, reported, incidents)
	state := faultline.IncidentState("")
	if p.Cause != nil {
		state = p.Cause.State
	}
	return v.picture(c, v.answerCard(lines(p.Answer, p.Reason), state, p.Counts, p.Drill), form, page.CacheBriefly)
}

// cardComponent serves the picture of a component's state. A component that has no page
// has no picture either.
func (w *Web) cardComponent(c *gin.Context, v *localizer) error {
	of, form, err := cardOf(c.Param("file"))
	if err != nil {
		return err
	}
	comp := w.componentOf(c.Param("kind"), of)
	if comp == "" {
		return faultline.ErrNotFound
	}
	incidents, err := w.cfg.Source.Incidents()
	if err != nil {
		return err
	}
	p, known := v.componentPage(comp, incidents)
	if !known {
		return faultline.ErrNotFound
	}
	return v.picture(c, v.answerCard(p.Answer, p.State, p.Counts, p.Drill), form, page.CacheBriefly)
}

// cardProvider serves the picture of a provider's state. The colour and the counts are
// those of its worst open incident.
func (w *Web) cardProvider(c *gin.Context, v *localizer) error {
	slug, form, err := cardOf(c.Param("file"))
	if err != nil {
		return err
	}
	of, ok := w.cfg.Providers.Slug(slug)
	if !ok {
		return faultline.ErrNotFound
	}
	incidents, err := w.cfg.Source.Incidents()
	if err != nil {
		return err
	}
	p := v.providerPage(of, incidents)
	// Without an open incident there is no state, and the picture has no colour of
	// alarm.
	state, counts := faultline.IncidentState(""), []tally(nil)
	if len(p.Open) > 0 {
		state, counts = p.Open[0].State, p.Open[0].Counts
	}
	return v.picture(c, v.answerCard(p.Answer, state, counts, p.Drill), form, page.CacheBriefly)
}

// cardNow serves the picture of the front page: /card/now.png and .svg.
func (w *Web) cardNow(c *gin.Context, v *localizer) error {
	of, form, err := cardOf(c.Param("file"))
	if err != nil {
		return err
	}
	if of != "now" {
		return faultline.ErrNotFound
	}
	incidents, err := w.cfg.Source.Incidents()
	if err != nil {
		return err
	}
	p := v.nowPage(c, incidents)
	state, counts := faultline.IncidentState(""), []tally(nil)
	if len(p.Broken) > 0 {
		state, counts = p.Broken[0].State, p.Broken[0].Counts
	}
	return v.picture(c, v.answerCard(p.Answer, state, counts, p.Drill), form, page.CacheBriefly)
}
