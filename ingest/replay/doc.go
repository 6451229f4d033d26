// Package replay reads event lines (NDJSON, plain or gzip) and hands them on as
// events, together with the ticks of a clock that the lines themselves drive.
//
// What belongs here: decoding and validating a line, naming malformed ones by
// file and line, and the replay clock. What does not: judging lateness, repeats
// or evidence (the fold does that, for live events and replayed ones alike),
// and anything that reads the wall clock or the network.
package replay
