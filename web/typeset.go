package web

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"math"
	"sync"

	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"
	"github.com/go-fonts/liberation/liberationserifbold"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// typeset measures and draws text for pictures. Its types, Liberation Sans and Serif,
// have the metrics of Arial and Times: what is measured with them fits as well in an
// SVG, which the reader's system sets in those. One lock guards all faces. Drawing is
// rare and takes turns anyway (cards).
type typeset struct {
	fonts [3]*sfnt.Font
	mu    sync.Mutex
	faces map[faceSize]font.Face // of few sizes
}

// faceSize is a type at one size, in pixels. There are about a dozen; each is made once.
type faceSize struct {
	face face
	size float64
}

// newTypeset reads the types, which are built into the program: a container without fonts
// must draw the same pictures.
func newTypeset() (*typeset, error) {
	t := &typeset{faces: map[faceSize]font.Face{}}
	// The order of a map does not matter here, as each type has its own place.
	for f, data := range map[face][]byte{sans: liberationsansregular.TTF, sansBold: liberationsansbold.TTF,
		serifBold: liberationserifbold.TTF} {
		parsed, err := opentype.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("web: read a type: %w", err)
		}
		t.fonts[f] = parsed
	}
	return t, nil
}

// face returns a type at a size. It must be called with mu held, and the face must not be
// used after mu is released: opentype's faces are for one goroutine at a time.
func (t *typeset) face(f face, size float64) font.Face {
	key := faceSize{f, size}
	if made, ok := t.faces[key]; ok {
		return made
	}
	// Without hinting, widths grow in proportion to the size, as they do in an SVG.
	made, err := opentype.NewFace(t.fonts[f], &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic(err) // only for sizes that are none; all are ours
	}
	t.faces[key] = made
	return made
}

// width is how wide a text is, in pixels. Faces measure in 64ths of a pixel.
func (t *typeset) width(text string, f face, size float64) float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return float64(font.MeasureString(t.face(f, size), text)) / 64
}

// png draws a scene as PNG. Lines are drawn as thin polygons, because the rasterizer fills
// shapes and has no strokes.
func (t *typeset) png(s scene) ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, s.w, s.h))
	for _, d := range s.shapes {
		// What a shape is follows from what is set: a text, a line with a width, or else
		// an area.
		switch {
		case d.text != "":
			t.drawText(img, d)
		case d.width > 0:
			for i := 1; i < len(d.points); i++ {
				fill(img, thick(d.points[i-1], d.points[i], d.width), d)
			}
		default:
			fill(img, d.points, d)
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("encode a card: %w", err)
	}
	return out.Bytes(), nil
}

// drawText writes one text, at its base line, from its left or to its right end. The
// base line is where SVG puts text as well, so the same y serves both pictures.
func (t *typeset) drawText(img draw.Image, d drawing) {
	x := d.points[0].x
	if d.right {
		x -= t.width(d.text, d.face, d.size)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	drawer := font.Drawer{Dst: img, Src: image.NewUniform(d.colour), Face: t.face(d.face, d.size),
		Dot: fixed.Point26_6{X: fixed.Int26_6(x * 64), Y: fixed.Int26_6(d.points[0].y * 64)}}
	drawer.DrawString(d.text)
}

// fill paints a polygon. It asks the rasterizer for no more of the picture than the polygon
// covers: rasterizing the whole picture for each of a hundred shapes would take a second.
func fill(img draw.Image, points []xy, d drawing) {
	low, high := points[0], points[0]
	for _, p := range points {
		low, high = xy{min(low.x, p.x), min(low.y, p.y)}, xy{max(high.x, p.x), max(high.y, p.y)}
	}
	x0, y0 := math.Floor(low.x), math.Floor(low.y)
	// The rasterizer draws past the end of a picture if it is let.
	covered := image.Rect(int(x0), int(y0), int(math.Ceil(high.x))+1, int(math.Ceil(high.y))+1)
	covered.Max = covered.Intersect(img.Bounds()).Max
	r := vector.NewRasterizer(covered.Dx(), covered.Dy())
	for i, p := range points {
		// The rasterizer's origin is the corner of what is covered.
		x, y := float32(p.x-x0), float32(p.y-y0)
		if i == 0 {
			r.MoveTo(x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
	r.Draw(img, covered, image.NewUniform(d.colour), image.Point{})
}

// thick is the outline of a line from a to b, a little longer than it, so that there is
// no notch where two meet. A line of no length becomes a dot.
func thick(a, b xy, width float64) []xy {
	dx, dy := b.x-a.x, b.y-a.y
	n := math.Hypot(dx, dy)
	if n == 0 {
		n, dx = 1, 1
	}
	// From here on (dx, dy) is a vector along the line, half as long as the line is wide.
	// Turned by a right angle it leads to the edges.
	dx, dy = dx/n*width/2, dy/n*width/2
	a, b = xy{a.x - dx/2, a.y - dy/2}, xy{b.x + dx/2, b.y + dy/2}
	return []xy{{a.x - dy, a.y + dx}, {a.x + dy, a.y - dx}, {b.x + dy, b.y - dx}, {b.x - dy, b.y + dx}}
}

// The families that an SVG asks for: those of a reader's system, as on the pages. An SVG in a
// page cannot load a font of ours.
var families = [3]string{
	sans:      `font-family="Helvetica Neue,Arial,Liberation Sans,sans-serif"`,
	sansBold:  `font-family="Helvetica Neue,Arial,Liberation Sans,sans-serif" font-weight="700"`,
	serifBold: `font-family="Times New Roman,Liberation Serif,Times,serif" font-weight="700"`,
}

// svg draws a scene as SVG. It has no styles and no scripts, so that sites with a strict
// policy of content, and editors, take it. title and desc are what a screen reader says.
func (s scene) svg(lang string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(
		&b,
		`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" `+
			`aria-labelledby="t d" xml:lang="%s">`,
		s.w,
		s.h,
		s.w,
		s.h,
		lang,
	)
	fmt.Fprintf(&b, `<title id="t">%s</title><desc id="d">%s</desc>`, escaped(s.title), escaped(s.desc))
	for _, d := range s.shapes {
		colour := fmt.Sprintf("#%02x%02x%02x", d.colour.R, d.colour.G, d.colour.B)
		switch {
		case d.text != "":
			anchor := ""
			if d.right {
				anchor = ` text-anchor="end"`
			}
			fmt.Fprintf(
				&b,
				`<text x="%s" y="%s" font-size="%s" fill="%s" %s%s>%s</text>`,
				short(
					d.points[0].x,
				),
				short(d.points[0].y),
				short(d.size),
				colour,
				families[d.face],
				anchor,
				escaped(d.text),
			)
		case d.width > 0:
			fmt.Fprintf(
				&b,
				`<path d="%s" fill="none" stroke="%s" stroke-width="%s" stroke-linejoin="round"/>`,
				outline(d.points),
				colour,
				short(d.width),
			)
		default:
			fmt.Fprintf(&b, `<path d="%sZ" fill="%s"/>`, outline(d.points), colour)
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// outline is the path of a polygon. stroke writes points in shares of a box, hence the
// division.
func outline(points []xy) string {
	var p stroke
	for _, at := range points {
		p.to(at.x/box, at.y)
	}
	return p.String()
}

// escaped is a text as it stands in XML; what XML can't hold is replaced.
func escaped(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	return b.String()
}
