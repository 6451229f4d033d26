// Command metrics writes docs/metrics.md: every metric of the program, as the sources
// register it.
//
// What belongs here: reading the sources, and the table. What does not: what alerts and
// dashboards make of the metrics, which is in deploy; the tests here hold those to it.
package main
