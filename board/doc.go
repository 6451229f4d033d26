// Package board is what every node holds for readers: the last revision of each
// incident, the newest view of the sites and the map's index, in memory and in a
// snapshot on the node's disk.
//
// What belongs here: following the source of changes, the snapshot that readers
// get and that never changes, reading through to the source for what is not held,
// and handing each change to a [Listener] in step with the snapshot. What does
// not: the shapes of answers (package api), pages (package web), who is connected
// (package api/stream), and what is concluded from events (package correlate).
//
// Bodies are rendered when what they say changes, not when somebody asks, and a
// read of current state never waits for the store.
package board
