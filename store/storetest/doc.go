// Package storetest starts real Redis servers for tests, each on its own, and
// stops them with the test.
//
// What belongs here: processes, their readiness and their end. What does not:
// a client of Redis, and anything that a program other than a test would run.
package storetest
