package web

import (
	"image/color"
	"math"
	"strings"

	"faultline"
)

// scene is a picture as a list of shapes, from back to front, in pixels. It is drawn as SVG
// and as PNG from the same list, so that both are the same.
type scene struct {
	w, h        int
	title, desc string
	shapes      []drawing
}

// drawing is one shape of a scene: a polygon, a line or a text.
type drawing struct {
	points []xy
	width  float64 // of a line; 0: a filled polygon
	text   string
	size   float64 // of the text, in pixels
	face   face
	right  bool // the text ends at its point
	colour color.NRGBA
}

// xy is a point; y grows downwards, as in pictures.
type xy struct{ x, y float64 }

// face is one of the types that pictures are set in.
type face int

const (
	sans face = iota
	sansBold
	serifBold
)

// palette is the light scheme of the pages: pictures are shown on pages of others, whose
// scheme is not known.
var palette = struct{ paper, ink, soft, rule, failing, recovering, weak, wash, drill color.NRGBA }{
	paper: rgb(0xffffff), ink: rgb(0x16181a), soft: rgb(0x5a6066), rule: rgb(0xdcdfe2), failing: rgb(0xb3261e),
	recovering: rgb(0x0b6b57), weak: rgb(0x6b5200), wash: rgb(0xf7dedb), drill: rgb(0xffd54a),
}

// rgb is an opaque colour, as CSS writes it.
func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xff}
}

// stateColour is the accent of a state, the same as on the pages. It is never the only sign:
// the state stands beside it in words.
func stateColour(s faultline.IncidentState) color.NRGBA {
	switch s {
	case faultline.StateConfirmed:
		return palette.failing
	case faultline.StateRecovering, faultline.StateResolved:
		return palette.recovering
	case faultline.StateCandidate:
		return palette.weak
	}
	return palette.ink
}

// rect adds a rectangle.
func (s *scene) rect(x, y, w, h float64, c color.NRGBA) {
	s.shapes = append(s.shapes, drawing{points: []xy{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}, colour: c})
}

// write adds a text that begins at x, on the baseline y.
func (s *scene) write(x, y, size float64, f face, c color.NRGBA, text string) {
	s.shapes = append(s.shapes, drawing{points: []xy{{x, y}}, text: text, size: size, face: f, colour: c})
}

// writeRight adds a text that ends at x.
func (s *scene) writeRight(x, y, size float64, f face, c color.NRGBA, text string) {
	s.shapes = append(s.shapes, drawing{points: []xy{{x, y}}, text: text, size: size, face: f, colour: c, right: true})
}

// hatchApart is how far the strokes of a hatching are apart, in pixels.
const hatchApart = 14.

// hatch fills a stretch of a chart with slanted strokes, which mean that nothing is known of
// it. Strokes are cut at the edges of the stretch.
func (s *scene) hatch(left, top, right, bottom float64) {
	high := bottom - top
	for x := left - high; x < right; x += hatchApart {
		from, to := max(x, left), min(x+high, right)
		if from >= to {
			continue
		}
		s.shapes = append(s.shapes, drawing{width: 1.5, colour: palette.rule,
			points: []xy{{from, bottom - (from - x)}, {to, bottom - (to - x)}}})
	}
}

// hair is a length that nobody sees, in pixels. What rounding leaves of a stroke is shorter
// than that, and would otherwise be drawn as a stroke of no length and never end.
const hair = 1e-6

// dashes draws a line of strokes that are on pixels long and off apart. The rasterizer has no
// dashes, and a pattern must go on around corners, so the line is cut here.
func (s *scene) dashes(line []xy, on, off, width float64, c color.NRGBA) {
	at := 0. // how far the line has come, within a stroke and the space after it
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		long := math.Hypot(b.x-a.x, b.y-a.y)
		along := func(d float64) xy { return xy{a.x + (b.x-a.x)*d/long, a.y + (b.y-a.y)*d/long} }
		for d := 0.; d < long; {
			drawn, next := at < on-hair, on-at
			if !drawn {
				next = on + off - at
			}
			to := min(long, d+next)
			if drawn {
				s.shapes = append(s.shapes, drawing{points: []xy{along(d), along(to)}, width: width, colour: c})
			}
			if at += to - d; at >= on+off-hair {
				at = 0
			}
			d = to
		}
	}
}

// balance is wrap into as few lines, as even as they get: it narrows the lines until one more
// would be needed. A title of one long line and a single word looks broken.
func (t *typeset) balance(text string, f face, size, width float64, most int) []string {
	wrapped := t.wrap(text, f, size, width, most)
	for narrow := width - size/2; narrow > width/2; narrow -= size / 2 {
		tried := t.wrap(text, f, size, narrow, most+1)
		if len(tried) > len(wrapped) || strings.Contains(strings.Join(tried, ""), "…") {
			break
		}
		wrapped = tried
	}
	return wrapped
}

// wrap breaks a text into at most most lines of a width; what does not fit ends with an
// ellipsis. A word that is longer than a line is cut, which happens to long names of sites.
func (t *typeset) wrap(text string, f face, size, width float64, most int) []string {
	var wrapped []string
	line := ""
	for _, word := range strings.Fields(text) {
		longer := strings.TrimSpace(line + " " + word)
		if line == "" || t.width(longer, f, size) <= width {
			line = longer
			continue
		}
		wrapped, line = append(wrapped, line), word
	}
	wrapped = append(wrapped, line)
	if len(wrapped) > most {
		wrapped = wrapped[:most]
		wrapped[most-1] += " …"
	}
	for i, l := range wrapped { // a word longer than a line
		runes := []rune(l)
		for len(runes) > 1 && t.width(string(runes), f, size) > width {
			runes = runes[:len(runes)-1]
		}
		if len(runes) < len([]rune(l)) {
			wrapped[i] = string(runes[:len(runes)-1]) + "…"
		}
	}
	return wrapped
}
