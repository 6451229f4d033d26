package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/record"
	"faultline/store"
	"faultline/store/storetest"
)

// recorded is a store on a real Redis with a record that a key signs.
type recorded struct {
	*store.Store
	url    string
	lease  store.Lease
	key    *record.Key
	keeper *record.Keeper
}

func newRecorded(t *testing.T) recorded {
	t.Helper()
	ctx, now := t.Context(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	// A busy machine may be slow to answer, and that is no fault here.
	r := recorded{url: storetest.Start(t) + "?dial_timeout=20s&read_timeout=20s&write_timeout=20s&pool_timeout=20s"}
	var err error
	r.Store, err = store.Open(ctx, store.Config{URL: r.url})
	must(t, err)
	t.Cleanup(func() { _ = r.Close() })
	_, err = r.Epoch(ctx, now)
	must(t, err)
	r.lease, _, err = r.Acquire(ctx, "a", time.Hour, now)
	must(t, err)
	r.key, err = record.NewKey("https://faultline.example")
	must(t, err)
	r.keeper = record.NewKeeper(record.KeeperConfig{Source: r, Key: r.key, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return now }})
	return r
}

// publish stores a revision and signs the record.
func (r recorded) publish(ctx context.Context, t *testing.T, revision int) {
	t.Helper()
	at := time.Date(2026, 3, 1, 12, revision, 0, 0, time.UTC)
	must(t, r.SaveRevision(ctx, r.lease, faultline.Incident{ID: "inc_01KJS000000000000000000000", Revision: revision,
		State: faultline.StateConfirmed, Title: "Fastly-fronted sites, 503", DetectedAt: at, UpdatedAt: at}))
	must(t, r.keeper.Follow(ctx))
}

// A whole backup and what backup --since has written on it are verified together. A changed
// byte of either, and another key, are found; a file that is not there is a wrong question.
func TestABackupAndWhatStandsOnItAreVerified(t *testing.T) {
	ctx, r, dir := t.Context(), newRecorded(t), t.TempDir()
	var whole, since bytes.Buffer
	r.publish(ctx, t, 1)
	must(t, store.Backup(ctx, r.url, nil, &whole))
	r.publish(ctx, t, 2)
	must(t, store.BackupSince(ctx, r.url, nil, bytes.NewReader(whole.Bytes()), &since))
	file := func(name string, body []byte) string {
		must(t, os.WriteFile(filepath.Join(dir, name), body, 0o600))
		return filepath.Join(dir, name)
	}
	first, then := file("whole", whole.Bytes()), file("since", since.Bytes())
	key := r.key.Verifier()
	for _, have := range []struct {
		what, named string
		args        []string
		code        int
	}{
		{"the whole alone", "1 revisions, 1 entries", []string{first, "--key", key}, 0},
		{"both", "2 revisions, 2 entries", []string{first, "--then", then, "--key", key}, 0},
		{"both, without a key", "2 revisions, 2 entries", []string{first, "--then", then}, 0},
		{"another file in its place", "", []string{first, "--then", first, "--key", key}, exitFailed},
		{"no such file", "--then", []string{first, "--then", filepath.Join(dir, "nothing")}, exitUsage},
		{"a revision with --then", "--then", []string{file("revision.json", []byte("{}")), "--then", then}, exitUsage},
	} {
		if code, said := verified(ctx, have.args...); code != have.code || !strings.Contains(said, have.named) {
			t.Errorf("%s: exit %d, %s", have.what, code, said)
		}
	}
	for _, body := range [][]byte{whole.Bytes(), since.Bytes()} {
		changed := bytes.Clone(body)
		changed[len(changed)/2] ^= 1
		args := []string{first, "--then", file("changed", changed), "--key", key}
		if &body[0] == &whole.Bytes()[0] {
			args = []string{file("changed", changed), "--then", then, "--key", key}
		}
		if code, said := verified(ctx, args...); code == 0 {
			t.Errorf("a changed byte is not found: %s", said)
		}
	}
}
