// Package accuracy draws random outages over a synthetic internet, with the
// truth of each, and scores what a method made of them.
//
// What belongs here: the internet (sites, who depends on what, who watches whom,
// what the map gets wrong), the kinds of scenario, their truth, and the score of
// incidents against it. The same kind and seed give the same scenario.
//
// What does not: how a scenario becomes events (package scenario), the methods
// that are compared and their running (bench/accuracy).
package accuracy
