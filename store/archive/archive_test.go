package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/store"
	"faultline/store/storetest"
)

const patient = "?dial_timeout=20s&read_timeout=20s&write_timeout=20s&pool_timeout=20s"

var (
	// now is when the archive is made, long after most of its incidents.
	now   = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	keep  = 24 * time.Hour
	began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

// house is a Redis with incidents, and what nodes share.
type house struct {
	t     *testing.T
	url   string
	store *store.Store
	lease store.Lease
}

// term is a leader's term.
type term struct {
	*store.Store
	lease store.Lease
}

func (m term) Propose(ctx context.Context, p store.Proposal) error {
	return m.Store.Propose(ctx, m.lease, p)
}
func (m term) Move(ctx context.Context, p store.Proposal) error { return m.Store.Move(ctx, m.lease, p) }

func open1(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{URL: url + patient, Durable: true})
	ok(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newHouse(t *testing.T, url string) *house {
	t.Helper()
	h := &house{t: t, url: url, store: open1(t, url)}
	var free bool
	var err error
	h.lease, free, err = h.store.Acquire(t.Context(), "a", time.Hour, now)
	ok(t, err)
	if !free {
		t.Fatal("the lease is not free")
	}
	_, err = h.store.Epoch(t.Context(), now)
	ok(t, err)
	return h
}

// node opens a copy of the archive on a disk of its own.
func (h *house) node(dir string, s *store.Store) Source {
	h.t.Helper()
	a, err := New(Config{Dir: dir, Store: s, Keep: keep, Now: func() time.Time { return now },
		Log: slog.New(slog.DiscardHandler)})
	ok(h.t, err)
	return Source{s, a}
}

func (h *house) save(list ...faultline.Incident) {
	h.t.Helper()
	for _, in := range list {
		ok(h.t, h.store.SaveRevision(h.t.Context(), h.lease, in))
	}
}

// incident is one revision of the nth.
func incident(n, revision int, state faultline.IncidentState) faultline.Incident {
	at := began.Add(time.Duration(n/2) * time.Hour) // two of each onset
	in := faultline.Incident{ID: fmt.Sprintf("inc_%026d", n), Revision: revision, State: state,
		Basis: faultline.BasisBoth, Title: "Fastly-fronted sites, 503", Symptoms: []faultline.SymptomShare{},
		Onset: faultline.Onset{Earliest: at, At: at, Latest: at}, DetectedAt: at,
		UpdatedAt: at.Add(time.Duration(revision) * time.Minute)}
	for i := range 5 {
		in.Sites = append(in.Sites, faultline.IncidentSite{Site: fmt.Sprintf("s%d.example", i),
			State: faultline.SiteDown, Symptom: "http_503", Onset: at, Reports: n})
	}
	in.SitesTotal = len(in.Sites)
	return in
}

// fill saves incidents that are over, of three revisions each.
func (h *house) fill(n int) {
	h.t.Helper()
	for i := range n {
		h.save(incident(i, 1, faultline.StateCandidate), incident(i, 2, faultline.StateConfirmed),
			incident(i, 3, faultline.StateResolved))
	}
}

// steps lets all nodes go on, the first as leader, until nothing more is to be done.
func (h *house) steps(nodes ...Source) {
	h.t.Helper()
	ctx, without := h.t.Context(), 0
	for range 40 {
		for _, n := range nodes {
			ok(h.t, n.Archive.step(ctx))
		}
		ok(h.t, nodes[0].Archive.advance(ctx, term{h.store, h.lease}, &without))
	}
}

// inRedis is how many incidents Redis holds.
func (h *house) inRedis() int {
	h.t.Helper()
	n, err := h.store.CountIncidents(h.t.Context())
	ok(h.t, err)
	return n
}

// answers is everything that can be read of n incidents.
func answers(t *testing.T, from Source, n int) string {
	t.Helper()
	ctx := t.Context()
	var out bytes.Buffer
	say := func(v any, err error) {
		ok(t, err)
		ok(t, json.NewEncoder(&out).Encode(v))
	}
	for i := range n {
		id := fmt.Sprintf("inc_%026d", i)
		for revision := range 4 {
			say(from.Incident(ctx, id, revision))
		}
		say(from.Revisions(ctx, id, 1, 128))
		say(from.Revisions(ctx, id, 2, 2))
	}
	for _, limit := range []int{1, 7, 1000} {
		say(from.Incidents(ctx, limit))
	}
	onset, id := now, ""
	for {
		page, err := from.Older(ctx, onset, id, 11)
		say(page, err)
		if len(page) < 11 {
			break
		}
		last := page[len(page)-1]
		onset, id = last.Onset.At, last.ID
	}
	if _, err := from.Incident(ctx, "inc_00000000000000000000000000x", 0); !errors.Is(err, faultline.ErrNotFound) {
		t.Errorf("an incident that never was: %v", err)
	}
	if _, err := from.Incident(ctx, fmt.Sprintf("inc_%026d", 3), 99); !errors.Is(err, faultline.ErrNotFound) {
		t.Errorf("a revision that never was: %v", err)
	}
	return out.String()
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, who, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s: line %d differs:\n%.300s", who, i, g[i])
		}
	}
	t.Fatalf("%s: %d lines, want %d", who, len(g), len(w))
}

