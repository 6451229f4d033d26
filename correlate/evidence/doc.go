// Package evidence says what probes and reports of one site are worth: for each window, the
// logarithm of how much likelier they are if the site has been failing since the window
// began than if it is well. Probes and crowd are weighed apart, each source is bounded, and
// no data is exactly 0.
//
// What belongs here: the results of a site by vantage and the reports of it ([Track],
// [Crowd]), what is normal for them ([Rate]), how many people there are in a crowd, how far
// the failures at a vantage may be believed ([Views]), and the thresholds of all that. What
// does not: which sites are weighed when, the search for causes, incidents, and what is
// published. The package knows no engine and no clock: each function is given the time, and
// says the same of the same values, so that tables try it. What it writes down in a [Track]
// or a [Crowd] beside their exported fields is worked out of those, and is in no checkpoint.
package evidence
