package board

import (
	"faultline"
	"faultline/trace"
)

// Trace names the span of the newest snapshot up to this one that something traced led to; the
// zero value if there is none.
func (s *Snapshot) Trace() trace.Context { return s.trace }

// ledTo are the spans that led to some changes, as many as are followed.
func ledTo(changes []faultline.Change) (all []trace.Context) {
	for _, c := range changes {
		if c.Trace != "" && len(all) < trace.MaxCarried {
			all = append(all, trace.Unpack(c.Trace)...)
		}
	}
	return all
}

// traced makes the spans of a snapshot that show makes, one in each trace that led to it.
func (k *keeper) traced(from []trace.Context, show func()) {
	spans := k.board.cfg.Tracer.Children(from, "show a snapshot")
	if len(spans) > 0 {
		k.of = spans.First()
	}
	show()
	spans.End()
}
