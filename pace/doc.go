// Package pace is for tests that must wait by the wall clock: for another
// process, a browser, a real Redis. It measures how fast the machine is just now
// and stretches their limits by it, so that a test which is green on an idle
// machine is green on a slow or a busy one. It also says which of the two runs a
// test is part of.
//
// A test waits for an event and not for a time; its limit only ends a wait that
// would never end. Where no other process takes part, use testing/synctest
// instead: its clock is exact.
//
// Only tests import this package.
package pace
