package store

import (
	"encoding/hex"
	"fmt"
	"testing"

	"faultline"
	"faultline/record"
)

// hashed is a revision as it is read: with the hash of what is published.
func hashed(inc faultline.Incident) faultline.Incident {
	var err error
	if inc.Hash, err = record.Hash(inc); err != nil {
		panic(err)
	}
	return inc
}

// Each revision is in the record once, in the order of storing, and names what the
// revision before was stored as. The first head of a size stays, and the first key.
func testRecord(t *testing.T, f *fixture) {
	ctx := t.Context()
	l := f.lead(t)
	var want []record.Entry
	previous := map[int]string{}
	for i := range record.TileWidth + 4 {
		n, revision := i%2, i/2+1
		ok(t, f.SaveRevision(ctx, l, incident(n, revision)))
		ok(t, f.SaveRevision(ctx, l, incident(n, revision))) // a repeat is no entry
		stored := f.writes.HGet(ctx, incidentKey(incident(n, 1).ID), fmt.Sprint(revision)).Val()[:32]
		want = append(want, record.Entry{Incident: incident(n, 1).ID, Revision: revision,
			SHA256: incident(n, revision).Hash, Stored: hex.EncodeToString([]byte(stored)), Previous: previous[n]})
		previous[n] = want[i].Stored
	}
	size, err := f.RecordSize(ctx)
	ok(t, err)
	equal(t, size, int64(len(want)))
	var got []record.Entry
	for bundle := range int64(3) {
		entries, err := f.RecordEntries(ctx, bundle)
		ok(t, err)
		for _, text := range entries {
			e, err := record.ParseEntry(text)
			ok(t, err)
			got = append(got, e)
		}
	}
	equal(t, got, want)

	for _, given := range []string{"", "a+1+k", "b+2+k", ""} {
		key, err := f.RecordKey(ctx, given)
		ok(t, err)
		if given != "" {
			equal(t, key, "a+1+k")
		}
	}
	ok(t, f.SaveRecordHead(ctx, 9, []byte("nine"), "2026-03-01"))
	ok(t, f.SaveRecordHead(ctx, 7, []byte("seven"), "2026-03-02"))
	head, err := f.RecordHead(ctx)
	ok(t, err)
	equal(t, string(head), "nine")
	days, err := f.RecordHeads(ctx)
	ok(t, err)
	equal(t, days, map[string][]byte{"2026-03-01": []byte("nine")})
}
