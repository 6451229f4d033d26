package trace

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Span is a piece of work that is kept. A nil one is of work that is not, and does nothing.
type Span struct{ span oteltrace.Span }

// Context names the span, for those who go on from it.
func (s *Span) Context() Context {
	if s == nil {
		return Context{}
	}
	c := s.span.SpanContext()
	return Context{c.TraceID(), c.SpanID()}
}

// Set says something about the work. The value must be a word of this program, such as an
// outcome, or a name that is public, such as an incident's id.
func (s *Span) Set(key, value string) {
	if s != nil {
		s.span.SetAttributes(attribute.String(key, value))
	}
}

// Count says how many there were of something.
func (s *Span) Count(key string, n int) {
	if s != nil {
		s.span.SetAttributes(attribute.Int(key, n))
	}
}

// Rename gives the span the name that is known once the work is done.
func (s *Span) Rename(name string) {
	if s != nil {
		s.span.SetName(name)
	}
}

// Link names another span that the work depends on, or led to, without being a part of it.
func (s *Span) Link(to Context) {
	if s != nil && to.Valid() {
		s.span.AddLink(oteltrace.Link{SpanContext: to.otel(true)})
	}
}

// Fail says that the work failed, and why, by a word of this program. The text of an error must
// not be given: it may quote what somebody sent.
func (s *Span) Fail(why string) {
	if s != nil {
		s.span.SetStatus(codes.Error, why)
	}
}

// End ends the work.
func (s *Span) End() {
	if s != nil {
		s.span.End()
	}
}

// Carry returns a context whose writes carry the span along, see [Carried].
func (s *Span) Carry(ctx context.Context) context.Context {
	if s == nil {
		return ctx
	}
	return Spans{s}.Carry(ctx)
}

// Spans are one piece of work that belongs to several traces: a span in each.
type Spans []*Span

// Carry returns a context whose writes carry all of them along, see [Carried].
func (s Spans) Carry(ctx context.Context) context.Context {
	if len(s) == 0 {
		return ctx
	}
	return context.WithValue(ctx, carriedKey{}, Pack(s.Contexts()...))
}

// Contexts names them.
func (s Spans) Contexts() []Context {
	list := make([]Context, len(s))
	for i, span := range s {
		list[i] = span.Context()
	}
	return list
}

// First names the first of them; the zero value if there is none.
func (s Spans) First() Context {
	if len(s) == 0 {
		return Context{}
	}
	return s[0].Context()
}

// Set is [Span.Set] for each.
func (s Spans) Set(key, value string) {
	for _, span := range s {
		span.Set(key, value)
	}
}

// Count is [Span.Count] for each.
func (s Spans) Count(key string, n int) {
	for _, span := range s {
		span.Count(key, n)
	}
}

// Fail is [Span.Fail] for each.
func (s Spans) Fail(why string) {
	for _, span := range s {
		span.Fail(why)
	}
}

// End ends each.
func (s Spans) End() {
	for _, span := range s {
		span.End()
	}
}
