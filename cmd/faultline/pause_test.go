package main

import (
	"faultline/pace"
	"testing"
	"time"
)

// eventually asks again and again until ok, for at most limit on the reference
// machine and for longer on a slower one: it is for what happens in other
// processes, where there is nothing to wait on.
func eventually(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	pace.Within(t, limit, what, ok)
}
