package web

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"strings"
	"sync"
	"testing"
	"time"

	"faultline"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func newTestCards(t *testing.T) *cards {
	t.Helper()
	k, err := newCards(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// spokenCard is a card with everything on it.
func spokenCard(t *testing.T) card {
	points := []point{{At: start.Add(22 * time.Second), Failing: 10, Observed: 140},
		{At: start.Add(20 * time.Minute), Failing: 131, Observed: 140}}
	inc := incidentOf(points)
	inc.Title, inc.Cause = "Fastly-fronted sites, 503, began ~09:47 UTC",
		&faultline.Cause{Component: "cdn:fastly", Kind: "cdn", Name: "Fastly"}
	return english(t).incidentCard(&inc, points)
}

func TestCardIsAPicture(t *testing.T) {
	k := newTestCards(t)
	for square, want := range map[bool][2]int{false: {1200, 630}, true: {1080, 1080}} {
		body, err := k.png(t.Context(), spokenCard(t).draw(k.letters, square))
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]int{img.Bounds().Dx(), img.Bounds().Dy()}; got != want {
			t.Errorf("it measures %v, want %v", got, want)
		}
		counts := map[color.NRGBA]int{}
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				counts[color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)]++
			}
		}
		for name, c := range map[string]color.NRGBA{"ink": palette.ink, "failing": palette.failing,
			"wash": palette.wash, "soft": palette.soft} {
			if counts[c] < 200 {
				t.Errorf("square %t: %d points of %s", square, counts[c], name)
			}
		}
		if len(body) > 150_000 {
			t.Errorf("it weighs %d bytes", len(body))
		}
	}
}

func TestCardSaysTheSameAsAnSVG(t *testing.T) {
	k := newTestCards(t)
	svg := string(spokenCard(t).draw(k.letters, false).svg("en"))
	for _, s := range []string{`width="1200" height="630"`, `role="img"`, "<title", "FAILING", "131",
		"of 140 sites on Fastly are failing", "revision 2 · as published at 8 June 2021, 10:07 UTC",
		"Not known: How many people"} {
		if !strings.Contains(svg, s) {
			t.Errorf("it has no %q:\n%s", s, svg)
		}
	}
	for _, s := range []string{"style", "script", "href", "class"} {
		if strings.Contains(svg, s) {
			t.Errorf("it has %q", s)
		}
	}
}

func TestTextFitsItsCard(t *testing.T) {
	k := newTestCards(t)
	c := spokenCard(t)
	c.Title = strings.Repeat("Donaudampfschifffahrtselektrizitäten", 9) + " und " + strings.Repeat("noch mehr ", 60)
	c.Counts = []tally{{N: "131", What: strings.Repeat("sites ", 90)}}
	c.Unknown, c.Source = strings.Repeat("all of it ", 90), strings.Repeat("long ", 90)
	for _, square := range []bool{false, true} {
		s := c.draw(k.letters, square)
		for _, d := range s.shapes {
			if d.text == "" {
				continue
			}
			left, right := d.points[0].x, d.points[0].x+k.letters.width(d.text, d.face, d.size)
			if d.right {
				left, right = 2*left-right, left
			}
			if left < 0 || right > float64(s.w) || d.points[0].y > float64(s.h) {
				t.Errorf("square %t: %.40q goes from %.0f to %.0f at %.0f", square, d.text, left, right, d.points[0].y)
			}
		}
	}
}

func TestCardsAreDrawnOnceAndBounded(t *testing.T) {
	k := newTestCards(t)
	s := scene{w: 40, h: 20, title: "a"}
	s.rect(0, 0, 40, 20, palette.ink)
	var readers sync.WaitGroup
	for range 100 {
		readers.Go(func() {
			if _, err := k.png(t.Context(), s); err != nil {
				t.Error(err)
			}
		})
	}
	readers.Wait()
	if n := testutil.ToFloat64(k.asked.WithLabelValues("drawn")); n != 1 {
		t.Errorf("drawn %.0f times", n)
	}
	for i := range 2 * cardsKept {
		s.title = fmt.Sprint(i)
		if _, err := k.png(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	sum := 0
	for _, body := range k.kept {
		sum += len(body)
	}
	if len(k.kept) != cardsKept || len(k.order) != cardsKept || sum != k.bytes {
		t.Errorf("%d cards in %d places, %d bytes counted as %d", len(k.kept), len(k.order), sum, k.bytes)
	}
}
