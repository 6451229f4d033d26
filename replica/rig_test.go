package replica

import (
	"context"
	"crypto/rand"
	"faultline"
	"faultline/pace"
	"faultline/store"
	"faultline/store/storetest"
	"faultline/task"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/redis/go-redis/v9"
)

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
	writer *store.Writer
}

func newRig(t *testing.T) *rig {
	t.Helper()
	url := storetest.Start(t)
	raw := redis.NewClient(&redis.Options{Network: "unix", Addr: strings.TrimPrefix(url, "unix://")})
	return newRigOn(t, url, raw)
}

// newRigOn is a rig on a Redis that a test has started.
func newRigOn(t *testing.T, url string, raw *redis.Client) *rig {
	t.Helper()
	r := &rig{t: t, url: url, st: openStore(t, url), raw: raw}
	r.writer = r.st.Writer()
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
		if err = do(); outcomeOf(err) != writeAgain {
			break
		}
	}
	if err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
}

func (r *rig) append(events ...faultline.Event) {
	r.t.Helper()
	err := r.writer.Send(func(key store.BatchKey) error {
		r.patiently("append", func() error {
			_, err := r.st.Append(r.t.Context(), key, events)
			return err
		})
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
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
	fold       *folder
	lead       *leader
	reconciler *reconciler
	// follows: it never tries to lead.
	follows bool
	stop    func() // in order, as at SIGTERM
}

func (r *rig) start(salt string, change ...func(*worker)) *worker {
	r.t.Helper()
	st, out, views := openStore(r.t, r.url), newOutbox(outboxSites), newLatest[viewAt]()
	m := newMetrics(nil, out)
	w := &worker{fold: newFolder(st, newToy(salt), NewSiteMap(nil), out, views, m, quiet, time.Now)}
	w.lead = &leader{store: st, fold: w.fold, out: out, views: views, holder: rand.Text(), clock: Clock{Now: time.Now,
		Every: time.Second},
		ttl: time.Second, checkpoint: 100 * time.Millisecond, m: m, log: quiet, now: time.Now}
	w.reconciler = &reconciler{log: quiet, clock: time.Now}
	for _, c := range change {
		c(w)
	}
	w.lead.openWriters()
	w.reconciler.store, w.reconciler.fold, w.reconciler.m, w.reconciler.writer = st, w.fold, m, st.Writer()
	w.lead.reconciler = w.reconciler
	ended := make(chan error, 1)
	fold, run := task.Begin("fold", ended, w.fold.Run), w.lead.Run
	reconciler := task.Begin("told", ended, w.reconciler.Run)
	if w.follows {
		run = func(ctx context.Context) error { <-ctx.Done(); return nil }
	}
	lead := task.Begin("leader", ended, run)
	stopped := false
	w.stop = func() {
		if !stopped {
			stopped = true
			lead.Stop(context.Background(), quiet)
			reconciler.Stop(context.Background(), quiet)
			fold.Stop(context.Background(), quiet)
		}
	}
	r.t.Cleanup(w.stop)
	return w
}

// reads waits until the worker has folded the log to its present end.
func (r *rig) reads(w *worker) {
	r.t.Helper()
	pace.Eventually(r.t, "the log is folded", func() bool {
		tail, err := r.st.LogTail(r.t.Context())
		s := w.fold.status.Load()
		return err == nil && s.Loaded && !tail.After(s.Pos)
	})
}

func (r *rig) leads(w *worker) {
	r.t.Helper()
	pace.Eventually(r.t, "it leads", func() bool { return testutil.ToFloat64(w.lead.m.leader) == 1 })
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

// quiet logs nothing.
var quiet = slog.New(slog.DiscardHandler)
