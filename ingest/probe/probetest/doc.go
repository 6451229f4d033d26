// Package probetest is a small internet on loopback: an authoritative DNS
// server, and sites that answer over TLS as CDNs and dead, slow, huge and lying
// servers do. What a test does not describe does not exist.
package probetest