// Every answer about an incident is the same before and after it was moved, on nodes that
// share no disk; a node that is new says that it can't answer until it has copied the files.
func TestArchivedIncidentsReadAsBefore(t *testing.T) {
	servers := map[string]func(testing.TB) string{"server": storetest.Start, "cluster": storetest.StartCluster}
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, start(t))
			const n = 150 // two files
			h.fill(n)
			h.save(incident(n, 1, faultline.StateConfirmed)) // open still
			a, b := h.node(t.TempDir(), h.store), h.node(t.TempDir(), open1(t, h.url))
			ok(t, a.Archive.step(t.Context()))
			before := answers(t, a, n)
			h.steps(a, b)
			if got := h.inRedis(); got != 1 {
				t.Fatalf("%d incidents are in Redis", got)
			}
			same(t, "the leader", answers(t, a, n), before)
			same(t, "the other node", answers(t, b, n), before)

			c := h.node(t.TempDir(), open1(t, h.url))
			if _, err := c.Incident(t.Context(), incident(3, 1, "").ID, 0); !errors.Is(err, faultline.ErrUnavailable) {
				t.Errorf("a new node without the files: %v", err)
			}
			if _, err := c.Older(t.Context(), now, "", 5); !errors.Is(err, faultline.ErrUnavailable) {
				t.Errorf("its list: %v", err)
			}
			h.steps(a, b, c)
			same(t, "a new node", answers(t, c, n), before)
		})
	}
}

// Whatever moment the leader ends at, every incident can be read, and its successor, whose
// disk has nothing, goes on.
func TestACrashWhileIncidentsAreMovedLosesNothing(t *testing.T) {
	for crash := range 7 {
		h := newHouse(t, storetest.Start(t))
		const n = 20
		h.fill(n)
		a, b := h.node(t.TempDir(), h.store), h.node(t.TempDir(), open1(t, h.url))
		ctx, without, m := t.Context(), 0, term{h.store, h.lease}
		ok(t, b.Archive.step(ctx))
		before := answers(t, b, n)
		// Each is a moment at which the first node ends for good, its disk too.
		moments := []func(){
			func() { // written down and not proposed
				list, err := a.Archive.pick(ctx)
				ok(t, err)
				file, seg, err := encode(list)
				ok(t, err)
				ok(t, put(a.Archive.cfg.Dir, seg, file))
			},
			func() { ok(t, a.Archive.step(ctx)) },                 // it has said that it is there
			func() { ok(t, a.Archive.advance(ctx, m, &without)) }, // proposed
			func() { ok(t, a.Archive.step(ctx)) },                 // held
			func() { ok(t, a.Archive.advance(ctx, m, &without)) }, // not moved: the other has no copy
			func() { // copied
				for _, n := range []Source{b, a, b} {
					ok(t, n.Archive.step(ctx))
				}
			},
		}
		for _, moment := range moments[:min(crash, len(moments))] {
			moment()
		}
		same(t, fmt.Sprintf("after moment %d", crash), answers(t, b, n), before)
		if got := h.inRedis(); got != n {
			t.Fatalf("after moment %d: %d incidents are in Redis before all nodes hold the file", crash, got)
		}
		// A day later nobody waits for the first node any more.
		later := func() time.Time { return now.Add(25 * time.Hour) }
		b.Archive.cfg.Now = later
		h.steps(b)
		if got := h.inRedis(); got != 0 {
			t.Errorf("after moment %d: %d incidents are in Redis still", crash, got)
		}
		same(t, fmt.Sprintf("moved after moment %d", crash), answers(t, b, n), before)
	}
}

