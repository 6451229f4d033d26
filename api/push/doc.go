// Package push sends notifications to browsers by Web Push: the protocol is RFC 8030, the
// encryption RFC 8291, and the proof of who sends (VAPID) RFC 8292.
//
// What belongs here: which push services may be called, what a subscription must look like,
// the key that all nodes share, and one request to a push service. What does not: who is sent
// what and when, and what is tried again (package api/webhook).
package push
