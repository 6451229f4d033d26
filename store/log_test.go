package store

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
)

func testEpoch(t *testing.T, f *fixture) {
	epochs := make([]string, 8)
	var wg sync.WaitGroup
	for i := range epochs {
		wg.Go(func() {
			var err error
			if epochs[i], err = f.Epoch(t.Context(), f.now); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, e := range epochs {
		equal(t, e, epochs[0])
	}
	later, err := f.Epoch(t.Context(), f.now.Add(time.Hour))
	ok(t, err)
	equal(t, later, epochs[0])
	batches := drain(t, f.Reader(Cursor{}))
	equal(t, len(batches), 1)
	equal(t, batches[0].Events, []faultline.Event{faultline.Epoch{At: f.now, Epoch: epochs[0]}})

	ok(t, f.writes.Del(t.Context(), keyLog).Err())
	_, err = f.Epoch(t.Context(), f.now)
	wantErr(t, err, ErrHalfLog)
}

// testNoLog: a Redis that came back empty takes nothing as if all was well.
func testNoLog(t *testing.T, f *fixture) {
	tail, err := f.LogTail(t.Context())
	ok(t, err)
	equal(t, tail, Pos{})
	l := f.succeed(t, "a")
	_, err = f.Append(t.Context(), BatchKey{1, 1}, tickAt(f.now))
	wantErr(t, err, faultline.ErrUnavailable)
	_, err = f.AppendFenced(t.Context(), l, BatchKey{1, 1}, tickAt(f.now))
	wantErr(t, err, faultline.ErrUnavailable)
	equal(t, f.writes.Exists(t.Context(), keyLog).Val(), int64(0))
}

func testLog(t *testing.T, f *fixture) {
	l := f.lead(t)
	var positions []Pos
	for i, ev := range everyEvent(f.now) {
		events := append([]faultline.Event{ev}, tickAt(f.now)...)
		pos, err := f.Append(t.Context(), BatchKey{7, uint64(i)}, events)
		ok(t, err)
		positions = append(positions, pos)
	}
	pos, err := f.AppendFenced(t.Context(), l, BatchKey{8, 1}, everyEvent(f.now))
	ok(t, err)
	tail, err := f.LogTail(t.Context())
	ok(t, err)
	equal(t, tail, pos)

	r := f.Reader(Cursor{})
	batches := drain(t, r)[1:] // the first is the epoch
	equal(t, len(batches), len(positions)+1)
	for i, ev := range everyEvent(f.now) {
		equal(t, batches[i], Batch{Pos: positions[i], Events: append([]faultline.Event{ev}, tickAt(f.now)...)})
	}
	equal(t, batches[len(positions)], Batch{Pos: pos, Events: everyEvent(f.now)})
	equal(t, r.Cursor().Pos, pos)
	equal(t, len(drain(t, f.Reader(r.Cursor()))), 0)
	// More than one read brings.
	for i := range readCount + 10 {
		_, err := f.Append(t.Context(), BatchKey{9, uint64(i)}, tickAt(f.now))
		ok(t, err)
	}
	equal(t, len(drain(t, f.Reader(r.Cursor()))), readCount+10)
}

func testRepeats(t *testing.T, f *fixture) {
	f.lead(t)
	for _, key := range []BatchKey{{1, 1}, {2, 1}, {1, 1}, {1, 2}, {1, 1}} {
		_, err := f.Append(t.Context(), key, tickAt(f.now.Add(time.Duration(key.Writer*10+key.Seq)*time.Second)))
		ok(t, err)
	}
	r := f.Reader(Cursor{})
	equal(t, len(drain(t, r)), 1+3)
	equal(t, f.metric(t, "faultline_store_repeats_total", ""), 2.0)

	// The memory of repeats goes with the cursor.
	text, err := json.Marshal(r.Cursor())
	ok(t, err)
	var c Cursor
	ok(t, json.Unmarshal(text, &c))
	equal(t, c, r.Cursor())
	for _, key := range []BatchKey{{1, 2}, {2, 1}, {2, 2}} {
		_, err := f.Append(t.Context(), key, tickAt(f.now))
		ok(t, err)
	}
	equal(t, len(drain(t, f.Reader(c))), 1)
}

func testPoison(t *testing.T, f *fixture) {
	f.lead(t)
	good, err := encodeBatch(BatchKey{3, 1}, tickAt(f.now))
	ok(t, err)
	flipped := append([]byte{}, good...)
	flipped[len(flipped)-1] ^= 1
	future := append([]byte{codecRuns + 1}, good[1:]...)
	for _, fields := range [][]any{
		{batchField, flipped}, {batchField, future}, {batchField, good[:3]}, {"other", "x"}, {batchField, ""},
	} {
		ok(t, f.writes.XAdd(t.Context(), &redis.XAddArgs{Stream: keyLog, Values: fields}).Err())
	}
	pos, err := f.Append(t.Context(), BatchKey{3, 1}, tickAt(f.now))
	ok(t, err)
	r := f.Reader(Cursor{})
	batches := drain(t, r)
	equal(t, batches[1:], []Batch{{Pos: pos, Events: tickAt(f.now)}})
	for reason, want := range map[string]float64{"checksum": 1, "version": 3, "malformed": 1} {
		equal(t, f.metric(t, "faultline_store_poison_total", reason), want)
	}
}

func testWaiting(t *testing.T, f *fixture) {
	f.lead(t)
	r := f.Reader(Cursor{})
	drain(t, r)
	got, err := r.Next(t.Context(), 20*time.Millisecond)
	ok(t, err)
	equal(t, len(got), 0)

	// A reader that waits is woken by what is appended.
	read := make(chan []Batch)
	go func() {
		defer close(read)
		for t.Context().Err() == nil {
			got, err := r.Next(t.Context(), maxBlock)
			if err != nil {
				t.Error(err)
				return
			}
			if len(got) > 0 {
				read <- got
				return
			}
		}
	}()
	_, err = f.Append(t.Context(), BatchKey{1, 1}, tickAt(f.now))
	ok(t, err)
	equal(t, len(<-read), 1)
}

func testLimits(t *testing.T, f *fixture) {
	f.lead(t)
	big := faultline.Statement{Text: strings.Repeat("x", maxBatchBytes)}
	_, err := f.Append(t.Context(), BatchKey{1, 1}, []faultline.Event{big})
	wantErr(t, err, ErrTooLarge)
	if errors.Is(err, faultline.ErrUnavailable) {
		t.Fatal("a batch that can never be appended must not look as if to be repeated")
	}
	r := f.Reader(Cursor{})
	for w := range uint64(maxWriters + 5) {
		packed, err := encodeBatch(BatchKey{w, 1}, nil)
		ok(t, err)
		if _, fresh := r.take(redis.XMessage{Values: map[string]any{batchField: string(packed)}}); !fresh {
			t.Fatalf("writer %d is new", w)
		}
	}
	seqs := r.Cursor().Seqs
	equal(t, len(seqs), maxWriters)
	for w := range uint64(5) {
		if _, there := seqs[w]; there {
			t.Fatalf("writer %d was heard first and should be forgotten", w)
		}
	}
}

// testTrim: what is dropped is behind the checkpoint and behind the hour, and
// who is further behind is told.
func testTrim(t *testing.T, f *fixture) {
	l := f.lead(t)
	tail, err := f.LogTail(t.Context())
	ok(t, err)
	start := tail
	ok(t, err)
	const entries = 1000
	at := func(i int) Pos { return Pos{ms: start.ms + uint64(i)*1000} }
	for i := 1; i <= entries; i++ {
		packed, err := encodeBatch(BatchKey{1, uint64(i)}, everyEvent(f.now))
		ok(t, err)
		ok(t,
			f.writes.XAdd(t.Context(),
				&redis.XAddArgs{Stream: keyLog, ID: at(i).String(), Values: []any{batchField, packed}}).Err())
	}
	hourAfter := func(i int) time.Time { return time.UnixMilli(int64(at(i).ms)).Add(keepLog) }
	first := func() Pos {
		m, err := f.writes.XRangeN(t.Context(), keyLog, "-", "+", 1).Result()
		ok(t, err)
		p, err := ParsePos(m[0].ID)
		ok(t, err)
		return p
	}
	for _, c := range []struct {
		name            string
		checkpoint, now int // entries; 0 is no checkpoint
		atLeast, atMost int // where the log then begins
		maxLog          int
	}{
		{"no checkpoint", 0, 900, 0, 0, entries},
		{"checkpoint behind", 400, 900, 300, 400, entries},
		{"hour behind", 800, 600, 500, 600, entries},
		{"too long", 800, 600, 700, 800, 100},
	} {
		f.maxLog, f.trimStep = c.maxLog, 200 // which takes several steps
		if c.checkpoint > 0 {
			for range keptGenerations {
				ok(t, f.SaveCheckpoint(t.Context(), l, Checkpoint{Cursor: Cursor{Pos: at(c.checkpoint)}}))
			}
		}
		ok(t, f.Trim(t.Context(), l, hourAfter(c.now), false))
		if got := first(); got.Compare(at(c.atLeast)) < 0 || got.Compare(at(c.atMost)) > 0 {
			t.Fatalf("%s: the log begins at %s, want %s to %s", c.name, got, at(c.atLeast), at(c.atMost))
		}
	}
	_, err = f.Reader(Cursor{}).Next(t.Context(), 0)
	wantErr(t, err, ErrTrimmed)
	_, err = f.Reader(Cursor{Pos: at(200)}).Next(t.Context(), 0)
	wantErr(t, err, ErrTrimmed)
	equal(t, len(drain(t, f.Reader(Cursor{Pos: at(800)}))), entries-800)
}
