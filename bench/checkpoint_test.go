package main

import (
	"testing"
	"time"

	"faultline/store"
)

func TestCheckpointIsStoredAsItWas(t *testing.T) {
	redis, err := startRedis(t.Context(), "everysec")
	if err != nil {
		t.Fatal(err)
	}
	defer redis.stop()
	st, err := store.Open(t.Context(), store.Config{URL: redis.url, Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	e := smallEstate()
	e.settle()
	e.play()
	r := checkpointRun{estate: e, st: st}
	if err := r.lead(t.Context()); err != nil {
		t.Fatal(err)
	}
	seconds, err := r.save(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if seconds <= 0 || seconds > 30 || r.size == 0 || r.fold[0] <= 0 || r.door[0] <= 0 || r.doorAlone[0] <= 0 {
		t.Errorf("%v s: %+v", seconds, r)
	}
	if err := r.verify(t.Context(), "something else"); err == nil {
		t.Error("another state is taken for what was stored")
	}
	r.door[0] = 51
	if f := r.pause(measurement{}); f.OK || f.Value < 51 {
		t.Errorf("%+v", f)
	}
	if f := r.duration(measurement{series: []series{{2.1}}}); f.OK {
		t.Errorf("%+v", f)
	}
}

func TestDoorTellsItsLongest(t *testing.T) {
	dead, err := startRedis(t.Context(), "everysec")
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), store.Config{URL: dead.url, Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	dead.stop()
	r := checkpointRun{estate: smallEstate(), st: st}
	if _, err := r.doorWhile(t.Context(), 50*time.Millisecond); err == nil {
		t.Error("a door that could append nothing says so to nobody")
	}
}
