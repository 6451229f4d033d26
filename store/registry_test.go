package store

import (
	"strings"
	"testing"
	"time"

	"faultline"
)

// testRegistry does everything there is, then looks at what keys there are.
func testRegistry(t *testing.T, f *fixture) {
	ctx := t.Context()
	l := f.lead(t)
	r := f.Reader(Cursor{})
	for seq := range uint64(200) {
		_, err := f.Append(ctx, BatchKey{1, seq}, everyEvent(f.now))
		ok(t, err)
	}
	_, err := f.AppendFenced(ctx, l, BatchKey{2, 1}, tickAt(f.now))
	ok(t, err)
	drain(t, r)
	for n := range 5 {
		ok(t, f.SaveRevision(ctx, l, incident(n, 1)))
	}
	ok(t, f.SaveRecordHead(ctx, 5, []byte("head"), "2026-03-01"))
	ok(t, f.SaveView(ctx, l, faultline.View{AsOf: f.now}, Pos{5, 1}))
	ok(t, f.SaveSeries(ctx, l, []faultline.SeriesRow{
		minuteRow("bbc.co.uk", f.now, 1, 1, 1), hourRow("bbc.co.uk", f.now, 60, 1, 1, 1, 0)}))
	for seed := range byte(2) {
		cp := checkpoint(seed, r.Cursor().Pos)
		cp.Cursor = r.Cursor()
		ok(t, f.SaveCheckpoint(ctx, l, cp))
	}
	_, err = f.Adopt(ctx, l, BatchKey{3, 1}, faultline.Adopt{At: f.now})
	ok(t, err)
	ok(t, f.Trim(ctx, l, r.Cursor().Pos.Time().Add(2*keepLog), false))
	ok(t, f.TryWrite(ctx))
	f.addWebhook(t, "wh_1", "")
	_, err = f.QueueDeliveries(ctx, l, "1-1", []faultline.Delivery{{ID: "msg_1", Due: f.now, Data: nil},
		{ID: "msg_2", Due: f.now, Data: nil}})
	ok(t, err)
	ok(t, f.EndDelivery(ctx, "msg_2", "wh_1", []byte("dead")))
	ok(t, f.NoteAttempt(ctx, "wh_1", []byte("try")))
	f.everyPush(t, l)
	ok(t, f.MakeKey(ctx, faultline.MadeKey{Subject: "self-a"}, "c", "2026-03-01", "1a", f.now))
	ok(t, f.Revoke(ctx, "t1", f.now.Add(time.Hour), f.now))
	ok(t, f.PublishKeys(ctx, map[string][]byte{"k": {1}}, f.now))
	_, err = f.DailyKey(ctx, "2026-03-01")
	ok(t, err)
	ok(t, f.SaveCheckRequests(ctx, l, nil))
	_, err = f.AskCheck(ctx, "a.net", "1a2b", f.now)
	ok(t, err)
	ok(t, f.SaveVantage(ctx, faultline.VantageStatus{Vantage: "v", SeenAt: f.now}))
	ok(t, f.SaveCertificates(ctx, []faultline.Certificate{{Site: "a.net"}}))
	ok(t, f.SaveMaintenances(ctx, "p", nil, f.now))
	_, err = f.AddVantage(ctx, faultline.AddedVantage{Vantage: "v"})
	ok(t, err)
	archiveOne(t, f, l)
	if did, err := f.ForgetKeys(ctx, f.now); err != nil || !did {
		t.Fatalf("a day whose key is gone is not forgotten: %v, %v", did, err)
	}
	if _, err = f.Settle(ctx,
		[]faultline.QuotaSpent{{Key: "token:a", Burst: 10, Interval: time.Second, N: 3}}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Acquire(ctx, "b", time.Minute, f.now); err != nil {
		t.Fatal(err)
	}
	wantRegistered(t, f)
}

// wantRegistered holds the keys that there are against the registry, both ways.
func wantRegistered(t *testing.T, f *fixture) {
	t.Helper()
	ctx, seen := t.Context(), map[string]bool{}
	ok(t, f.writes.Set(ctx, keyRestoring, "", 0).Err()) // as a restore does that is not complete
	for _, key := range f.keys(t) {
		spec, found := specOf(key)
		if !found {
			t.Errorf("%s is not in the registry", key)
			continue
		}
		seen[spec.pattern] = true
		if ttl := f.writes.PTTL(ctx, key).Val(); spec.expires && ttl <= 0 {
			t.Errorf("%s never expires", key)
		}
	}
	for _, spec := range registry {
		if !seen[spec.pattern] {
			t.Errorf("%s was not written: this test must", spec.pattern)
		}
		if !strings.Contains(spec.pattern, tag) || spec.holds == "" || spec.bound == "" {
			t.Errorf("%s lacks its hash tag, contents or bound", spec.pattern)
		}
	}
}

// archiveOne writes every key of the archive.
func archiveOne(t *testing.T, f *fixture, l Lease) {
	t.Helper()
	ctx := t.Context()
	seg := Segment{Name: "abc", Bytes: 3}
	ok(t, f.Propose(ctx, l, Proposal{Segment: seg, Moves: []MovedIncident{{incident(0, 1).ID, 1}}}))
	ok(t, f.Move(ctx, l, Proposal{Segment: seg, Moves: []MovedIncident{{incident(0, 1).ID, 1}}}))
	ok(t, f.Propose(ctx, l, Proposal{Segment: seg}))
	ok(t, f.SaveHolding(ctx, "n", "abc", f.now))
	ok(t, f.Lend(ctx, "abc", []byte("abc")))
	ok(t, f.WantSegments(ctx, []string{"abc"}, f.now))
}
