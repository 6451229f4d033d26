// Package record keeps the public record of what Faultline has published: a list that
// only grows, of one entry for each revision of an incident, under a Merkle tree whose
// heads are signed.
//
// The tree is that of C2SP tlog-tiles (https://c2sp.org/tlog-tiles), a head is a signed
// note (https://c2sp.org/tlog-checkpoint) and a proof is a C2SP tlog-proof, so that
// programs of others can read and check them.
//
// What belongs here: entries, the tree, keys, heads, proofs, and the comparison of what is
// kept with the record. What does not: how entries are stored (package store, which
// appends each in the same step as its revision) and routes (package api).
package record
