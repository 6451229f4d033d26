// Package redisd runs the private Redis of a node that was given no other: a
// redis-server process on a unix socket below the state directory, or, where there
// is no redis-server, one inside this process.
//
// What belongs here: starting, supervising, adopting and stopping that server, and
// the lock that keeps two nodes off one directory. What does not: what is stored in
// it (package store), and the choice between it and a Redis of the operator's.
package redisd
