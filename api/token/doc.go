// Package token issues, verifies and revokes the bearer tokens of the API: JSON
// Web Tokens signed with Ed25519.
//
// What belongs here: the signing keys and their files, the claims of a token,
// the scopes that there are, and which tokens are revoked. What does not: which
// route needs which scope and how a refusal is answered (package api), and where
// revocations are kept (package store). No other package sees the JWT library.
package token
