package ingest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"faultline"
)

func TestReportsThatWaitShareOneAppend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{gate: make(chan struct{})}
		d, closeDoor := open(t, log, &dayKeys{})
		first := ask(d, alice, "bbc.co.uk")
		synctest.Wait() // it is in flight
		var asked []<-chan answer
		for i := range 500 {
			asked = append(asked, ask(d, addr(i), "bbc.co.uk"))
		}
		synctest.Wait()
		began := time.Now()
		close(log.gate)
		for _, a := range append(asked, first) {
			if got := <-a; got.err != nil || !got.receipt.Counted {
				t.Errorf("got %+v", got)
			}
		}
		calls, events := log.state()
		if len(calls) != 2 || len(events) != 501 {
			t.Errorf("%d appends carried %d events, want 2 with 501", len(calls), len(events))
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("a timer of %v held them back", took)
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

func TestRetryKeepsWriterSeqAndContents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{lost: 2} // in the log, and the answer is lost
		d, closeDoor := open(t, log, &dayKeys{})
		for i := range 2 {
			if r, err := d.Report(t.Context(), addr(i), "bbc.co.uk", ""); err != nil || !r.Counted {
				t.Errorf("got %+v, %v", r, err)
			}
		}
		calls, events := log.state()
		if len(calls) != 4 || len(events) != 2 {
			t.Fatalf("%d appends, %d events, want 4 and 2", len(calls), len(events))
		}
		for i, seq := range []uint64{1, 1, 1, 2} {
			if calls[i].writer != 7 || calls[i].seq != seq || len(calls[i].events) != 1 ||
				calls[i].events[0] != events[seq-1] {
				t.Errorf("append %d: %+v", i, calls[i])
			}
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

func TestFailedBatchFailsAllInItSoonAndItsSeqIsNeverReused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{gate: make(chan struct{}, 100)}
		d, closeDoor := open(t, log, &dayKeys{})
		var asked []<-chan answer
		for i := range 20 {
			asked = append(asked, ask(d, addr(i), "bbc.co.uk"))
		}
		began := time.Now()
		for _, a := range asked { // nobody opens the gate: every attempt hangs
			if got := <-a; !errors.Is(got.err, faultline.ErrUnavailable) {
				t.Errorf("got %+v", got)
			}
		}
		if took := time.Since(began); took > 2*flushLimit { // those who came during the first flush wait for a second
			t.Errorf("it took %v", took)
		}
		before, _ := log.state()
		for range cap(log.gate) {
			log.gate <- struct{}{}
		}
		if _, err := d.Report(t.Context(), alice, "bbc.co.uk", ""); err != nil {
			t.Error(err)
		}
		after, _ := log.state()
		if last := after[len(after)-1]; last.seq != before[len(before)-1].seq+1 {
			t.Errorf("seq %d follows %d", last.seq, before[len(before)-1].seq)
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

func TestFullQueueRefusesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d := NewDoor(DoorConfig{Log: log, Keys: &dayKeys{}, Names: NewNames("bbc.co.uk"), Now: time.Now})
		tick := faultline.Tick{At: time.Now()}
		for range queueLimit { // Run has not begun
			if _, err := d.commit.add(tick); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		if _, err := d.Report(t.Context(), alice, "bbc.co.uk", ""); !errors.Is(err, faultline.ErrUnavailable) ||
			time.Since(began) != 0 {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan error, 1)
		go func() { ran <- d.Run(ctx) }()
		synctest.Wait()
		if r, err := d.Report(t.Context(), alice, "bbc.co.uk", ""); err != nil || !r.Counted {
			t.Errorf("with room again: %+v, %v", r, err)
		}
		cancel()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		calls, events := log.state()
		if len(events) != queueLimit+1 {
			t.Errorf("%d events are in the log", len(events))
		}
		for _, c := range calls {
			if len(c.events) > batchLimit {
				t.Errorf("one append carries %d events", len(c.events))
			}
		}
	})
}

func TestRunAppendsWhatIsQueuedWhenItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{gate: make(chan struct{}, 100)}
		d, closeDoor := open(t, log, &dayKeys{})
		inFlight := ask(d, addr(1), "bbc.co.uk")
		synctest.Wait()
		queued := ask(d, addr(2), "bbc.co.uk")
		synctest.Wait()
		full := make([]faultline.Event, batchLimit) // each a batch of its own
		for i := range full {
			full[i] = faultline.Tick{At: time.Now()}
		}
		for range 3 {
			if _, err := d.commit.add(full...); err != nil {
				t.Fatal(err)
			}
		}
		closed := make(chan error, 1)
		go func() { closed <- closeDoor() }()
		synctest.Wait()
		for range cap(log.gate) {
			log.gate <- struct{}{}
		}
		for _, a := range []<-chan answer{inFlight, queued} {
			if got := <-a; got.err != nil || !got.receipt.Counted {
				t.Errorf("got %+v", got)
			}
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if _, events := log.state(); len(events) != 2+3*batchLimit {
			t.Errorf("%d events are in the log", len(events))
		}
		began := time.Now()
		if _, err := d.Report(t.Context(), addr(3), "bbc.co.uk", ""); !errors.Is(err, faultline.ErrUnavailable) ||
			time.Since(began) != 0 {
			t.Errorf("a closed door answers %v after %v", err, time.Since(began))
		}
		if err := d.Run(t.Context()); err == nil {
			t.Error("a door opened twice")
		}
	})
}