// An incident that is given another revision while its file is copied stays in Redis.
func TestAChangedIncidentIsNotMoved(t *testing.T) {
	h := newHouse(t, storetest.Start(t))
	h.fill(3)
	a := h.node(t.TempDir(), h.store)
	ctx, without := t.Context(), 0
	ok(t, a.Archive.step(ctx))
	ok(t, a.Archive.advance(ctx, term{h.store, h.lease}, &without))
	ok(t, a.Archive.step(ctx))
	changed := incident(1, 4, faultline.StateResolved)
	changed.Title = "corrected"
	h.save(changed)
	ok(t, a.Archive.advance(ctx, term{h.store, h.lease}, &without))
	if got := h.inRedis(); got != 3 {
		t.Fatalf("%d incidents are in Redis", got)
	}
	h.steps(a)
	got, err := a.Incident(ctx, changed.ID, 0)
	ok(t, err)
	if got.Title != "corrected" || h.inRedis() != 0 {
		t.Errorf("%q, and %d in Redis", got.Title, h.inRedis())
	}
	files, err := filepath.Glob(filepath.Join(a.Archive.cfg.Dir, "*"+suffix))
	ok(t, err)
	if len(files) != 1 {
		t.Errorf("%d files are left", len(files))
	}
}

// A file with a wrong byte is not read from: the node copies it again from another one.
func TestADamagedFileIsCopiedAgain(t *testing.T) {
	h := newHouse(t, storetest.Start(t))
	h.fill(5)
	a, b := h.node(t.TempDir(), h.store), h.node(t.TempDir(), open1(t, h.url))
	ok(t, a.Archive.step(t.Context()))
	before := answers(t, a, 5)
	h.steps(a, b)
	name := path(b.Archive.cfg.Dir, b.Archive.state.Load().segments[0].Name)
	whole, err := os.ReadFile(name)
	ok(t, err)
	for at := 60; at < len(whole); at += len(whole) / 7 {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 0x40
		ok(t, os.WriteFile(name, damaged, 0o600))
		ok(t, b.Archive.step(t.Context()))
		for i := range 20 {
			_, err := b.Incident(t.Context(), incident(i/4, 1, "").ID, i%4)
			if err != nil && !errors.Is(err, faultline.ErrUnavailable) {
				t.Errorf("byte %d is wrong: %v", at, err)
			}
		}
		_, _ = b.Incidents(t.Context(), 10)
		if b.Archive.verify() == 0 {
			h.steps(a, b)
		}
		same(t, "copied again", answers(t, b, 5), before)
	}
}

// While Redis is away, and after a restart meanwhile, what is in the archive can be read.
func TestTheArchiveIsReadWithoutRedis(t *testing.T) {
	way, url := storetest.Between(t, storetest.Start(t))
	h := newHouse(t, url)
	h.fill(5)
	dir := t.TempDir()
	a := h.node(dir, h.store)
	h.steps(a)
	want, err := a.Incident(t.Context(), incident(2, 1, "").ID, 2)
	ok(t, err)
	defer way.Silence()()
	impatient, err := store.Open(t.Context(), store.Config{URL: url, Durable: true})
	ok(t, err)
	defer impatient.Close()
	again := h.node(dir, impatient)
	got, err := again.Incident(t.Context(), want.ID, 2)
	ok(t, err)
	if got.Title != want.Title || got.Revision != 2 {
		t.Errorf("%+v", got)
	}
	if _, err := again.Incident(t.Context(), "inc_x", 0); !errors.Is(err, faultline.ErrUnavailable) {
		t.Errorf("what the archive has not may be in Redis, which is away: %v", err)
	}
}

// Incidents stay in Redis until the file that they are in lies whole on this node's disk,
// whatever the node said before.
func TestNothingIsMovedIntoAFileThatIsGone(t *testing.T) {
	ctx, h, dir := t.Context(), newHouse(t, storetest.Start(t)), t.TempDir()
	h.fill(4)
	n, without := h.node(dir, h.store), 0
	leads := term{h.store, h.lease}
	ok(t, n.Archive.step(ctx))
	ok(t, n.Archive.advance(ctx, leads, &without)) // proposes
	ok(t, n.Archive.step(ctx))                     // says that it holds the file
	p, proposed, err := h.store.Proposed(ctx)
	ok(t, err)
	if !proposed {
		t.Fatal("nothing is proposed")
	}
	ok(t, os.Remove(path(dir, p.Segment.Name)))
	ok(t, n.Archive.advance(ctx, leads, &without))
	if left := h.inRedis(); left != 4 {
		t.Fatalf("%d of 4 incidents are left in Redis, and the file is gone", left)
	}
	for range 2 * stuckAfter { // another is proposed
		ok(t, n.Archive.step(ctx))
		ok(t, n.Archive.advance(ctx, leads, &without))
	}
	if left := h.inRedis(); left != 0 {
		t.Errorf("%d incidents are left in Redis for ever", left)
	}
}
