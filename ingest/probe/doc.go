// Package probe checks sites the way a browser opens them. A check is a walk of
// five steps: resolve, connect, secure, ask, follow. What each proves and every
// outcome that there is stands in docs/probing.md, whose tables are written from
// tables.go and refusal.go. Each check makes one probe of the contract.
//
// What belongs here: the steps and what their outcomes are called, the guard
// that keeps checks on the public internet, the schedule (spread, budgets,
// back-off, requested checks), and the vantage's doubt about itself (canaries,
// unrelated sites that fail at once). What does not: what a site depends on
// (package infra, seen here only as [Grounds]), how probes get into the log (the
// API, seen as [Sink]), and any judgement of what failures mean (package
// correlate).
package probe
