package web

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"faultline"
)

// card is what a picture of a page says, before it is set out. The same card makes a
// PNG and an SVG, in two formats, so it holds words and data and no coordinates of the
// picture. All words are in the reader's language already, for the drawing knows no
// languages.
type card struct {
	Drill   string
	Status  string // in the state's colour
	After   string // what stands beside it
	Colour  color.NRGBA
	Title   string
	Counts  []tally
	Plot    *coursePlot // nil: there is no chart
	Marks   []cardMark
	Times   []cardMark // of the axis
	Source  string
	Unknown string // what it does not know
}

// Sizes of cards in pixels. 1200 by 630 is what Open Graph and Twitter cards are shown at;
// the square is for networks that crop. cardTitles bounds a title's lines, cardCountMax the
// counts below it, sparkTallest the chart.
const (
	cardWidth    = 1200
	cardHeight   = 630 // what Open Graph and Twitter cards are
	squareSide   = 1080
	cardMargin   = 72.
	cardTitles   = 4 // lines
	cardCountMax = 3
	sparkTallest = 360.
)

// draw sets a card out from top to bottom: a bar in the state's colour, the state, the title,
// the counts, the chart in what room is left, and at the foot the source and what is not
// known. A card travels without its page, so both belong on it.
func (k card) draw(t *typeset, square bool) scene {
	s := scene{w: cardWidth, h: cardHeight, title: k.Title, desc: k.describe()}
	if square {
		s.w, s.h = squareSide, squareSide
	}
	w, h := float64(s.w), float64(s.h)
	s.rect(0, 0, w, h, palette.paper)
	// Numbers here are pixels of a picture 1,200 or 1,080 wide; the letters are large
	// because it is mostly seen as a thumbnail.
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
	k.drawChart(t, &s, y+44, h-116)
	s.rect(cardMargin, h-104, w-2*cardMargin, 2, palette.rule)
	s.write(cardMargin, h-58, 34, serifBold, palette.ink, "Faultline")
	s.writeRight(w-cardMargin, h-60, 24, sans, palette.soft, t.wrap(k.Source, sans, 24, w-2*cardMargin-220, 1)[0])
	s.write(cardMargin, h-24, 20, sans, palette.soft, t.wrap(k.Unknown, sans, 20, w-2*cardMargin, 1)[0])
	return s
}

// drawTitle writes the title in as many lines as it needs, smaller if it needs many,
// and returns the y below it. A square has room for larger letters, and messengers show
// it smaller.
func (k card) drawTitle(t *typeset, s *scene, y float64) float64 {
	size, width := 60., float64(s.w)-2*cardMargin
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

// drawCounts writes the counts, the first one large, because a card is seen at the size
// of a thumbnail. It returns the y below them. Each count is cut to one line: a number
// whose words go on below would be read as two.
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
			// The number was written already, in its own colour.
			rest = strings.TrimPrefix(c.Whole, c.N+" ") + " " + c.What
		}
		s.write(x, y, size, f, palette.ink, t.wrap(rest, f, size, float64(s.w)-cardMargin-x, 1)[0])
	}
	return y
}

// cardMark is a time in a card's chart, 0 to 1, and what is written there.
type cardMark struct {
	x    float64
	text string
}

// What is written in a card's chart is chartText pixels high, and what happened is
// named from chartNamed pixels of height on.
const (
	chartText  = 20.
	chartNamed = 110.
)

// drawChart draws what fails over time between two heights, with the shapes of the incident's
// page: failing sites as an area, all others as dashes, what is not known as hatching. It
// draws nothing where less than 50 pixels are left, since such a chart could not be read.
func (k card) drawChart(t *typeset, s *scene, top, bottom float64) {
	bottom -= chartText + 8 // the times below it
	if k.Plot == nil || len(k.Plot.points) < 2 || bottom-top < 50 {
		return
	}
	top = max(top, bottom-sparkTallest)
	width := float64(s.w) - 2*cardMargin
	// The plot has shares from 0 to 1 with the origin at the lower left; a picture counts
	// its lines from the top.
	at := func(p xy) xy { return xy{cardMargin + p.x*width, bottom - p.y*(bottom-top)} }
	draw := func(points []xy) (line []xy) {
		for _, p := range points {
			line = level(line, at(p))
		}
		return line
	}
	for _, g := range k.Plot.gaps {
		s.hatch(cardMargin+g.from*width, top, cardMargin+g.to*width, bottom)
	}
	for _, stretch := range k.Plot.failing {
		line := draw(stretch)
		// A copy: the line is drawn again below, over all areas.
		area := append(slices.Clone(line), xy{line[len(line)-1].x, bottom}, xy{line[0].x, bottom})
		s.shapes = append(s.shapes, drawing{points: area, colour: palette.wash})
	}
	s.rect(cardMargin, bottom, width, 1.5, palette.rule)
	if k.Plot.shares {
		s.rect(cardMargin, top, width, 1.5, palette.rule)
		s.write(cardMargin, top-6, chartText, sans, palette.soft, "100 %")
	}
	// Lines come after all areas, or a later area would cover an earlier line.
	for _, stretch := range k.Plot.others {
		s.dashes(draw(stretch), 14, 9, 2.5, palette.ink)
	}
	for _, stretch := range k.Plot.failing {
		s.shapes = append(s.shapes, drawing{points: draw(stretch), width: 4, colour: palette.failing})
	}
	s.dashes(draw(k.Plot.since), 4, 10, 4, palette.failing)
	for _, m := range k.Times {
		x := cardMargin + m.x*width - t.width(m.text, sans, chartText)/2
		s.write(x, bottom+chartText+6, chartText, sans, palette.soft, m.text)
	}
	k.drawMarks(t, s, top, bottom)
	k.drawGapLabels(t, s, (top+bottom)/2)
}

