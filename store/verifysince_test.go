package store

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	"faultline"
	"faultline/record"
	"faultline/store/storetest"
)

// A whole backup and an incremental one together have the record as it is: it is restored
// to the byte, and neither both files nor a backup of what is restored have a fault. The
// incremental one has those bundles and incidents alone that have grown.
func TestTheRecordComesBackFromAnIncrementalBackup(t *testing.T) {
	from := backend{url: storetest.Start(t)}.open(t)
	ctx, l := t.Context(), from.lead(t)
	_, err := from.Append(ctx, BatchKey{1, 1}, everyEvent(from.now))
	ok(t, err)
	key, err := record.NewKey("https://faultline.example")
	ok(t, err)
	const before = record.TileWidth + 4 // so that one bundle is full
	for n := range before {
		ok(t, from.SaveRevision(ctx, l, incident(n, 1)))
	}
	from.sign(t, key, "2026-03-01")
	var whole, since, again bytes.Buffer
	ok(t, Backup(ctx, from.url, nil, &whole))
	for n := range 3 {
		ok(t, from.SaveRevision(ctx, l, incident(n, 2)))
		ok(t, from.SaveRevision(ctx, l, incident(before+n, 1)))
	}
	from.sign(t, key, "2026-03-02")
	ok(t, from.writes.XTrimMaxLen(ctx, keyChanges, 20).Err())
	ok(t, BackupSince(ctx, from.url, nil, bytes.NewReader(whole.Bytes()), &since))
	keys := map[string]int{}
	for _, r := range unwrapped(t, since.Bytes()) {
		if strings.HasPrefix(r.Key, prefixEntries) || strings.HasPrefix(r.Key, prefixIncident) {
			keys[specKind(r.Key)]++
		}
	}
	equal(t, keys, map[string]int{prefixEntries + "*": 1, prefixIncident + "*": 6})

	to := backend{url: storetest.Start(t)}.open(t)
	ok(t, Restore(ctx, to.url, bytes.NewReader(whole.Bytes()), bytes.NewReader(since.Bytes())))
	want := from.contents(t)
	maps.DeleteFunc(want, func(key, _ string) bool { return key == keyLease })
	equal(t, to.contents(t), want)

	report, _, err := VerifyBackup(bytes.NewReader(whole.Bytes()), nil, key.Verifier())
	ok(t, err)
	equal(t, report, record.Report{Entries: before, Revisions: before, Heads: 2})
	both := record.Report{Entries: before + 6, Revisions: before + 6, Heads: 3}
	report, _, err = VerifyBackup(bytes.NewReader(whole.Bytes()), bytes.NewReader(since.Bytes()), key.Verifier())
	ok(t, err)
	equal(t, report, both)
	ok(t, Backup(ctx, to.url, nil, &again))
	report, _, err = VerifyBackup(bytes.NewReader(again.Bytes()), nil, key.Verifier())
	ok(t, err)
	equal(t, report, both)
	_, _, err = VerifyBackup(bytes.NewReader(again.Bytes()), bytes.NewReader(since.Bytes()), "")
	wantErr(t, err, ErrOtherBase)
	if _, _, err = VerifyBackup(bytes.NewReader(since.Bytes()), nil, ""); err == nil {
		t.Error("an incremental backup alone is verified")
	}
}

// A changed byte of an incremental backup is found, as one of a whole backup is.
func TestAChangedByteOfAnIncrementalBackupIsFound(t *testing.T) {
	from := backend{url: storetest.Start(t)}.open(t)
	ctx, l := t.Context(), from.lead(t)
	key, err := record.NewKey("https://faultline.example")
	ok(t, err)
	ok(t, from.SaveRevision(ctx, l, incident(0, 1)))
	from.sign(t, key, "2026-03-01")
	var whole, since bytes.Buffer
	ok(t, Backup(ctx, from.url, nil, &whole))
	ok(t, from.SaveRevision(ctx, l, incident(0, 2)))
	ok(t, from.SaveRevision(ctx, l, incident(1, 1)))
	from.sign(t, key, "2026-03-02")
	_, err = from.Append(ctx, BatchKey{1, 1}, everyEvent(from.now))
	ok(t, err)
	ok(t, from.SaveView(ctx, l, faultline.View{AsOf: from.now}, Pos{5, 1}))
	ok(t, BackupSince(ctx, from.url, nil, bytes.NewReader(whole.Bytes()), &since))
	for i, r := range unwrapped(t, since.Bytes()) {
		if r.Key == "" {
			continue
		}
		for _, change := range changesOf(r) {
			items := unwrapped(t, since.Bytes())
			change.apply(&items[i])
			report, _, err := VerifyBackup(bytes.NewReader(whole.Bytes()), bytes.NewReader(wrapped(t, items)),
				key.Verifier())
			ok(t, err)
			if !strings.Contains(strings.Join(report.Faults, "\n"), change.named) || len(report.Faults) == 0 {
				t.Errorf("%s, %s: %q is not named in %q", r.Key, change.what, change.named, report.Faults)
			}
		}
	}
}

// A file whose checksum is wrong is refused wherever one is read, and what was restored
// from it is no log.
func TestABackupWithAWrongChecksumIsRefused(t *testing.T) {
	from := backend{url: storetest.Start(t)}.open(t)
	ctx, l := t.Context(), from.lead(t)
	ok(t, from.SaveView(ctx, l, faultline.View{AsOf: from.now}, Pos{5, 1}))
	_, err := from.Append(ctx, BatchKey{1, 1}, everyEvent(from.now))
	ok(t, err)
	var whole, since, none bytes.Buffer
	ok(t, Backup(ctx, from.url, nil, &whole))
	ok(t, BackupSince(ctx, from.url, nil, bytes.NewReader(whole.Bytes()), &since))
	to := backend{url: storetest.Start(t)}.open(t)
	const trailer = 8 // CRC-32 and size end a file of gzip
	for at := 1; at <= trailer; at++ {
		damaged := func(file []byte) *bytes.Reader {
			file = bytes.Clone(file)
			file[len(file)-at] ^= 1
			return bytes.NewReader(file)
		}
		refused := func(what string, err error) {
			t.Helper()
			if err == nil || !strings.Contains(err.Error(), "the backup is damaged") {
				t.Errorf("%s, byte %d from the end: %v", what, at, err)
			}
		}
		_, _, err := VerifyBackup(damaged(whole.Bytes()), nil, "")
		refused("verify", err)
		_, _, err = VerifyBackup(bytes.NewReader(whole.Bytes()), damaged(since.Bytes()), "")
		refused("verify both", err)
		refused("back up since", BackupSince(ctx, from.url, nil, damaged(whole.Bytes()), &none))
		ok(t, to.writes.FlushAll(ctx).Err())
		refused("restore", Restore(ctx, to.url, damaged(whole.Bytes())))
		equal(t, to.writes.Exists(ctx, keyEpoch).Val(), int64(0))
		ok(t, to.writes.FlushAll(ctx).Err())
		refused("restore then", Restore(ctx, to.url, bytes.NewReader(whole.Bytes()), damaged(since.Bytes())))
		equal(t, to.writes.Exists(ctx, keyEpoch).Val(), int64(0))
	}
}
