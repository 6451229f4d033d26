package correlate

import (
	"strings"
	"testing"
	"time"

	"faultline"
)

// audience is how many requests a minute the networks of a world make: usual ones, and what
// else they make from some minute on.
type audience struct {
	nodes   []string
	usual   map[uint32]int
	changed map[uint32]int // others stay as usual
	from    int            // minutes
	to      int
}

// readAll has six networks read, of which AS812 is one.
func readAll() audience {
	r := audience{nodes: []string{"n1"}, usual: map[uint32]int{}, changed: map[uint32]int{}, from: 50, to: 90}
	for i, asn := range []uint32{812, 577, 2856, 3320, 7018, 7922} {
		r.usual[asn] = 600 + 100*i
	}
	return r
}

// others changes what all networks but one read.
func (r audience) others(but uint32, times float64) {
	for asn, n := range r.usual {
		if asn != but {
			r.changed[asn] = int(times * float64(n))
		}
	}
}

// requests are those of one network in a minute: not quite the same each time.
func (r audience) requests(asn uint32, m int) int {
	n := r.usual[asn]
	if now, ok := r.changed[asn]; ok && m > r.from && m <= r.to {
		n = now
	}
	return n + (m*37+int(asn))%41
}

// lines are what the nodes of a world append until some minute.
func (r audience) lines(minutes int) []faultline.Event {
	var evs []faultline.Event
	for m := 1; m < minutes; m++ {
		for _, node := range r.nodes {
			line := faultline.Readers{At: after(float64(m)), Node: node}
			for asn := range r.usual {
				n := r.requests(asn, m)
				line.Networks = append(line.Networks,
					faultline.ReaderNetwork{ASN: asn, Country: "CA", Requests: n / len(r.nodes)})
			}
			evs = append(evs, line.Bounded())
		}
	}
	return evs
}

// readTown is a quiet town with readers.
func readTown(minutes int, r audience) *world {
	w := quietTown(60, minutes)
	w.calm = 40
	w.grumble(3)
	w.said = append(w.said, r.lines(minutes)...)
	return w
}

// A network whose people stop reading while others read more than usual has failed, even
// if nobody in it can report anything.
func TestSilentReadersConfirmTheOutageOfTheirNetwork(t *testing.T) {
	t.Parallel()
	for name, nodes := range map[string][]string{"one node": {"n1"}, "two nodes": {"n1", "n2"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := readAll()
			r.nodes, r.changed[812] = nodes, 0
			r.others(812, 1.3)
			in := readTown(58, r).run(t).wantOne(t, "isp:AS812")
			if in.Basis != faultline.BasisReaders || !strings.Contains(in.Title, "silence of our readers") {
				t.Errorf("basis %s, title %q", in.Basis, in.Title)
			}
			wantOnset(t, in, after(50), 15*time.Second)
			if late := in.ConfirmedAt.Sub(after(50)); late < 0 || late > 3*time.Minute {
				t.Errorf("confirmed %v after the onset", late)
			}
			got := in.Evidence.Readers
			if got == nil || got.State != faultline.ReadersSilent || got.Usual < 500 || got.Usual > 700 {
				t.Errorf("readers %+v", got)
			}
		})
	}
}

// It is over when they read again, and the same incident if they stop again.
func TestReadersComeBack(t *testing.T) {
	t.Parallel()
	r := readAll()
	r.changed[812], r.to = 0, 56
	r.others(812, 1.3)
	in := readTown(72, r).run(t).wantOne(t, "isp:AS812")
	if in.State != faultline.StateResolved || in.ResolvedAt.Sub(after(56)).Abs() > time.Minute {
		t.Errorf("%s, resolved at %v, want about %v", in.State, in.ResolvedAt, after(56))
	}
}

// What looks like silence and is none: nobody reads more elsewhere, all fall silent
// together as we cannot be reached, the network is too small to tell or was never known.
func TestWhatIsNoSilence(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(audience){
		"others read as usual":     func(r audience) { clear(r.changed); r.changed[812] = 0 },
		"all fall silent":          func(r audience) { r.others(0, 0) },
		"half of all fall silent":  func(r audience) { r.changed[577], r.changed[2856] = 0, 0 },
		"it falls by half":         func(r audience) { r.changed[812] = 320 },
		"few ever read from there": func(r audience) { r.usual[812] = 120 },
		"one other network rushes": func(r audience) { clear(r.changed); r.changed[812], r.changed[577] = 0, 100_000 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := readAll()
			r.changed[812] = 0
			r.others(812, 1.3)
			spoil(r)
			readTown(58, r).run(t).wantNone(t)
		})
	}
}

// An army inside a network, over as many prefixes as the rule asks for, cannot make it
// fail while its people go on reading.
func TestSteadyReadersContradictACrowd(t *testing.T) {
	t.Parallel()
	crowd := crowdOf{from: 50, to: 62, perMinute: 60, asns: []uint32{812}, symptom: "timeout"}
	for name, c := range map[string]struct {
		change func(audience)
		basis  string // empty: nothing is confirmed
	}{
		"they read as usual":     {func(audience) {}, ""},
		"nothing is known":       {func(r audience) { delete(r.usual, 812) }, faultline.BasisReports},
		"they read half as much": {func(r audience) { r.changed[812] = 300 }, faultline.BasisReports},
		"they read twice as much, as they look here for what is wrong": {
			func(r audience) { r.changed[812] = 1300 }, faultline.BasisReports},
		"they fall silent": {
			func(r audience) { r.changed[812] = 0; r.others(812, 1.3) }, faultline.BasisReadersReports},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := readAll()
			c.change(r)
			w := readTown(62, r)
			crowd := crowd
			crowd.sites = w.all()
			w.crowds = append(w.crowds, crowd)
			s := w.run(t)
			if c.basis == "" {
				s.wantNone(t)
				return
			}
			if in := s.wantOne(t, "isp:AS812"); in.Basis != c.basis {
				t.Errorf("basis %q, want %q", in.Basis, c.basis)
			}
		})
	}
}

// Lines that come twice, late, or after the minute was judged change nothing.
func TestReadersCountOnce(t *testing.T) {
	t.Parallel()
	r := readAll()
	once, twice := readTown(40, r), readTown(40, r)
	twice.said = append(twice.said, r.lines(40)...)
	a, b := New(Config{}), New(Config{})
	for _, ev := range once.events() {
		a.Fold(ev)
	}
	for _, ev := range twice.events() {
		b.Fold(ev)
	}
	if len(a.readers.Networks) != len(r.usual) {
		t.Fatalf("%d networks are known, want %d", len(a.readers.Networks), len(r.usual))
	}
	for i, n := range a.readers.Networks {
		if o := b.readers.Networks[i]; n.Usual != o.Usual || n.Known != o.Known {
			t.Errorf("AS%d: %v, and %v when each line comes twice", n.ASN, n.Usual, o.Usual)
		}
	}
}

// A checkpoint of the version before is read: what this one added is empty there.
func TestACheckpointOfTheVersionBeforeIsRead(t *testing.T) {
	t.Parallel()
	e := New(Config{})
	for _, ev := range quietTown(20, 36).events() {
		e.Fold(ev)
	}
	head := e.saved()
	head.Version = oldestCheckpoint
	next := e.snapshotOf(head)
	var old []byte
	for piece := range pieces(next) {
		old = append(old, piece...)
	}
	back, err := Restore(Config{}, old)
	if err != nil {
		t.Fatal(err)
	}
	if string(back.Checkpoint()) != string(e.Checkpoint()) {
		t.Error("the engine that was restored holds something else")
	}
}
