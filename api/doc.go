// Package api is Faultline's HTTP interface for programs: reports and probes
// in, incidents, sites and the summary out, the event stream, and the endpoints
// that operators look at.
//
// What belongs here: routes, authentication, limits on what a request may cost,
// and the shapes of answers. What does not: a node's own memory of what it
// answers from (package board), what a report or probe means and where it is
// written (package ingest), what is concluded from them (package correlate),
// how it is kept (package store), and pages for people (package web).
package api
