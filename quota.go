package faultline

import "time"

// QuotaSpent is what one node let through of one quota since it last settled with
// the other nodes. The quota allows Burst requests at once and one more for each
// Interval.
type QuotaSpent struct {
	Key      string // names the quota; the same on every node
	Burst    int
	Interval time.Duration
	N        int // requests that were let through
}

// QuotaState is how one quota stands for all nodes together.
type QuotaState struct {
	Used time.Duration // until nothing of it is used
	Left int           // of N, for which there was no room: too many were let through
}
