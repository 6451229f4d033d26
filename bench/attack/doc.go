// Command attack asks what a lie costs: it plays armies of liars through the real
// door, its limits and the real fold, in a world whose probes find all well or
// that nothing probes, and prints the least of them that reach each state.
//
// What belongs here: the world, the armies, the table, and the tests that are
// named after the threats. What does not: how the door or the fold judges.
package main
