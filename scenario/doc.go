// Package scenario holds outages as data: short declarative specs (who stands
// on what, what fails when and how much, who notices and who speaks of it) and
// a seeded generator that expands one into the event lines that Faultline would
// have seen.
//
// What belongs here: the shape of a spec (spec.schema.json), the specs that
// Faultline ships (specs/, one file each), their reading and checking, and the
// generator. The same spec gives the same events, to the byte.
//
// What does not: judgement about the events (package correlate), clocks and
// playing speed (cmd), and reading of event lines from files (ingest/replay).
package scenario