func TestRunEndsInTimeAndSaysWhatItCouldNotAppend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{gate: make(chan struct{})} // nobody opens it
		d, closeDoor := open(t, log, &dayKeys{})
		tick := faultline.Tick{At: time.Now()}
		for range queueLimit {
			if _, err := d.commit.add(tick); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		err := closeDoor()
		if took := time.Since(began); !errors.Is(err, faultline.ErrUnavailable) || took > drainLimit+flushLimit {
			t.Errorf("%v after %v", err, took)
		}
	})
}

func TestReportWaitsNoLongerThanItsContextAndItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDoor(DoorConfig{Log: &memLog{}, Keys: &dayKeys{}, Names: NewNames("bbc.co.uk"), Now: time.Now})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for _, tt := range []struct {
			ctx  context.Context
			want time.Duration
		}{{ctx, time.Second}, {t.Context(), waitLimit - time.Second}} { // of the batch that both are in
			began := time.Now() // Run never begins
			_, err := d.Report(tt.ctx, addr(int(tt.want)), "bbc.co.uk", "")
			if took := time.Since(began); !errors.Is(err, faultline.ErrUnavailable) || took != tt.want {
				t.Errorf("%v after %v, want %v", err, took, tt.want)
			}
		}
	})
}

func TestDoorCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		log := &memLog{down: 1}
		d := NewDoor(DoorConfig{Log: log, Keys: &dayKeys{}, Names: NewNames("bbc.co.uk"), Now: time.Now,
			Registerer: reg})
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan error, 1)
		go func() { ran <- d.Run(ctx) }()
		for _, site := range []string{"bbc.co.uk", "bbc.co.uk", "nobody.org", "::1"} {
			_, _ = d.Report(t.Context(), alice, site, "") // what came of it is counted below
		}
		log.fail(attempts)
		_, _ = d.Report(t.Context(), addr(1), "bbc.co.uk", "")
		cancel()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		want := `
# HELP faultline_ingest_flush_retries_total Repeated attempts to append a batch.
# TYPE faultline_ingest_flush_retries_total counter
faultline_ingest_flush_retries_total 4
# HELP faultline_ingest_flushes_total Batches by whether the log took them: ok or failed.
# TYPE faultline_ingest_flushes_total counter
faultline_ingest_flushes_total{outcome="failed"} 1
faultline_ingest_flushes_total{outcome="ok"} 1
# HELP faultline_ingest_pending_events Events accepted and not yet in the log.
# TYPE faultline_ingest_pending_events gauge
faultline_ingest_pending_events 0
# HELP faultline_ingest_reports_total Reports by what became of them.
# TYPE faultline_ingest_reports_total counter
faultline_ingest_reports_total{outcome="counted"} 1
faultline_ingest_reports_total{outcome="invalid"} 1
faultline_ingest_reports_total{outcome="repeated"} 1
faultline_ingest_reports_total{outcome="unavailable"} 1
faultline_ingest_reports_total{outcome="unknown"} 1
`
		if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "faultline_ingest_flush_retries_total",
			"faultline_ingest_flushes_total", "faultline_ingest_pending_events",
			"faultline_ingest_reports_total"); err != nil {
			t.Error(err)
		}
	})
}