// drawGapLabels says in each gap with room for it why nothing is known there. The paper
// behind the words covers the hatching, on which small letters are hard to read.
func (k card) drawGapLabels(t *typeset, s *scene, y float64) {
	width := float64(s.w) - 2*cardMargin
	for _, g := range k.Plot.gaps {
		// A label wider than its gap would stand over what is known.
		wide := t.width(g.said, sans, chartText)
		if wide+12 > (g.to-g.from)*width {
			continue
		}
		x := cardMargin + (g.from+g.to)/2*width - wide/2
		s.rect(x-6, y-chartText, wide+12, chartText+8, palette.paper)
		s.write(x, y, chartText, sans, palette.soft, g.said)
	}
}

// drawMarks draws what happened (onset, statements, recovery), each with its label
// beside its line. Labels stand below one another, so that they do not overlap; in a
// low chart only the lines are drawn. A label that would run out of the picture at the
// right stands at the left of its line.
func (k card) drawMarks(t *typeset, s *scene, top, bottom float64) {
	width, y := float64(s.w)-2*cardMargin, bottom-chartText
	named := bottom-top >= chartNamed // below the line there is room
	for _, m := range k.Marks {
		x := cardMargin + m.x*width
		s.rect(x, top, 1.5, bottom-top, palette.ink)
		if !named {
			continue
		}
		if x+8+t.width(m.text, sans, chartText) > cardMargin+width {
			x -= 16 + t.width(m.text, sans, chartText)
		}
		s.write(x+8, y, chartText, sans, palette.ink, m.text)
		y -= chartText * 1.3
	}
}

// level adds a point to a line. On a level stretch the first and the last point are enough; a
// long outage has thousands of equal ones, each of which would cost a polygon.
func level(line []xy, p xy) []xy {
	if n := len(line); n > 1 && line[n-1].y == p.y && line[n-2].y == p.y {
		line[n-1] = p
		return line
	}
	return append(line, p)
}

// describe says the card in sentences, for the alternative text and for an SVG's
// description. It says the same as the picture and nothing more, so that whoever hears
// it knows what others see.
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

// incidentCard is the picture of an incident at one revision. It names the revision, its time
// and the beginning of its hash, so that a picture without a link can still be traced to what
// was published.
func (v *localizer) incidentCard(inc *faultline.Incident, points []point) card {
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
		Source:  v.say("card.source", "N", v.number(inc.Revision), "Time", v.moment(inc.UpdatedAt, formDated).Text),
		Unknown: v.notKnown(v.unknowns(inc)),
	}
	if inc.Hash != "" {
		k.Source += " · " + beginningOf(inc.Hash)
	}
	if inc.Drill || v.cfg.Drill {
		k.Drill = v.say("drill.name") + " · " + v.say("drill.what")
	}
	if max(inc.Impact.PeakFailing, inc.Impact.Failing) < sitesCounted || len(points) == 0 {
		return k
	}
	v.chartCard(&k, inc, points)
	return k
}

// cardMarks is how many of what happened a card names.
const cardMarks = 3

// chartCard puts an incident's chart on its card, with the times of the axis. Few of
// the marks are named, because a card is seen small. The positions of the axis are read
// back from the CSS percentages that the page uses, so that both have their times at
// the same places.
func (v *localizer) chartCard(k *card, inc *faultline.Incident, points []point) {
	s := spanOf(inc, points, inc.UpdatedAt)
	plot := v.plotOf(inc, points, s)
	k.Plot = &plot
	for _, m := range v.marksOf(inc, s, true) {
		if m.Label != "" && len(k.Marks) < cardMarks {
			k.Marks = append(k.Marks, cardMark{m.x, m.Label})
		}
	}
	ticks, _ := v.ticks(s)
	for _, tick := range ticks {
		var x float64
		if _, err := fmt.Sscanf(tick.At, "%f%%", &x); err == nil {
			k.Times = append(k.Times, cardMark{x / 100, tick.Label})
		}
	}
}

// answerCard is the picture of a page that answers in a sentence. state may be empty, for a
// page without an incident: then the card has no colour of alarm.
func (v *localizer) answerCard(answer string, state faultline.IncidentState, counts []tally, drill bool) card {
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
func (v *localizer) notKnown(unknown []string) string {
	return v.say("widget.unknown") + " " + strings.Join(unknown, " ")
}
