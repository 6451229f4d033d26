package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
)

// incident makes a plausible revision of the nth incident.
func incident(n, revision int) faultline.Incident {
	at := time.Date(2026, 3, 1, 12, n, 0, int(120*time.Millisecond), time.UTC)
	confirmed := at.Add(time.Minute)
	inc := faultline.Incident{
		ID: fmt.Sprintf("inc_%026d", n), Revision: revision, State: faultline.StateConfirmed,
		Basis: faultline.BasisBoth,
		Title: "Fastly-fronted sites, 503", Symptoms: []faultline.SymptomShare{{Symptom: "http_503", Share: 0.78}},
		Cause: &faultline.Cause{Component: "cdn:fastly", Kind: "cdn", Name: "Fastly", Confidence: 0.97,
			Alternatives: []faultline.Alternative{}},
		Scope: faultline.Scope{Worldwide: true, Countries: []string{}},
		Onset: faultline.Onset{Earliest: at, At: at, Latest: at}, DetectedAt: at, ConfirmedAt: &confirmed,
		UpdatedAt: at.Add(time.Duration(revision) * time.Minute),
	}
	for i := range 30 {
		inc.Sites = append(inc.Sites, faultline.IncidentSite{Site: fmt.Sprintf("s%d.example", i),
			State: faultline.SiteDown, Symptom: "http_503", Onset: at, Reports: i})
	}
	inc.SitesTotal = len(inc.Sites)
	return hashed(inc)
}

func testRevisions(t *testing.T, f *fixture) {
	ctx := t.Context()
	l := f.lead(t)
	wantErr(t, f.SaveRevision(ctx, l, incident(1, 2)), ErrRevisionGap)
	_, err := f.Incident(ctx, incident(1, 1).ID, 0)
	wantErr(t, err, faultline.ErrNotFound)
	equal(t, f.writes.Exists(ctx, keyIndex, keyChanges).Val(), int64(0))

	for n := 1; n <= 3; n++ {
		ok(t, f.SaveRevision(ctx, l, incident(1, n)))
	}
	before := f.contents(t)
	for n := 1; n <= 3; n++ { // as a successor does
		ok(t, f.SaveRevision(ctx, l, incident(1, n)))
	}
	for n := 1; n <= 3; n++ {
		other := incident(1, n)
		other.Sites[29].Reports++ // what lists do not show counts as well
		wantErr(t, f.SaveRevision(ctx, l, other), ErrRevisionDiffers)
	}
	wantErr(t, f.SaveRevision(ctx, l, incident(1, 5)), ErrRevisionGap)
	for _, bad := range []faultline.Incident{{ID: "inc_x"}, {Revision: 1}} {
		if err := f.SaveRevision(ctx, l, bad); err == nil {
			t.Fatalf("%q revision %d was stored", bad.ID, bad.Revision)
		}
	}
	f.unchanged(t, before)

	for n, want := range []int{3, 1, 2, 3} {
		got, err := f.Incident(ctx, incident(1, 1).ID, n)
		ok(t, err)
		sameJSON(t, got, incident(1, want))
	}
	for _, n := range []int{4, -1} {
		_, err := f.Incident(ctx, incident(1, 1).ID, n)
		wantErr(t, err, faultline.ErrNotFound)
	}
}

func testIncidents(t *testing.T, f *fixture) {
	ctx := t.Context()
	l := f.lead(t)
	none, err := f.Incidents(ctx, 10)
	ok(t, err)
	equal(t, len(none), 0)
	const n = incidentsAtOnce + 7
	for i := range n {
		i = (i * 5) % n // not in the order of onset
		ok(t, f.SaveRevision(ctx, l, incident(i, 1)))
		ok(t, f.SaveRevision(ctx, l, incident(i, 2)))
	}
	for _, limit := range []int{0, 1, n - 1, n, n + 100} {
		got, err := f.Incidents(ctx, limit)
		ok(t, err)
		equal(t, len(got), min(limit, n))
		for i, inc := range got {
			sameJSON(t, inc, incident(n-1-i, 2))
		}
	}
}

