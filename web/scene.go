package web

import (
	"image/color"
	"strings"

	"faultline"
)

// scene is a picture as a list of shapes, from back to front, in pixels. It is
// drawn as SVG and as PNG, so that both are the same.
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

type xy struct{ x, y float64 }

// face is one of the types that pictures are set in.
type face int

const (
	sans face = iota
	sansBold
	serifBold
)

// palette is the light scheme of the pages.
var palette = struct{ paper, ink, soft, rule, failing, recovering, weak, wash, drill color.NRGBA }{
	paper: rgb(0xffffff), ink: rgb(0x16181a), soft: rgb(0x5a6066), rule: rgb(0xdcdfe2), failing: rgb(0xb3261e),
	recovering: rgb(0x0b6b57), weak: rgb(0x6b5200), wash: rgb(0xf7dedb), drill: rgb(0xffd54a),
}

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xff}
}

// stateColour is the accent of a state.
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

func (s *scene) rect(x, y, w, h float64, c color.NRGBA) {
	s.shapes = append(s.shapes, drawing{points: []xy{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}, colour: c})
}

func (s *scene) write(x, y, size float64, f face, c color.NRGBA, text string) {
	s.shapes = append(s.shapes, drawing{points: []xy{{x, y}}, text: text, size: size, face: f, colour: c})
}

func (s *scene) writeRight(x, y, size float64, f face, c color.NRGBA, text string) {
	s.shapes = append(s.shapes, drawing{points: []xy{{x, y}}, text: text, size: size, face: f, colour: c, right: true})
}

// balance is wrap into as few lines, as even as they get.
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

// wrap breaks a text into at most most lines of a width; what does not fit ends
// with an ellipsis.
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
