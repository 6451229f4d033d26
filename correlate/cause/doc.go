// Package cause finds what explains the failures that are seen: the set of components
// that does so best, jointly. It is a noisy-OR over components, each with a failing
// fraction q that is integrated out, over a leak by which sites fail on their own. It is
// searched greedily by likelihood (as Flock does, CoNEXT 2023), with healthy sites as
// negative evidence, and a component is blamed only for what nothing else explains.
//
// What belongs here: the search, the weighing of one component against what is known,
// and their thresholds. What does not: where evidence comes from, which incident a cause
// belongs to, what is published. The package knows no engine and no time. [Solve] is a
// function of its [Problem] alone; nothing of the search is written into the problem.
package cause
