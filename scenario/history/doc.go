// Package history holds replays: what Faultline says of outages of the past, moment by
// moment, when it is fed with a reconstruction of what could have been seen.
//
// What belongs here: the recordings that the program ships (recorded/, one file each),
// their form, how they are scored against the public record, and the table of
// docs/replays.md. What does not: the reconstructions themselves (package scenario) and
// the making of recordings (docs/replays), which needs the engine.
package history
