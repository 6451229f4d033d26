package main

import "testing"

// TestAbuse_A8_OverHTTP is the group bomb in small: what is kept of invented names
// is bounded, so that a tenth of them shows as much.
func TestAbuse_A8_OverHTTP(t *testing.T) {
	b, err := bomb(t.Context(), 50_000)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", b)
	if grown := b.redisAfter - b.redisBefore; grown > bombRedis {
		t.Errorf("Redis has grown by %.1f MB", grown)
	}
	if grown := b.memoryMost - b.memoryBefore; grown > bombMemory {
		t.Errorf("the process has grown by %.1f MB", grown)
	}
	if b.counted == 0 || b.counted+b.busy != b.known { // how often it is busy is the machine's
		t.Errorf("of %d reports of a known site %d were counted, %d refused as busy", b.known, b.counted, b.busy)
	}
}
