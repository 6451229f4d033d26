package replica

import (
	"time"

	"faultline"
	"faultline/store"
	"faultline/trace"
)

const (
	// maxAwaiting bounds the traced entries that wait for the tick that weighs them.
	maxAwaiting = 32
	// traceWithin is how old an entry may be to get a span: a fold that catches up with hours of
	// log must not send all of their spans again.
	traceWithin = time.Minute
)

// traces makes the spans of a fold. The goroutine of the fold owns it. They are made here and not
// in the engine, which knows nothing of them: the same log makes the same incidents whether or not
// it is traced.
type traces struct {
	tracer   *trace.Tracer    // nil: there are none
	now      func() time.Time // the clock by which the log is dated
	awaiting []*trace.Span    // of what was folded and not weighed yet
	tick     trace.Context    // the last one that weighed something traced
}

// begin begins the spans of a batch, one in each trace that leads to it, and returns what ends
// them.
func (t *traces) begin(b store.Batch) (end func()) {
	if t.tracer == nil || b.Trace == "" || t.now().Sub(b.Pos.Time()) > traceWithin {
		return func() {}
	}
	spans := t.tracer.Children(trace.Unpack(b.Trace), "fold")
	spans.Count("faultline.events", len(b.Events))
	spans.Set("faultline.log.position", b.Pos.String())
	return func() {
		spans.End()
		for _, c := range spans.Contexts() {
			if len(t.awaiting) == maxAwaiting {
				break
			}
			t.awaiting = append(t.awaiting, t.tracer.Child(c, "await the tick that weighs"))
		}
	}
}

// fold has the engine fold an event. A tick that weighs what was traced begins a trace of its own,
// which is returned: it uses what many traces led to, so that it is linked to all of them and a
// part of none.
func (t *traces) fold(eng Engine, ev faultline.Event) ([]faultline.Incident, trace.Context) {
	if _, tick := ev.(faultline.Tick); !tick || len(t.awaiting) == 0 {
		return eng.Fold(ev), trace.Context{}
	}
	before, began := eng.Weighed(), t.tracer.Now()
	made := eng.Fold(ev)
	if !eng.Weighed().After(before) {
		return made, trace.Context{}
	}
	span := t.tracer.Gather(trace.Spans(t.awaiting).Contexts(), "weigh at a tick", began)
	span.Count("faultline.revisions", len(made))
	span.End()
	for _, waited := range t.awaiting {
		waited.Link(span.Context())
		waited.End()
	}
	t.awaiting, t.tick = nil, span.Context()
	return made, t.tick
}

// forget drops what waits: the fold begins again from a checkpoint.
func (t *traces) forget() { t.awaiting = nil }
