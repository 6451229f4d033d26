// Package probe looks at sites the way a browser would begin to: name, address,
// connection, certificate, answer. Each look is one probe of the contract.
//
// What belongs here: the checks by layer and what their outcomes are called,
// the guard that keeps them on the public internet, the schedule (spread,
// budgets, back-off, wishes), and the vantage's doubt about itself (canaries,
// unrelated sites that fail at once). What does not: what a site stands on
// (package infra, seen here only as [Grounds]), how probes get into the log (the
// door, seen as [Sink]), and any judgement of what failures mean (package
// correlate).
package probe
