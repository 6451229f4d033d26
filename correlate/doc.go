// Package correlate is Faultline's engine: a pure fold of the log into
// incidents. Events become evidence (per site, a log-likelihood ratio of failing
// against healthy), evidence becomes causes (the components that best explain
// it, jointly), and causes become incidents (identity over time).
//
// What belongs here: windows, baselines, evidence, cause, onset, lifecycle,
// title, and everything that decides what a crowd is worth. What does not: a
// clock, input and output, goroutines, and whatever could make the same input
// give other bytes; time arrives as an event like all else.
package correlate
