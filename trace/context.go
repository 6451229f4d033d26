package trace

import (
	"context"

	oteltrace "go.opentelemetry.io/otel/trace"
)

const (
	// MaxCarried is how many spans one entry of the log, or one view, names at most.
	MaxCarried = 8

	carriedVersion = 1
	idBytes        = 16 + 8 // of the trace and of the span
)

// Context names one span that is kept, of this process or of another. The zero value names none.
type Context struct {
	trace oteltrace.TraceID
	span  oteltrace.SpanID
}

// Valid reports whether there is such a span.
func (c Context) Valid() bool { return c.trace.IsValid() && c.span.IsValid() }

// otel is c as OpenTelemetry has it.
func (c Context) otel(remote bool) oteltrace.SpanContext {
	return oteltrace.NewSpanContext(oteltrace.SpanContextConfig{TraceID: c.trace, SpanID: c.span,
		TraceFlags: oteltrace.FlagsSampled, Remote: remote})
}

// Pack writes up to [MaxCarried] contexts in the form in which Redis carries them: a byte for the
// version, then 24 bytes each. Of none it returns nil.
func Pack(list ...Context) []byte {
	if len(list) == 0 {
		return nil
	}
	list = list[:min(len(list), MaxCarried)]
	b := make([]byte, 1, 1+len(list)*idBytes)
	b[0] = carriedVersion
	for _, c := range list {
		b = append(append(b, c.trace[:]...), c.span[:]...)
	}
	return b
}

// Unpack is the inverse of Pack. What it can't read, such as the form of a newer release, is as if
// nothing were carried: a trace that ends early harms nobody.
func Unpack(carried string) []Context {
	if carried == "" || carried[0] != carriedVersion || (len(carried)-1)%idBytes != 0 {
		return nil
	}
	var list []Context
	for rest := carried[1:]; rest != "" && len(list) < MaxCarried; rest = rest[idBytes:] {
		var c Context
		copy(c.trace[:], rest)
		copy(c.span[:], rest[len(c.trace):])
		if c.Valid() {
			list = append(list, c)
		}
	}
	return list
}

// carriedKey is where a context has what [Spans.Carry] put there.
type carriedKey struct{}

// Carried is what the write that ctx is of should carry along, in the form of [Pack]; nil: nothing.
func Carried(ctx context.Context) []byte {
	carried, _ := ctx.Value(carriedKey{}).([]byte)
	return carried
}
