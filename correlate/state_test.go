package correlate

import (
	"bytes"
	"reflect"
	"testing"
	"unsafe"

	"faultline"
)

// eventful is an engine that remembers something in every field of its state.
func eventful(t *testing.T) *Engine {
	t.Helper()
	e := New(Config{})
	e.Fold(faultline.Epoch{Epoch: "0123456789abcdef"})
	for _, ev := range busy().events() {
		e.Fold(ev)
	}
	e.Fold(faultline.SiteRecord{Site: "two.example", Components: []faultline.Component{"cdn:x", "cdn:y"},
		Shares: map[faultline.Component]float64{"cdn:x": 0.7}, Owner: "Two", Runs: []faultline.Component{"cdn:two"},
		Uses: []faultline.Component{"cdn:z"}})
	e.Fold(faultline.Statement{At: e.Clock(), Component: "cdn:nobody", Source: "s", Status: "investigating", Text: "t"})
	e.Fold(faultline.Readers{At: e.Clock(), Node: "n1", Networks: []faultline.ReaderNetwork{{ASN: 812, Requests: 600}}})
	// What no event leaves behind for sure.
	e.pending = append(e.pending, pendingCause{Cause: "cdn:y", At: e.clock})
	e.stableUntil = e.clock
	return e
}

// zeroed returns an engine with the same state but for one field, which is zero.
func zeroed(e *Engine, field int) *Engine {
	copied := *e
	f := reflect.ValueOf(&copied.state).Elem().Field(field)
	reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().SetZero() // unexported, and ours
	return &copied
}

// A field that is left out of the checkpoint would be lost by a restart, and the
// successor would decide otherwise than its predecessor.
func TestEveryFieldOfTheStateIsInTheCheckpoint(t *testing.T) {
	e := eventful(t)
	whole := e.Checkpoint()
	fields := reflect.TypeFor[state]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		if reflect.ValueOf(&e.state).Elem().Field(i).IsZero() {
			t.Errorf("state.%s is zero: have the engine of this test remember something in it", name)
			continue
		}
		if bytes.Equal(zeroed(e, i).Checkpoint(), whole) {
			t.Errorf("state.%s is not in the checkpoint", name)
		}
	}
}

// What a checkpoint says comes back whole.
func TestARestoredStateMakesTheSameCheckpoint(t *testing.T) {
	e := eventful(t)
	whole := e.Checkpoint()
	back, err := Restore(Config{}, whole)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(back.Checkpoint(), whole) {
		t.Error("the checkpoint of a restored engine is another one")
	}
}
