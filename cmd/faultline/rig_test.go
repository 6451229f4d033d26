package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/store"
	"faultline/store/storetest"
)

// toyEngine is a fold whose revisions a test can foresee: at a tick that follows
// a report it makes the next revision of one incident, whose title counts the
// reports. It stands for the engine where what is tested is what becomes of a
// fold's revisions.
type toyEngine struct {
	At        time.Time
	Reports   int
	Published int
	Revision  int
	Salt      string // goes into the title: two salts are two ways of folding
	Sites     map[string]faultline.SiteRecord
}

func newToy(salt string) func([]byte) (engine, error) {
	return func(checkpoint []byte) (engine, error) {
		e := &toyEngine{Sites: map[string]faultline.SiteRecord{}}
		if checkpoint != nil {
			if err := json.Unmarshal(checkpoint, e); err != nil {
				return nil, err
			}
		}
		e.Salt = salt
		return e, nil
	}
}

func (e *toyEngine) Fold(ev faultline.Event) []faultline.Incident {
	switch v := ev.(type) {
	case faultline.Report:
		e.Reports++
	case faultline.SiteRecord:
		e.Sites[v.Site] = v
	case faultline.Tick:
		e.At = v.At
		if e.Reports > e.Published {
			e.Published = e.Reports
			e.Revision++
			return []faultline.Incident{toyRevision(e.Revision, e.Reports, e.Salt)}
		}
	}
	return nil
}

func toyRevision(revision, reports int, salt string) faultline.Incident {
	return faultline.Incident{ID: "inc_TOY", Revision: revision, Title: fmt.Sprintf("%d reports%s", reports, salt), DetectedAt: noon}
}

func (e *toyEngine) View() faultline.View {
	return faultline.View{AsOf: e.At, Counters: faultline.Counters{Reports: int64(e.Reports)}}
}

func (e *toyEngine) Series() []faultline.SeriesRow {
	at := e.At.Truncate(time.Minute)
	return []faultline.SeriesRow{{Of: "toy.example", StepS: faultline.StepMinute, Point: faultline.SeriesPoint{At: at, Reports: e.Reports}}}
}

func (e *toyEngine) Snapshot() func() []byte {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return func() []byte {
		piece := b[:min(len(b), toyPiece)]
		if b = b[len(piece):]; len(piece) == 0 {
			return nil
		}
		return piece
	}
}

// toyPiece makes a checkpoint of several pieces even of what is small.
const toyPiece = 16

func (e *toyEngine) Settled() bool { return true }

func (e *toyEngine) Record(site string) (faultline.SiteRecord, bool) {
	r, ok := e.Sites[site]
	return r, ok
}
func (e *toyEngine) Names() iter.Seq[string]  { return slices.Values(slices.Sorted(maps.Keys(e.Sites))) }
func (e *toyEngine) Clock() time.Time         { return e.At }
func (e *toyEngine) CheckRequests() []faultline.CheckRequest { return nil }

func openStore(t *testing.T, url string) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), store.Config{URL: url, Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

// rig is a log on a real Redis and a second connection that plays its other
// users: doors and an older leader.
type rig struct {
	t      *testing.T
	url    string
	st     *store.Store
	raw    *redis.Client
	writer uint64
	seq    uint64
}

func newRig(t *testing.T) *rig {
	t.Helper()
	url := storetest.Start(t)
	r := &rig{t: t, url: url, st: openStore(t, url), writer: randomWriter()}
	r.raw = redis.NewClient(&redis.Options{Network: "unix", Addr: strings.TrimPrefix(url, "unix://")})
	t.Cleanup(func() { r.raw.Close() })
	if _, err := r.st.Epoch(t.Context(), noon); err != nil {
		t.Fatal(err)
	}
	return r
}

// patiently repeats what a slow disk may make Redis too late for.
func (r *rig) patiently(what string, do func() error) {
	r.t.Helper()
	var err error
	for range 20 {
		if err = do(); judgeWrite(err) != writeAgain {
			break
		}
	}
	if err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
}

func (r *rig) append(events ...faultline.Event) {
	r.t.Helper()
	r.seq++
	r.patiently("append", func() error {
		_, err := r.st.Append(r.t.Context(), store.BatchKey{Writer: r.writer, Seq: r.seq}, events)
		return err
	})
}

func report() faultline.Event { return faultline.Report{At: noon, Site: "a.com", Reporter: "r"} }

// oldLeader holds the lease as if by another process.
func (r *rig) oldLeader() store.Lease {
	r.t.Helper()
	var lease store.Lease
	r.patiently("acquire", func() (err error) {
		var ok bool
		if lease, ok, err = r.st.Acquire(r.t.Context(), "old", time.Minute, time.Now()); err == nil && !ok {
			r.t.Fatal("somebody leads already")
		}
		return err
	})
	return lease
}

func (r *rig) release(l store.Lease) {
	r.t.Helper()
	r.patiently("release", func() error { return r.st.Release(r.t.Context(), "old", l) })
}

// stored is the last revision of the toy's incident, 0 when there is none.
func (r *rig) stored() faultline.Incident {
	inc, _ := r.st.Incident(r.t.Context(), "inc_TOY", 0)
	return inc
}

// worker is the folding and leading half of a node.
type worker struct {
	fold *folder
	lead *leader
	// follows: it never tries to lead.
	follows bool
	stop    func() // in order, as at SIGTERM
}

func (r *rig) start(salt string, change ...func(*worker)) *worker {
	r.t.Helper()
	st, out, views := openStore(r.t, r.url), newOutbox(outboxSites), newLatest[faultline.View]()
	m := newMetrics(nil, out)
	w := &worker{fold: newFolder(st, newToy(salt), newSiteMap(func(string) {}), out, views, m, quiet, time.Now)}
	w.lead = &leader{store: st, fold: w.fold, out: out, views: views, holder: holderName(), writer: randomWriter(), day: worldDay,
		ttl: time.Second, checkpoint: 100 * time.Millisecond, m: m, log: quiet, now: time.Now}
	for _, c := range change {
		c(w)
	}
	ended := make(chan error, 1)
	fold, run := begin("fold", ended, w.fold.Run), w.lead.Run
	if w.follows {
		run = func(ctx context.Context) error { <-ctx.Done(); return nil }
	}
	lead := begin("leader", ended, run)
	stopped := false
	w.stop = func() {
		if !stopped {
			stopped = true
			lead.stop(context.Background(), quiet)
			fold.stop(context.Background(), quiet)
		}
	}
	r.t.Cleanup(w.stop)
	return w
}

// reads waits until the worker has folded the log to its present end.
func (r *rig) reads(w *worker) {
	r.t.Helper()
	eventually(r.t, 10*time.Second, "the log is folded", func() bool {
		tail, err := r.st.LogTail(r.t.Context())
		s := w.fold.status.Load()
		return err == nil && s.Loaded && !tail.After(s.Pos)
	})
}

func (r *rig) leads(w *worker) {
	r.t.Helper()
	eventually(r.t, 10*time.Second, "it leads", func() bool { return testutil.ToFloat64(w.lead.m.leader) == 1 })
}

// logged reads the whole log.
func (r *rig) logged() (events []faultline.Event) {
	r.t.Helper()
	reader := r.st.Reader(store.Cursor{})
	for {
		var batches []store.Batch
		r.patiently("read", func() (err error) { batches, err = reader.Next(r.t.Context(), 0); return err })
		if len(batches) == 0 {
			return events
		}
		for _, b := range batches {
			events = append(events, b.Events...)
		}
	}
}
