// Package correlate is Faultline's engine: a pure fold of the log into
// incidents. Events become evidence (per site, a log-likelihood ratio of failing
// against healthy), evidence becomes causes (the components that best explain
// it, jointly), and causes become incidents (identity over time).
//
// What belongs here: windows, baselines, evidence, onset, lifecycle, title, and
// everything that decides what a crowd is worth; what the search for causes is asked,
// and what is made of its answer. What does not: the search itself (correlate/cause), a
// clock, input and output, goroutines, and whatever could make the same input
// give other bytes; time arrives as an event like all else.
package correlate
