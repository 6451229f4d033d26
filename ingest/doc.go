// Package ingest is the door: everything that people and agents say enters
// Faultline here and leaves as events in the log.
//
// What belongs here: what a name means as a site, what is refused and why, the
// pseudonyms that stand for a person's address, the dropping of repeats that
// saves the log some work, and group commit, so that whoever is answered is
// answered after the log has answered.
//
// What does not: HTTP (package api), how the log is kept (package store, seen
// here only as [Log]), and any judgement about what a report is worth (package
// correlate, which sees replayed lines as well and therefore repeats every
// check on which a verdict rests).
package ingest
