package store

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/store/storetest"
)

// What is backed up comes back to the byte in an empty Redis, daily keys excepted; one
// that is not empty is refused, and so is a backup that is not whole.
func TestBackupComesBackToTheByte(t *testing.T) {
	servers := map[string]func(testing.TB) string{"server": storetest.Start, "cluster": storetest.StartCluster}
	for name, start := range servers {
		from := backend{url: start(t)}.open(t)
		ctx, l := t.Context(), from.lead(t)
		for seq := range uint64(700) {
			_, err := from.Append(ctx, BatchKey{1, seq}, everyEvent(from.now))
			ok(t, err)
		}
		r := from.Reader(Cursor{})
		drain(t, r)
		for n := range 40 {
			ok(t, from.SaveRevision(ctx, l, incident(n, 1)))
			ok(t, from.SaveRevision(ctx, l, incident(n, 2)))
		}
		cp := checkpoint(2, r.Cursor().Pos)
		ok(t, from.SaveCheckpoint(ctx, l, cp))
		ok(t, from.SaveView(ctx, l, faultline.View{AsOf: from.now}, r.Cursor().Pos))
		ok(t, from.SaveSeries(ctx, l, []faultline.SeriesRow{minuteRow("bbc.co.uk", from.now, 1, 1, 1)}))
		ok(t, from.Revoke(ctx, "t1", from.now.AddDate(1, 0, 0), from.now))
		_, err := from.DailyKey(ctx, "2026-03-01")
		ok(t, err)
		var file bytes.Buffer
		ok(t, Backup(ctx, from.url, nil, &file))

		to := backend{url: start(t)}.open(t)
		// One that was broken off says what must be done first, and so does the next attempt, and
		// a node that is started on what there is.
		err = Restore(ctx, to.url, bytes.NewReader(file.Bytes()[:file.Len()-20]))
		wantAdvice(t, err)
		err = Restore(ctx, to.url, bytes.NewReader(file.Bytes()))
		wantErr(t, err, ErrNotEmpty)
		wantAdvice(t, err)
		_, err = to.Epoch(ctx, to.now)
		wantErr(t, err, ErrHalfLog)
		wantAdvice(t, err)
		ok(t, to.writes.FlushAll(ctx).Err())
		changed := bytes.Clone(file.Bytes())
		changed[len(changed)-8] ^= 1 // of the checksum that ends it
		if err := Restore(ctx, to.url, bytes.NewReader(changed)); err == nil {
			t.Errorf("%s: a backup whose checksum is wrong is restored", name)
		}
		ok(t, to.writes.FlushAll(ctx).Err())
		ok(t, Restore(ctx, to.url, bytes.NewReader(file.Bytes())))
		to.wantCheckpoint(t, cp)
		want := from.contents(t)
		maps.DeleteFunc(want, func(key, _ string) bool {
			return strings.HasPrefix(key, prefixDaily) || key == keyLease
		})
		equal(t, to.contents(t), want)
		revoked, err := to.Revoked(ctx)
		ok(t, err)
		equal(t, revoked, []string{"t1"})
	}
}

// A restore that ended anywhere leaves no Redis in which a node would begin a log of its own:
// not after its first item either, when Redis has neither an epoch nor an entry yet. It ends
// without a trace of that.
func TestNoNodeStartsOnAPartOfABackup(t *testing.T) {
	from := backend{url: storetest.Start(t)}.open(t)
	ctx, l := t.Context(), from.lead(t)
	_, err := from.Append(ctx, BatchKey{1, 1}, everyEvent(from.now))
	ok(t, err)
	r := from.Reader(Cursor{})
	drain(t, r)
	ok(t, from.SaveCheckpoint(ctx, l, checkpoint(2, r.Cursor().Pos)))
	var file bytes.Buffer
	ok(t, Backup(ctx, from.url, nil, &file))

	to := backend{url: storetest.Start(t)}.open(t)
	written := 0
	for cut := 1; cut < file.Len(); cut += file.Len()/12 + 1 {
		err := Restore(ctx, to.url, bytes.NewReader(file.Bytes()[:cut]))
		if len(to.keys(t)) == 0 { // not one item could be read
			continue
		}
		written++
		wantAdvice(t, err)
		_, err = to.Epoch(ctx, to.now)
		wantErr(t, err, ErrHalfLog)
		in, err := to.Inspect(ctx, time.Now)
		ok(t, err)
		if !in.Restoring {
			t.Errorf("cut after %d of %d bytes, and nothing says so", cut, file.Len())
		}
		ok(t, to.writes.FlushAll(ctx).Err())
	}
	if written < 3 {
		t.Fatalf("only %d parts were written", written)
	}
	ok(t, Restore(ctx, to.url, &file))
	if n := to.writes.Exists(ctx, keyRestoring).Val(); n != 0 {
		t.Error("a whole restore still says that it is under way")
	}
	_, err = to.Epoch(ctx, to.now)
	ok(t, err)
}

// wantAdvice holds an error to say that Redis must be emptied before a backup is restored.
func wantAdvice(t *testing.T, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "empty Redis first") {
		t.Errorf("it does not say that Redis must be emptied first: %v", err)
	}
}

// What has changed since a backup, and nothing else, is in an incremental one; both
// together come back to the byte. One that stands on another backup is refused.
func TestAnIncrementalBackupHasWhatChanged(t *testing.T) {
	from := backend{url: storetest.Start(t)}.open(t)
	ctx, l := t.Context(), from.lead(t)
	for seq := range uint64(600) {
		_, err := from.Append(ctx, BatchKey{1, seq}, everyEvent(from.now))
		ok(t, err)
	}
	for n := range 40 {
		ok(t, from.SaveRevision(ctx, l, incident(n, 1)))
	}
	ok(t, from.SaveCheckRequests(ctx, l, nil))
	ok(t, from.writes.Set(ctx, keyView, "gone soon", 0).Err())
	var whole, since, other bytes.Buffer
	ok(t, Backup(ctx, from.url, nil, &whole))
	ok(t, from.writes.Del(ctx, keyView).Err())
	_, err := from.Append(ctx, BatchKey{1, 600}, everyEvent(from.now))
	ok(t, err)
	ok(t, from.writes.XTrimMaxLen(ctx, keyLog, 400).Err())
	ok(t, from.SaveRevision(ctx, l, incident(3, 2)))
	ok(t, from.SaveRevision(ctx, l, incident(50, 1)))
	ok(t, BackupSince(ctx, from.url, nil, bytes.NewReader(whole.Bytes()), &since))
	if since.Len() > whole.Len()/5 {
		t.Errorf("%d bytes of %d have changed", since.Len(), whole.Len())
	}
	to := backend{url: storetest.Start(t)}.open(t)
	ok(t, Restore(ctx, to.url, bytes.NewReader(whole.Bytes()), bytes.NewReader(since.Bytes())))
	want := from.contents(t)
	maps.DeleteFunc(want, func(key, _ string) bool { return key == keyLease || key == keyCheckRequests })
	equal(t, to.contents(t), want)

	ok(t, Backup(ctx, from.url, nil, &other))
	ok(t, to.writes.FlushAll(ctx).Err())
	wantErr(t, Restore(ctx, to.url, bytes.NewReader(other.Bytes()), bytes.NewReader(since.Bytes())), ErrOtherBase)
}
