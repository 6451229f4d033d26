// Package stream serves the changes of incidents as server-sent events (HTML
// Standard, section 9.2) to many clients at once.
//
// What belongs here: the hub that hands out each change, the bytes of events,
// resuming from a position, and writing to connections without a goroutine for
// each. What does not: what a request may ask for and who may (package api), and
// where changes come from (package board).
package stream
