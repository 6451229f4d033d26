// Command attack asks what a lie costs: it plays armies of liars, and vantages that
// lie with them, through the real door, its limits and the real fold, in a world of
// which everything, a part or nothing of the CDN in question is probed. For each thing
// that must not be said it searches for the cheapest army that brings it about.
//
// What belongs here: the world, the armies, what they may say, the search, the table,
// the floor below which a change is refused, and the tests that are named after the
// threats. What does not: how the door or the fold judges.
package main
