// Package faultline holds the nouns of Faultline, a public outage-correlation service: sites,
// components, symptoms, the events that say something about them, and the incidents that are
// published.
//
// What belongs here: types that more than one package speaks, with their JSON
// shapes, their validity and their order. What does not: input and output of
// any kind, clocks, judgement about evidence (package correlate), and anything
// that needs more than the standard library.
package faultline