// Pages of any length, one behind the other, are the whole list: nothing is left
// out and nothing told twice, among incidents of one onset too.
func testOlder(t *testing.T, f *fixture) {
	ctx := t.Context()
	l := f.lead(t)
	none, err := f.Older(ctx, time.Now(), "inc_z", 10)
	ok(t, err)
	equal(t, len(none), 0)
	for i := range 20 {
		inc := incident(i, 1)
		if i >= 5 && i < 12 {
			inc.Onset.At = incident(5, 1).Onset.At
		}
		ok(t, f.SaveRevision(ctx, l, inc))
	}
	moved := incident(3, 2) // its onset was found to be later: so is its place
	moved.Onset.At = incident(19, 1).Onset.At.Add(time.Hour)
	ok(t, f.SaveRevision(ctx, l, moved))
	whole, err := f.Incidents(ctx, 100)
	ok(t, err)
	equal(t, len(whole), 20)
	equal(t, whole[0].ID, moved.ID)
	for _, limit := range []int{1, 3, 7, 100} {
		got, err := f.Incidents(ctx, limit)
		ok(t, err)
		for {
			last := got[len(got)-1]
			page, err := f.Older(ctx, last.Onset.At, last.ID, limit)
			ok(t, err)
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
		}
		equal(t, len(got), 20)
		for i := range got {
			equal(t, got[i].ID, whole[i].ID)
		}
	}
}

// Some revisions in one answer are those that one gets one by one.
func testRevisionsAtOnce(t *testing.T, f *fixture) {
	ctx := t.Context()
	l := f.lead(t)
	for n := 1; n <= 5; n++ {
		ok(t, f.SaveRevision(ctx, l, incident(1, n)))
	}
	id := incident(1, 1).ID
	for _, c := range []struct{ first, last, from, to int }{{1, 5, 1, 5}, {2, 3, 2, 3}, {4, 9, 4, 5}, {6, 9, 1, 0}} {
		got, err := f.Revisions(ctx, id, c.first, c.last)
		ok(t, err)
		equal(t, len(got), c.to-c.from+1)
		for i, inc := range got {
			sameJSON(t, inc, incident(1, c.from+i))
		}
	}
	_, err := f.Revisions(ctx, "inc_unknown", 1, 2)
	equal(t, errors.Is(err, faultline.ErrNotFound), true)
	for _, c := range [][2]int{{0, 1}, {3, 2}, {1, MaxRevisions + 1}} {
		_, err := f.Revisions(ctx, id, c[0], c[1])
		equal(t, err != nil, true)
	}
}

func testChanges(t *testing.T, f *fixture) {
	ctx := t.Context()
	l := f.lead(t)
	none, err := f.Changes(ctx, "", 10, 10*time.Millisecond)
	ok(t, err)
	equal(t, len(none), 0)
	for n := 1; n <= 5; n++ {
		ok(t, f.SaveRevision(ctx, l, incident(1, n)))
	}
	last, err := f.Changes(ctx, "", 3, 0)
	ok(t, err)
	equal(t, len(last), 3)
	for i, c := range last {
		sameJSON(t, c.Incident, incident(1, 3+i).Listed())
	}
	next, err := f.Changes(ctx, last[0].ID, 10, 0)
	ok(t, err)
	equal(t, next, last[1:])
	next, err = f.Changes(ctx, last[0].ID, 1, 0)
	ok(t, err)
	equal(t, next, last[1:2])
	next, err = f.Changes(ctx, last[2].ID, 10, 10*time.Millisecond)
	ok(t, err)
	equal(t, len(next), 0)
	if _, err := f.Changes(ctx, "yesterday", 10, 0); err == nil {
		t.Fatal("that is no position")
	}

	// A reader that waits is woken, also before the very first change.
	for _, after := range []string{last[2].ID, ""} {
		if after == "" {
			ok(t, f.writes.Del(ctx, keyChanges, incidentKey(incident(1, 1).ID)).Err())
		}
		woken := make(chan error)
		go func() {
			for {
				got, err := f.Changes(ctx, after, 10, maxBlock)
				if err != nil || len(got) > 0 {
					woken <- err
					return
				}
			}
		}()
		n := 6
		if after == "" {
			n = 1
		}
		ok(t, f.SaveRevision(ctx, l, incident(1, n)))
		ok(t, <-woken)
	}
}

