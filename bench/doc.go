// Command bench measures Faultline against limits that it measures in the same
// run, and prints each figure beside its target.
//
// What belongs here: the harness (interleaved rounds, medians, spread, CPU time
// by the operating system's accounting) and one file a group of figures, each
// with the load that it makes and the check that what was counted is what was
// answered. What does not: tests of behaviour, and anything that a released
// binary needs.
package main
