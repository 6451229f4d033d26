package replica

import (
	"bytes"
	"sync/atomic"
	"testing"
	"time"

	"faultline"
	"faultline/pace"
	"faultline/store"
)

// calmEngine is settled when the test says so.
type calmEngine struct {
	Engine
	calm *atomic.Bool
}

func (e calmEngine) Settled() bool { return e.calm.Load() }

// waits reports whether a checkpoint has been asked for that has not begun.
func (w *worker) waits(t *testing.T) (waits bool) {
	t.Helper()
	if err := w.fold.Do(t.Context(), func(Engine, store.Cursor) {
		waits = w.fold.encoding != nil && w.fold.encoding.next == nil
	}); err != nil {
		t.Fatal(err)
	}
	return waits
}

// A checkpoint waits for a good moment while the fold goes on, and is then of that
// moment; but not for ever.
func TestCheckpointWaitsForAGoodMoment(t *testing.T) {
	r, calm := newRig(t), new(atomic.Bool)
	w := r.start("", func(w *worker) {
		w.follows = true
		w.fold.newEngine = func(cp []byte) (Engine, error) {
			e, err := newToy("")(cp)
			return calmEngine{e, calm}, err
		}
	})
	r.append(report(), faultline.Tick{At: noon})
	r.reads(w)
	type answer struct {
		enc encoded
		err error
	}
	got := make(chan answer, 1)
	go func() {
		enc, err := w.fold.Encode(t.Context(), time.Hour)
		got <- answer{enc, err}
	}()
	pace.Eventually(t, "a checkpoint is asked for", func() bool { return w.waits(t) })
	r.append(report(), faultline.Tick{At: noon.Add(time.Second)})
	r.reads(w)
	if !w.waits(t) {
		t.Error("it does not wait")
	}
	calm.Store(true)
	a := <-got
	if a.err != nil || a.enc.cursor.Pos != w.fold.status.Load().Pos || len(a.enc.state) < 2 {
		t.Errorf("%v, at %s in %d pieces", a.err, a.enc.cursor.Pos, len(a.enc.state))
	}
	e, err := newToy("")(bytes.Join(a.enc.state, nil))
	if err != nil || e.View().Counters.Reports != 2 {
		t.Errorf("it holds %+v, %v", e.View().Counters, err)
	}
	calm.Store(false)
	if _, err := w.fold.Encode(t.Context(), time.Millisecond); err != nil {
		t.Errorf("with nothing to wait for any longer: %v", err)
	}
}
