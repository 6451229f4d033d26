package correlate

import (
	"bytes"
	"encoding/gob"
	"slices"
	"testing"

	"faultline"
)

// busy is a world with something of everything: noise, people, an outage with a
// statement, a site's own fault, and a network that fails at its viewers' side.
func busy() *world {
	w := cdnOutage(40)
	w.minutes = 66
	w.noise = 0.005
	w.grumble(3)
	w.faults = append(w.faults,
		fault{sites: []string{"s004.example"}, from: 36, to: 50, symptom: "dns"},
		fault{sites: w.on("cdn:x"), from: 62, to: 66, symptom: "http_503"})
	w.crowds = append(w.crowds,
		crowdOf{sites: w.on("cdn:x"), from: 36, to: 47, perMinute: 30, asns: asns(3000, 20), symptom: "http_503"},
		crowdOf{sites: w.all(), from: 50, to: 58, perMinute: 60, asns: []uint32{812}})
	return w
}

// Stopping anywhere and reading on from a checkpoint gives what never stopping
// gives, byte for byte.
func TestCheckpointGoesUnnoticed(t *testing.T) {
	t.Parallel()
	evs := busy().events()
	straight := play(t, New(Config{Drill: true}), evs)
	if len(straight.published()) < 2 {
		t.Fatalf("the world is not busy enough: %d incidents", len(straight.published()))
	}
	straight.wantStory(t)
	want := mustJSON(t, straight.revisions)
	view, checkpoint := mustJSON(t, straight.engine.View()), straight.engine.Checkpoint()
	for name, every := range map[string]int{"often": 641, "seldom": len(evs)/2 - 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := New(Config{Drill: true})
			var revs []faultline.Incident
			for i, ev := range evs {
				if i%every == every-1 {
					e = reborn(t, e)
				}
				revs = append(revs, e.Fold(ev)...)
			}
			for i := range revs {
				if i >= len(straight.revisions) || !bytes.Equal(mustJSON(t, revs[i]), straight.said[i]) {
					t.Fatalf("revision %d of %s at %v differs", revs[i].Revision, revs[i].ID, revs[i].UpdatedAt)
				}
			}
			if !bytes.Equal(mustJSON(t, revs), want) {
				t.Error("other revisions")
			}
			if !bytes.Equal(mustJSON(t, e.View()), view) {
				t.Error("another view")
			}
			if !bytes.Equal(e.Checkpoint(), checkpoint) {
				t.Error("another last checkpoint")
			}
		})
	}
}

// reborn is an engine's successor, from its checkpoint, which must be the same
// each time that it is taken.
func reborn(t *testing.T, e *Engine) *Engine {
	t.Helper()
	saved := e.Checkpoint()
	if !bytes.Equal(saved, e.Checkpoint()) {
		t.Fatalf("%v: two checkpoints of one state differ", e.Clock())
	}
	next, err := Restore(e.cfg, saved)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestTwoRunsAreTheSame(t *testing.T) {
	t.Parallel()
	w := busy()
	w.minutes = 42
	a, b := w.run(t), w.run(t)
	if !bytes.Equal(mustJSON(t, a.revisions), mustJSON(t, b.revisions)) || len(a.revisions) == 0 {
		t.Error("two runs tell different things")
	}
	if !bytes.Equal(a.engine.Checkpoint(), b.engine.Checkpoint()) {
		t.Error("two runs leave different states")
	}
}

func TestIDsAreOfTheLog(t *testing.T) {
	t.Parallel()
	w := quietTown(40, 37)
	w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 37, symptom: "http_503"}}
	evs := w.events()
	one := play(t, New(Config{}), evs).wantOne(t, "cdn:x")
	evs[0] = faultline.Epoch{At: dawn, Epoch: "01HOTHER"}
	other := play(t, New(Config{}), evs).wantOne(t, "cdn:x")
	if one.ID == other.ID || one.ID[:14] != other.ID[:14] {
		t.Errorf("ids %s and %s in two logs, want one time and two names", one.ID, other.ID)
	}
}

func TestDrillsSaySo(t *testing.T) {
	t.Parallel()
	w := quietTown(40, 37)
	w.faults = []fault{{sites: w.on("cdn:x"), from: 35, to: 37, symptom: "http_503"}}
	for _, drill := range []bool{true, false} {
		if in := play(t, New(Config{Drill: drill}), w.events()).wantOne(t, "cdn:x"); in.Drill != drill {
			t.Errorf("drill %v, the incident says %v", drill, in.Drill)
		}
	}
}

func TestRestoreRefusesWhatItCanNotRead(t *testing.T) {
	t.Parallel()
	e := quietTown(10, 5).run(t).engine
	whole := e.Checkpoint()
	var newer bytes.Buffer
	if err := gob.NewEncoder(&newer).Encode(struct{ Version int }{CheckpointVersion + 1}); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("not a checkpoint"), "half of it": whole[:len(whole)/2],
		"another version": newer.Bytes(),
	} {
		if got, err := Restore(Config{}, b); err == nil || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if got, err := Restore(Config{}, whole); err != nil || !got.Clock().Equal(e.Clock()) {
		t.Errorf("a whole one: %v", err)
	}
}

// A checkpoint whose writer was wrong has the right checksum. What points to nothing in it
// is refused when it is read, so that an older one is taken instead of ending the process
// at some later event.
func TestRestoreRefusesWhatPointsToNothing(t *testing.T) {
	t.Parallel()
	evs := busy().events()
	for name, spoil := range map[string]func(*Engine){
		"a member without a site":       func(e *Engine) { e.incidents[0].Members[0].Site = 1 << 30 },
		"members out of order":          func(e *Engine) { slices.Reverse(e.incidents[0].Members) },
		"a site of an unknown incident": func(e *Engine) { e.sites.rows[0].Incident = 1 << 40 },
		"an unknown vantage": func(e *Engine) {
			e.incidents[0].ByVantage = []seenFrom{{Vantage: 1 << 30}}
		},
		"an unknown network":     func(e *Engine) { e.incidents[0].Networks = []uint32{1 << 30} },
		"a vantage of no region": func(e *Engine) { e.vantages.rows[0].Region = 1 << 30 },
		"incidents out of order": func(e *Engine) { e.incidents[0].Ordinal = 1 << 40 },
	} {
		e := New(Config{})
		for _, ev := range evs {
			e.Fold(ev)
		}
		if len(e.incidents) < 2 || len(e.incidents[0].Members) < 2 {
			t.Fatal("the world is not busy enough")
		}
		if _, err := Restore(Config{}, e.Checkpoint()); err != nil {
			t.Fatalf("a good one is refused: %v", err)
		}
		spoil(e)
		if _, err := Restore(Config{}, e.Checkpoint()); err == nil {
			t.Errorf("%s is restored", name)
		}
	}
}