// testChangesTrimmed: a reader that fell behind what is kept is told.
func testChangesTrimmed(t *testing.T, f *fixture) {
	ctx := t.Context()
	l := f.lead(t)
	for n := 1; n <= 6; n++ {
		ok(t, f.SaveRevision(ctx, l, incident(1, n)))
	}
	all, err := f.Changes(ctx, "", 10, 0)
	ok(t, err)
	entries, err := f.writes.XRange(ctx, keyChanges, "-", "+").Result()
	ok(t, err)
	for _, e := range entries[:3] {
		ok(t, f.writes.XDel(ctx, keyChanges, e.ID).Err())
	}
	_, err = f.Changes(ctx, all[0].ID, 10, 0)
	wantErr(t, err, ErrTrimmed)
	_, err = f.Changes(ctx, all[1].ID, 10, 0)
	wantErr(t, err, ErrTrimmed)
	got, err := f.Changes(ctx, all[2].ID, 10, 0)
	ok(t, err)
	equal(t, got, all[3:])
	ok(t, f.writes.XAdd(ctx, &redis.XAddArgs{Stream: keyChanges, Values: []any{"i", "junk", "p", all[5].ID}}).Err())
	got, err = f.Changes(ctx, all[4].ID, 10, 0)
	ok(t, err)
	equal(t, got, all[5:])
}

func testView(t *testing.T, f *fixture) {
	ctx := t.Context()
	l := f.lead(t)
	v, version, err := f.View(ctx, 0)
	ok(t, err)
	equal(t, version, int64(0))
	sameJSON(t, v, faultline.View{})
	want := faultline.View{AsOf: f.now, SitesKnown: 3,
		Sites: []faultline.SiteStatus{{Site: "a.example", LastReportAt: &f.now}}}
	for i := range 3 {
		want.Vantages = i
		ok(t, f.SaveView(ctx, l, want, Pos{5, 1}))
		v, next, err := f.View(ctx, version)
		ok(t, err)
		sameJSON(t, v, want)
		if next == version {
			t.Fatalf("version is still %d", version)
		}
		version = next
	}
	v, same, err := f.View(ctx, version)
	ok(t, err)
	equal(t, same, version)
	sameJSON(t, v, faultline.View{})
}

func testDailyKey(t *testing.T, f *fixture) {
	ctx := t.Context()
	keys := make(chan string, 8)
	for range cap(keys) {
		go func() {
			k, err := f.DailyKey(ctx, "2026-03-01")
			if err != nil {
				t.Error(err)
			}
			keys <- string(k)
		}()
	}
	first := <-keys
	equal(t, len(first), dailyKeyBytes)
	for range cap(keys) - 1 {
		equal(t, <-keys, first)
	}
	other, err := f.DailyKey(ctx, "2026-03-02")
	ok(t, err)
	if string(other) == first {
		t.Fatal("two days share a key")
	}
	if _, err := f.DailyKey(ctx, "today"); err == nil {
		t.Fatal("that is no day")
	}
	ttl := f.writes.PTTL(ctx, dailyKey("2026-03-01")).Val()
	if ttl <= dailyKeyTTL-time.Minute || ttl > dailyKeyTTL {
		t.Fatalf("lives %s", ttl)
	}
}
