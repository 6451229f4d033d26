package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/record"
	"faultline/store"
	"faultline/store/storetest"
)

// sign signs the record of a house, and returns what answers for proofs.
func (h *house) sign() (*record.Keeper, string) {
	h.t.Helper()
	key, err := record.NewKey("https://faultline.example")
	ok(h.t, err)
	k := record.NewKeeper(record.KeeperConfig{Source: h.store, Key: key, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return now }})
	ok(h.t, k.Follow(h.t.Context()))
	return k, key.Verifier()
}

// verified compares backups with the record in them.
func verified(t *testing.T, key string, whole []byte, since ...[]byte) record.Report {
	t.Helper()
	var report record.Report
	var err error
	if len(since) > 0 {
		report, _, err = store.VerifyBackup(bytes.NewReader(whole), bytes.NewReader(since[0]), key)
	} else {
		report, _, err = store.VerifyBackup(bytes.NewReader(whole), nil, key)
	}
	ok(t, err)
	return report
}

// A backup of which a part was in the archive has no fault, whole or incremental, and also
// where incidents were moved while it was written, so that it has them twice.
func TestABackupWithArchivedIncidentsIsVerified(t *testing.T) {
	const n = 20
	h := newHouse(t, storetest.Start(t))
	h.fill(n)
	h.save(incident(n, 1, faultline.StateConfirmed)) // it stays in Redis
	_, key := h.sign()
	want := record.Report{Entries: 3*n + 1, Revisions: 3*n + 1, Heads: 2}
	check := func(what string, got record.Report) {
		t.Helper()
		if text, _ := json.Marshal(got); string(text) != jsonOf(t, want) {
			t.Errorf("%s: %s, want %s", what, text, jsonOf(t, want))
		}
	}
	a := h.node(t.TempDir(), h.store)
	var before, whole, since, later, twice bytes.Buffer
	ok(t, store.Backup(t.Context(), h.url, nil, &before))
	h.steps(a)
	if got := h.inRedis(); got != 1 {
		t.Fatalf("%d incidents are in Redis", got)
	}
	local := Reader(a.Archive.cfg.Dir, h.store, a.Archive.cfg.Now)
	ok(t, store.Backup(t.Context(), h.url, local, &whole))
	check("whole", verified(t, key, whole.Bytes()))
	ok(t, store.BackupSince(t.Context(), h.url, local, bytes.NewReader(before.Bytes()), &since))
	check("moved since", verified(t, key, before.Bytes(), since.Bytes()))
	ok(t, store.BackupSince(t.Context(), h.url, local, bytes.NewReader(whole.Bytes()), &later))
	check("nothing new", verified(t, key, whole.Bytes(), later.Bytes()))

	// In both places: what a backup reads that begins before and ends after a move.
	url := storetest.Start(t)
	ok(t, store.Restore(t.Context(), url, bytes.NewReader(whole.Bytes())))
	list, err := client(t, h.url).HGetAll(t.Context(), "{faultline}:archive").Result()
	ok(t, err)
	ok(t, client(t, url).HSet(t.Context(), "{faultline}:archive", list).Err())
	ok(t, store.Backup(t.Context(), url, local, &twice))
	check("moved meanwhile", verified(t, key, twice.Bytes()))
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	ok(t, err)
	return string(text)
}

// client talks to the Redis of a test.
func client(t *testing.T, url string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: strings.TrimPrefix(url, "unix://")})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// A file of the archive that was written anew with another content, its checksums right, is
// found out by the record: the fault names the revision, the incident, or the place.
func TestWhatIsChangedInTheArchiveIsFoundAndNamed(t *testing.T) {
	h := newHouse(t, storetest.Start(t))
	h.fill(3)
	_, key := h.sign()
	a := h.node(t.TempDir(), h.store)
	h.steps(a)
	local := Reader(a.Archive.cfg.Dir, h.store, a.Archive.cfg.Now)
	id := incident(1, 1, "").ID
	for _, c := range []struct {
		what, named string
		change      func(*store.ArchivedIncident)
	}{
		{"a byte of a revision", "revision 2 of " + id, func(in *store.ArchivedIncident) {
			in.Revisions[1].JSON = bytes.Replace(in.Revisions[1].JSON, []byte("503"), []byte("502"), 1)
		}},
		{"a revision is left out", "revision 1 of " + id, func(in *store.ArchivedIncident) {
			in.Revisions = in.Revisions[1:]
		}},
		{"the last revision is another", id, func(in *store.ArchivedIncident) { in.Last-- }},
		{"the record begins elsewhere", id, func(in *store.ArchivedIncident) { in.Recorded++ }},
		{"the onset of its place", "the index has " + id, func(in *store.ArchivedIncident) { in.OnsetMS++ }},
		{"the incident of another place", id, func(in *store.ArchivedIncident) { in.ID = "inc_0" }},
	} {
		var file bytes.Buffer
		changed := func(ctx context.Context, seg store.Segment, each func(store.ArchivedIncident) error) error {
			return local(ctx, seg, func(in store.ArchivedIncident) error {
				if in.ID == id {
					c.change(&in)
				}
				return each(in)
			})
		}
		ok(t, store.Backup(t.Context(), h.url, changed, &file))
		report := verified(t, key, file.Bytes())
		if all := strings.Join(report.Faults, "\n"); !strings.Contains(all, c.named) {
			t.Errorf("%s: %q is not named in %q", c.what, c.named, all)
		}
	}
}

// A revision in the archive has its proof, also from a keeper that began after the move.
func TestAnArchivedRevisionHasItsProof(t *testing.T) {
	const n = 3
	h := newHouse(t, storetest.Start(t))
	h.fill(n)
	k, key := h.sign()
	a := h.node(t.TempDir(), h.store)
	h.steps(a)
	if got := h.inRedis(); got != 0 {
		t.Fatalf("%d incidents are in Redis", got)
	}
	later := record.NewKeeper(record.KeeperConfig{Source: h.store, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return now }})
	ok(t, later.Follow(t.Context()))
	for i := range 3 * n {
		inc, err := a.Incident(t.Context(), incident(i/3, 1, "").ID, i%3+1)
		ok(t, err)
		for _, keeper := range []*record.Keeper{k, later} {
			proof, err := keeper.Prove(t.Context(), inc.ID, inc.Revision)
			ok(t, err)
			e, _, err := proof.Check(key)
			ok(t, err)
			if e.Incident != inc.ID || e.Revision != i%3+1 || e.SHA256 != inc.Hash || inc.Hash == "" {
				t.Errorf("the proof of revision %d of %s with the hash %q is of %+v", i%3+1, inc.ID, inc.Hash, e)
			}
		}
	}
}
