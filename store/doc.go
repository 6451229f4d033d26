// Package store keeps what Faultline must not forget, on Redis: the log, the
// correlator's checkpoints, the revisions of incidents, the newest view, the
// lease with its fence, and the day's pseudonym key.
//
// What belongs here: the shape of every key (keys.go is their one registry), the
// packing of batches, the Lua scripts (lua/), and the clients. What does not:
// judgement about what is stored, retries, and clocks; the caller passes time in
// and decides what to do about an error.
//
// All keys share one hash tag, so that a failover which loses a suffix loses
// log, checkpoint, revisions and fence together, and so that a script may touch
// several of them on a cluster.
//
// A write whose reply is lost may have happened. No call here repeats a write by
// itself; instead each is safe to repeat: batches carry an idempotency key that
// readers honour, revisions and checkpoints are accepted again when equal.
package store
