// Package agent is what stands between a prober and the service: which checks each
// vantage is given, and how a vantage asks for them and hands in what it saw, over
// HTTP or within one node.
//
// What belongs here: the shares of the schedule, requests for work, a vantage's word
// of itself. What does not: the checks (package probe), who may hand in what (package
// ingest), and what probes are worth (package correlate).
package agent
