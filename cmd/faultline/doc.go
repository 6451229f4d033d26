// Command faultline runs Faultline and the tools around it: serve takes reports
// and probes in and tells incidents, replay folds event lines from files,
// export writes the log out as such lines, token issues credentials for agents,
// version and healthcheck are for operators.
//
// What belongs here: flags and environment, the wall clock, the wiring of the
// packages, the private Redis, the goroutine that owns the fold of the log, and
// who leads. What does not: judgement about evidence (package correlate), what
// a request may say (packages ingest and api), and how things are kept in Redis
// (package store).
package main
