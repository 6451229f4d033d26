// Package replica is one copy of the correlator's state: it follows the log and folds
// it, on every node; while its node holds the lease it leads, which is to append the
// time to the log and to store what the fold made.
//
// What belongs here: the goroutine that owns the fold, the lease and what only its
// holder does, checkpoints, and whether the fold keeps up. What does not: judgement
// about evidence (the engine is passed in), how things are kept in Redis (package
// store), and what is published to readers (packages board and api).
//
// The fold is the same on every node, because the log is. So a standby has made the
// same revisions as the leader, and stores those that a leader which died did not.
package replica
