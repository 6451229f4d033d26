package store

import (
	"testing"
	"time"

	"faultline"
)

// testLostEnd: a log that has lost its end, also one that has another entry at the lost
// one's place by now, is told from what was read of it; and whoever has read that end
// writes nothing as leader.
func testLostEnd(t *testing.T, f *fixture) {
	ctx, l := t.Context(), f.lead(t)
	pos, err := f.AppendFenced(ctx, l, BatchKey{1, 1}, tickAt(f.now))
	ok(t, err)
	r := f.Reader(Cursor{})
	drain(t, r)
	read := r.Cursor()
	equal(t, read.Pos, pos)
	ok(t, f.FollowsCursor(ctx, read))
	ok(t, f.SaveView(ctx, l, faultline.View{}, pos))
	ok(t, f.writes.XDel(ctx, keyLog, pos.String()).Err())
	wantErr(t, f.FollowsCursor(ctx, read), ErrRolledBack)
	wantErr(t, f.SaveView(ctx, l, faultline.View{}, pos), faultline.ErrNotLeader)
	wantErr(t, f.SaveRevision(ctx, l, incident(1, 1)), faultline.ErrNotLeader)

	// The same position, another entry, as a server whose clock is behind gives it.
	other, err := encodeBatch(BatchKey{2, 7}, tickAt(f.now.Add(time.Hour)))
	ok(t, err)
	ok(t, f.writes.XTrimMaxLen(ctx, keyLog, 0).Err())
	ok(t, f.writes.Del(ctx, keyLog).Err())
	ok(t, f.writes.Do(ctx, "XADD", keyLog, pos.String(), batchField, other).Err())
	wantErr(t, f.FollowsCursor(ctx, read), ErrRolledBack)
	ok(t, f.Follows(ctx, pos))
	wantErr(t, f.SaveView(ctx, l, faultline.View{}, pos), faultline.ErrNotLeader)
	_, err = r.Next(ctx, 0)
	ok(t, err) // nothing has come behind it: nothing is said
	_, err = f.Append(ctx, BatchKey{3, 1}, tickAt(f.now))
	ok(t, err)
	_, err = r.Next(ctx, 0)
	wantErr(t, err, ErrRolledBack)

	// Who has read what there is writes again.
	again := f.Reader(Cursor{})
	drain(t, again)
	ok(t, f.SaveView(ctx, l, faultline.View{}, pos))
	// What was trimmed away was read all the same.
	ok(t, f.writes.Set(ctx, keyFloor, again.Cursor().Pos.String(), 0).Err())
	ok(t, f.writes.XTrimMaxLen(ctx, keyLog, 0).Err())
	ok(t, f.SaveView(ctx, l, faultline.View{}, pos))
}

// testLostRevisions: what was published beyond what is stored is named, and is stored
// though the revisions before it are missing.
func testLostRevisions(t *testing.T, f *fixture) {
	ctx, l := t.Context(), f.lead(t)
	ok(t, f.SaveRevision(ctx, l, incident(1, 1)))
	published := []faultline.Incident{incident(1, 1), incident(1, 4), incident(2, 1), incident(3, 1), incident(4, 2)}
	start, err := f.LogStart(ctx)
	ok(t, err)
	for i := range published {
		published[i].DetectedAt, published[i].UpdatedAt = start.Add(time.Second), start.Add(time.Minute)
	}
	published[2].UpdatedAt = start.Add(-time.Hour) // it may have been dropped on purpose
	published[3].DetectedAt = start.Add(-time.Minute)
	published[4].Drill = true
	lost, err := f.Lost(ctx, published, start)
	ok(t, err)
	equal(t, lost, published[1:2])

	wantErr(t, f.SaveRevision(ctx, l, incident(1, 4)), ErrRevisionGap)
	ok(t, f.SaveLost(ctx, l, incident(1, 4)))
	ok(t, f.SaveLost(ctx, l, incident(1, 4)))
	other := incident(1, 4)
	other.Title = "another node was told otherwise"
	ok(t, f.SaveLost(ctx, l, other))
	got, err := f.Incident(ctx, other.ID, 0)
	ok(t, err)
	equal(t, got.Title, incident(1, 4).Title)
	ok(t, f.SaveRevision(ctx, l, incident(1, 5)))
	lost, err = f.Lost(ctx, published, start)
	ok(t, err)
	equal(t, len(lost), 0)
}
