// Package trace makes spans of what becomes of a report or a batch of probes, and sends them to an
// OpenTelemetry collector (OTLP over HTTP). One trace leads from the request through the door and
// the log to each node's fold. A second one leads from the tick that used it to the snapshots
// that readers get; span links connect the two, because a tick uses the input of many.
//
// What belongs here: when a trace is kept, what a span may say, the form in which the log carries
// it, and the export. What does not: which work gets a span, which is decided where it is done.
//
// A nil *Tracer and a nil *Span are valid and do nothing: with tracing off there is no goroutine,
// and nothing is allocated. No span may say anything about a person: no address, no path or query
// of a request, no text of a report, no token.
package trace
