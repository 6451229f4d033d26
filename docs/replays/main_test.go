package main

import (
	"reflect"
	"testing"

	"faultline/scenario"
	"faultline/scenario/history"
)

// shortest is the replay that takes the least to play.
const shortest = "cloudflare-2025-12-05"

func TestTheEngineOfTodaySaysWhatIsRecorded(t *testing.T) { sameAsRecorded(t, shortest) }

// sameAsRecorded plays an outage anew and compares how it did.
func sameAsRecorded(t *testing.T, name string) {
	t.Helper()
	spec, err := scenario.Builtin(name)
	if err != nil {
		t.Fatal(err)
	}
	revisions, err := play(spec)
	if err != nil {
		t.Fatal(err)
	}
	r, err := history.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	if got := history.Rate(spec, revisions); !reflect.DeepEqual(got, r.Score) {
		t.Errorf("%s: played now %+v, recorded %+v: run make replays", name, got, r.Score)
	}
}
