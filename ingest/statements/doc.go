// Package statements reads what providers say of themselves: their public status
// pages, polled, as statement events.
//
// What belongs here: the list of pages (sources.json, its shape in
// sources.schema.json), the forms they come in (Atlassian Statuspage v2, RSS,
// Atom), how far a text says that things are, which component a statement is about,
// and manners: conditional requests, back-off, bounds. A page is asked on public
// addresses and on its own host alone.
//
// What does not: where the events go (the leader appends them to the log), and
// which incident a statement belongs to (package correlate). A statement is shown
// and never evidence.
package statements
