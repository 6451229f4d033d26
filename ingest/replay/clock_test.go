package replay

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
)

var noon = at("2021-06-08T12:00:00Z")

// said is one line of a test: a report at noon plus an offset, by name; or
// something without a time.
func said(name string, offset time.Duration) faultline.Event {
	return faultline.Report{At: noon.Add(offset), Site: name, Reporter: "r"}
}

// show writes events as the tests below expect them: ticks as seconds past
// noon, everything else by name.
func show(events []faultline.Event) string {
	var out []string
	for _, ev := range events {
		switch ev := ev.(type) {
		case faultline.Tick:
			out = append(out, ev.At.Sub(noon).String())
		case faultline.Report:
			out = append(out, ev.Site)
		case faultline.Vantage:
			out = append(out, ev.Vantage)
		default:
			out = append(out, ev.Type())
		}
	}
	return strings.Join(out, " ")
}

func run(t *testing.T, lines ...faultline.Event) (*Clock, []faultline.Event) {
	t.Helper()
	var got []faultline.Event
	c := NewClock(func(ev faultline.Event) error { got = append(got, ev); return nil })
	for _, ev := range lines {
		if err := c.Event(ev); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.End(); err != nil {
		t.Fatal(err)
	}
	return c, got
}

const ms, second = time.Millisecond, time.Second

// Lines that bring no time, that begin a log, and that tick.
var (
	untimed = faultline.Vantage{Vantage: "v"}
	epoch   = faultline.Epoch{At: noon, Epoch: "e"}
	tick    = faultline.Tick{At: noon.Add(9 * second)}
)

// ticked are lines as they arrive, and where the clock puts its ticks between them.
var ticked = []struct {
	name  string
	lines []faultline.Event
	want  string
}{
	{"ticks stand before the event that crossed the second",
		[]faultline.Event{said("a", 100*ms), said("b", 200*ms), said("c", 300*ms), said("d", 999*ms),
			said("e", second), said("f", 1500*ms), said("g", 2001*ms)},
		"0s a b c d 1s e f 2s g"},
	{"every second of a short gap is ticked",
		[]faultline.Event{said("a", 0), said("b", 0), said("c", 0), said("d", 3500*ms)},
		"0s a b c 1s 2s 3s d"},
	{"it starts at the median of the first three timed lines",
		[]faultline.Event{said("wild", 5*24*time.Hour), said("a", 2*second), said("b", 3500*ms),
			said("c", 4*second)},
		"3s wild a b 4s c"},
	{"a first line far behind does not hold it back",
		[]faultline.Event{said("old", -time.Hour), said("a", 2*second), said("b", 2500*ms)},
		"2s old a b"},
	{"with fewer than three it starts at the lowest",
		[]faultline.Event{said("a", 2*second), said("b", time.Second)},
		"1s 2s a b"},
	{"one line is enough at the end", []faultline.Event{said("a", 0)}, "0s a"},
	{"without a timed line nothing ticks", []faultline.Event{untimed, untimed}, "v v"},
	{"lines without a time pass in the order of arrival",
		[]faultline.Event{untimed, said("a", 0), untimed, said("b", 0), said("c", 0), untimed, said("d", second)},
		"v 0s a v b c v 1s d"},
	{"it stops with the last line",
		[]faultline.Event{said("a", 0), said("b", 0), said("c", 900*ms)}, "0s a b c"},
	{"late lines are handed on and do not move it",
		[]faultline.Event{said("a", 0), said("b", 0), said("c", 0), said("late", -time.Hour), said("d", second)},
		"0s a b c late 1s d"},
	{"two minutes ahead is believed",
		[]faultline.Event{said("a", 0), said("b", 0), said("c", 0), said("d", 2*second), said("e", 4*second)},
		"0s a b c 1s 2s d 3s 4s e"},
	{"more than two minutes ahead does not move it",
		[]faultline.Event{said("a", 0), said("b", 0), said("c", 0), said("ahead", 2*time.Minute+ms),
			said("ahead", 2*time.Minute+ms), said("d", second)},
		"0s a b c ahead ahead 1s d"},
	{"a row is broken by a line that is not ahead",
		[]faultline.Event{said("a", 0), said("b", 0), said("c", 0), said("x", time.Hour), said("x", time.Hour),
			said("d", 0), said("x", time.Hour), said("x", time.Hour)},
		"0s a b c x x d x x"},
	{"three ahead that do not agree do not move it",
		[]faultline.Event{said("a", 0), said("b", 0), said("c", 0), said("x", time.Hour), said("y", 2*time.Hour),
			said("z", 3*time.Hour), said("z", 3*time.Hour)},
		"0s a b c x y z z"},
	{"an epoch before any timed line: the lines bring their ticks",
		[]faultline.Event{untimed, epoch, said("a", 0), tick, said("b", 2*second), said("c", 3*second),
			said("far", 9*time.Hour)},
		"v epoch a 9s b c far"},
	{"an epoch after a timed line is left out, ticks as well",
		[]faultline.Event{tick, said("a", 0), epoch, tick, said("b", 0), said("c", 0), tick, epoch,
			said("d", second)},
		"0s a b c 1s d"},
}

func TestClock(t *testing.T) {
	for _, tt := range ticked {
		t.Run(tt.name, func(t *testing.T) {
			if _, got := run(t, tt.lines...); show(got) != tt.want {
				t.Errorf("\n got %s\nwant %s", show(got), tt.want)
			}
		})
	}
}

func TestClockBelievesExactlyTwoMinutes(t *testing.T) {
	c, _ := run(t, said("a", 0), said("b", 0), said("c", 0), said("d", 2*time.Minute))
	if got := c.Now().Sub(noon); got != 2*time.Minute {
		t.Errorf("the clock stands at noon plus %v", got)
	}
}

func TestClockJumpsToTheThirdInARowThatAgrees(t *testing.T) {
	c, got := run(t, said("a", 0), said("b", 0), said("c", 0),
		said("other", 9*time.Hour), said("x", 10*time.Minute+40*second), said("y", 10*time.Minute),
		faultline.Vantage{Vantage: "v"}, said("z", 10*time.Minute+20*second), said("d", 10*time.Minute+21*second))
	if want := 10*time.Minute + 21*second; c.Now().Sub(noon) != want {
		t.Errorf("the clock stands at noon plus %v, want %v", c.Now().Sub(noon), want)
	}
	text := show(got)
	if !strings.HasPrefix(text, "0s a b c other x y v 1s 2s ") ||
		!strings.HasSuffix(text, " 10m19s 10m20s z 10m21s d") {
		t.Errorf("got %s", text)
	}
}

func TestClockThinsTheTicksOfALongGap(t *testing.T) {
	jump := 3*time.Hour + 30*second
	_, got := run(t, said("a", 0), said("b", 0), said("c", 0), said("x", jump), said("x", jump), said("x", jump+second))
	var ticks []time.Duration
	for _, ev := range got {
		if tick, ok := ev.(faultline.Tick); ok {
			ticks = append(ticks, tick.At.Sub(noon))
		}
	}
	var want []time.Duration
	for s := time.Duration(0); s <= time.Hour; s += second {
		want = append(want, s)
	}
	for m := time.Hour + time.Minute; m <= 3*time.Hour; m += time.Minute {
		want = append(want, m)
	}
	want = append(want, 3*time.Hour+31*second)
	if !slices.Equal(ticks, want) {
		t.Errorf("%d ticks, want %d; the last are %v", len(ticks), len(want), ticks[max(0, len(ticks)-5):])
	}
}

func TestClockCrossesCenturiesInBoundedTime(t *testing.T) {
	far := 200 * 365 * 24 * time.Hour
	c, got := run(t, said("a", 0), said("b", 0), said("c", 0), said("x", far), said("x", far), said("x", far))
	if most := 3600 + 400*24*60 + 10; len(got) > most {
		t.Errorf("%d events, want at most %d", len(got), most)
	}
	last := got[len(got)-2].(faultline.Tick)
	if !last.At.Equal(noon.Add(far)) || !c.Now().Equal(last.At) {
		t.Errorf("the last tick is at %v, the clock at %v", last.At, c.Now())
	}
}

func TestClockHoldsBoundedlyManyLines(t *testing.T) {
	lines := []faultline.Event{said("a", second)}
	for i := range 2 * maxHeld {
		lines = append(lines, faultline.Vantage{Vantage: fmt.Sprint(i)})
	}
	handed := 0
	c := NewClock(func(faultline.Event) error { handed++; return nil })
	for i, ev := range lines {
		if err := c.Event(ev); err != nil {
			t.Fatal(err)
		}
		if held := i + 1 - handed; held > maxHeld {
			t.Fatalf("%d lines are held", held)
		}
	}
	if handed != len(lines)+1 {
		t.Errorf("%d handed on, want %d and one tick", handed, len(lines))
	}
}

func TestClockStopsWhenTheSinkFails(t *testing.T) {
	full := errors.New("full")
	c := NewClock(func(ev faultline.Event) error {
		if tick, ok := ev.(faultline.Tick); ok && tick.At.After(noon.Add(time.Second)) {
			return full
		}
		return nil
	})
	var err error
	for _, ev := range []faultline.Event{said("a", 0), said("b", 0), said("c", 0), said("d", 9*second)} {
		err = errors.Join(err, c.Event(ev))
	}
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}
