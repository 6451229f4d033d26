package web

import (
	"image/color"
	"strings"

	"faultline"
)

// card is what a picture of a page says.
type card struct {
	Drill   string
	Status  string // in the state's colour
	After   string // what stands beside it
	Colour  color.NRGBA
	Title   string
	Counts  []tally
	Points  []xy // of the spark's line, 0 to 1 each way, up is 1
	Now     bool // the line goes on
	Source  string
	Unknown string // what it does not know
}

const (
	cardWidth    = 1200
	cardHeight   = 630 // what Open Graph and Twitter cards are
	squareSide   = 1080
	cardMargin   = 72.
	cardTitles   = 4 // lines
	cardCountMax = 3
	sparkTallest = 360.
)

// draw sets a card out.
func (k card) draw(t *typeset, square bool) scene {
	s := scene{w: cardWidth, h: cardHeight, title: k.Title, desc: k.describe()}
	if square {
		s.w, s.h = squareSide, squareSide
	}
	w, h := float64(s.w), float64(s.h)
	s.rect(0, 0, w, h, palette.paper)
	top := 12.
	s.rect(0, 0, w, top, k.Colour)
	if k.Drill != "" {
		s.rect(0, 0, w, 56, palette.drill)
		s.write(cardMargin, 38, 26, sansBold, palette.ink, k.Drill)
		top = 56
	}
	y := top + 70
	if k.Status != "" {
		status := strings.ToUpper(k.Status)
		s.rect(cardMargin, y-22, 22, 22, k.Colour)
		s.write(cardMargin+36, y, 28, sansBold, k.Colour, status)
		s.write(cardMargin+46+t.width(status, sansBold, 28), y, 28, sans, palette.ink, k.After)
	}
	y = k.drawTitle(t, &s, y+18)
	y = k.drawCounts(t, &s, y+26)
	k.drawSpark(&s, y+34, h-132)
	s.rect(cardMargin, h-104, w-2*cardMargin, 2, palette.rule)
	s.write(cardMargin, h-58, 34, serifBold, palette.ink, "Faultline")
	s.writeRight(w-cardMargin, h-60, 24, sans, palette.soft, t.wrap(k.Source, sans, 24, w-2*cardMargin-220, 1)[0])
	s.write(cardMargin, h-24, 20, sans, palette.soft, t.wrap(k.Unknown, sans, 20, w-2*cardMargin, 1)[0])
	return s
}

func (k card) drawTitle(t *typeset, s *scene, y float64) float64 {
	size, width := 68., float64(s.w)-2*cardMargin
	if s.w == s.h {
		size = 76
	}
	titles := t.balance(k.Title, serifBold, size, width, cardTitles)
	if len(titles) > 2 && s.w != s.h {
		size = 54
		titles = t.balance(k.Title, serifBold, size, width, 3)
	}
	for _, line := range titles {
		y += size * 1.14
		s.write(cardMargin, y, size, serifBold, palette.ink, line)
	}
	return y
}

func (k card) drawCounts(t *typeset, s *scene, y float64) float64 {
	for i, c := range k.Counts[:min(len(k.Counts), cardCountMax)] {
		size, f, first := 30., sans, palette.ink
		if i == 0 {
			size, f, first = 36, sansBold, k.Colour
		}
		y += size * 1.4
		s.write(cardMargin, y, size, f, first, c.N)
		x := cardMargin + t.width(c.N+" ", f, size)
		rest := c.What
		if c.Of != "" {
			rest = strings.TrimPrefix(c.Whole, c.N+" ") + " " + c.What
		}
		s.write(x, y, size, f, palette.ink, t.wrap(rest, f, size, float64(s.w)-cardMargin-x, 1)[0])
	}
	return y
}

// drawSpark draws what fails over time between two heights, if there is room.
func (k card) drawSpark(s *scene, top, bottom float64) {
	if len(k.Points) < 2 || bottom-top < 50 {
		return
	}
	top = max(top, bottom-sparkTallest)
	width := float64(s.w) - 2*cardMargin
	line := make([]xy, 0, len(k.Points)+1)
	for _, p := range k.Points {
		line = level(line, xy{cardMargin + p.x*width, bottom - p.y*(bottom-top)})
	}
	if k.Now {
		line = level(line, xy{cardMargin + width, line[len(line)-1].y})
	}
	area := append(append([]xy{}, line...), xy{line[len(line)-1].x, bottom}, xy{line[0].x, bottom})
	s.shapes = append(s.shapes, drawing{points: area, colour: palette.wash})
	s.rect(cardMargin, bottom, width, 1.5, palette.rule)
	s.shapes = append(s.shapes, drawing{points: line, width: 4, colour: palette.failing})
}

// level adds a point to a line. On a level stretch the first and the last are
// enough.
func level(line []xy, p xy) []xy {
	if n := len(line); n > 1 && line[n-1].y == p.y && line[n-2].y == p.y {
		line[n-1] = p
		return line
	}
	return append(line, p)
}

// describe says the card in sentences.
func (k card) describe() string {
	said := []string{k.Drill, lines(k.Status, k.After)}
	for _, c := range k.Counts {
		n := c.N
		if c.Of != "" {
			n = c.Whole
		}
		said = append(said, n+" "+c.What+".")
	}
	return lines(append(said, k.Source+".", k.Unknown)...)
}

// incidentCard is the picture of an incident at one revision.
func (v *voice) incidentCard(inc *faultline.Incident, points []point) card {
	head := v.headlineOf(inc, inc.UpdatedAt)
	after := []string{}
	for _, s := range []string{head.Lasting, head.Scope} {
		if s != "" {
			after = append(after, "· "+s)
		}
	}
	k := card{
		Status:  head.Word,
		After:   strings.Join(after, " "),
		Colour:  stateColour(inc.State),
		Title:   head.Title,
		Counts:  head.Counts,
		Now:     inc.State.Open(),
		Source:  v.say("card.source", "N", v.number(inc.Revision), "Time", v.moment(inc.UpdatedAt, formDated).Text),
		Unknown: v.notKnown(v.unknowns(inc)),
	}
	if inc.Drill || v.cfg.Drill {
		k.Drill = v.say("drill.name") + " · " + v.say("drill.what")
	}
	if max(inc.Impact.PeakFailing, inc.Impact.Failing) < sitesCounted || len(points) == 0 {
		return k
	}
	s := spanOf(inc, points, inc.UpdatedAt)
	points = thin(s.within(points))
	top := 1
	for _, p := range points {
		top = max(top, p.Failing)
	}
	k.Points = []xy{{0, 0}, {s.x(inc.Onset.At), 0}}
	for _, p := range points {
		k.Points = append(k.Points, xy{s.x(p.At), float64(p.Failing) / float64(top)})
	}
	return k
}

// answerCard is the picture of a page that answers in a sentence.
func (v *voice) answerCard(answer string, state faultline.IncidentState, counts []tally, drill bool) card {
	asOf, _ := v.clock()
	k := card{
		Title:   answer,
		Counts:  counts,
		Colour:  stateColour(state),
		Source:  v.say("card.as_of", "Time", v.moment(asOf, formDated).Text),
		Unknown: v.notKnown([]string{v.say("unknown.people")}),
	}
	if state != "" {
		k.Status = v.stateWord(state)
	}
	if drill {
		k.Drill = v.say("drill.name") + " · " + v.say("drill.what")
	}
	return k
}

// notKnown says in one sentence what a widget does not know.
func (v *voice) notKnown(unknown []string) string {
	return v.say("widget.unknown") + " " + strings.Join(unknown, " ")
}
