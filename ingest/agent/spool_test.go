package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"faultline"
)

// shop takes results, unless it is shut.
type shop struct {
	mu    sync.Mutex
	shut  bool
	taken []faultline.Probe
}

func (s *shop) Probes(_ context.Context, probes []faultline.Probe) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return errors.New("503")
	}
	s.taken = append(s.taken, probes...)
	return nil
}

func (s *shop) set(shut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shut = shut
}

func (s *shop) sites() (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.taken {
		all = append(all, p.Site)
	}
	return all
}

func openSpool(t *testing.T, dir string, next *shop) *Spool {
	t.Helper()
	s, err := OpenSpool(dir, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.next = next
	t.Cleanup(func() { _ = s.Close() }) // it may be closed already
	return s
}

func result(n int) faultline.Probe {
	return faultline.Probe{Site: fmt.Sprintf("s%d.net", n), At: faultline.Millis(time.Now()), Symptom: "ok"}
}

// put hands one batch over, which must not fail while the server is away.
func put(t *testing.T, s *Spool, probes ...faultline.Probe) {
	t.Helper()
	if err := s.Probes(t.Context(), probes); err != nil {
		t.Fatal(err)
	}
}

// An hour without the server: the vantage goes on, what waits stays within its bounds,
// and once the server is back it gets the newest five minutes in their order.
func TestAnHourWithoutTheServer(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		server := &shop{}
		s := openSpool(t, dir, server)
		s.ledger.Assign(6, time.Minute, time.Now())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Run(ctx) }()
		put(t, s, result(0))
		server.set(true)
		for n := 1; n <= 360; n++ {
			put(t, s, result(n))
			time.Sleep(10 * time.Second) // of the bubble's clock
		}
		h := s.Health()
		if most := int(faultline.LateBound/(10*time.Second)) + 2; h.Spooled > most || h.Spooled < 20 {
			t.Errorf("%d results wait", h.Spooled)
		}
		if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) > 40 {
			t.Errorf("%d files", len(files))
		}
		if h.Due < 350 || h.Due > 360 || h.Delivered > 1 {
			t.Errorf("while it was away: %+v", h)
		}
		server.set(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		got := server.sites()
		if h = s.Health(); h.Spooled != 0 || int(h.Dropped)+len(got) != 361 || len(got) < 28 {
			t.Errorf("%d were taken, health %+v", len(got), h)
		}
		for i, site := range got[1:] {
			if want := fmt.Sprintf("s%d.net", 360-(len(got)-1)+i+1); site != want {
				t.Fatalf("result %d is %s, want %s", i, site, want)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// What waits when a vantage ends is handed in by the next process, before anything new.
func TestASpoolOutlivesItsProcess(t *testing.T) {
	dir := t.TempDir()
	server := &shop{shut: true}
	first := openSpool(t, dir, server)
	put(t, first, result(1), result(2))
	put(t, first, result(3))
	if _, err := OpenSpool(dir, slog.New(slog.DiscardHandler), time.Now); err == nil ||
		!strings.Contains(err.Error(), "in use") {
		t.Errorf("two processes share a spool: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	whole := filepath.Join(dir, "00000000000000000002.ndjson")
	text, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(whole, append(text, `{"type":"probe","at":"2026-`...), 0o600); err != nil { // power was lost
		t.Fatal(err)
	}
	second := openSpool(t, dir, server)
	if h := second.Health(); h.Spooled != 3 {
		t.Errorf("%+v", h)
	}
	server.set(false)
	put(t, second, result(4))
	for err := error(nil); !errors.Is(err, errNothingWaits); {
		if err = second.deliver(t.Context()); err != nil && !errors.Is(err, errNothingWaits) {
			t.Fatal(err)
		}
	}
	if got := server.sites(); !slices.Equal(got, []string{"s1.net", "s2.net", "s3.net", "s4.net"}) {
		t.Errorf("taken: %v", got)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*.ndjson")); len(files) != 0 {
		t.Errorf("left on disk: %v", files)
	}
}

// The oldest results go first when there are too many, and are counted.
func TestASpoolIsBounded(t *testing.T) {
	s := openSpool(t, t.TempDir(), &shop{shut: true})
	for n := range 5 {
		put(t, s, result(n))
	}
	s.bytes += maxSpoolBytes // as if they were large
	s.bound()
	if h := s.Health(); h.Spooled != 1 || h.Dropped != 4 || s.batches[0].number != 5 {
		t.Errorf("%+v", h)
	}
}

// A disk that takes nothing is an error: the prober then keeps what it has in memory.
func TestASpoolWithoutADisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	s := openSpool(t, dir, &shop{shut: true})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Probes(t.Context(), []faultline.Probe{result(1)}); err == nil {
		t.Error("results are lost without a word")
	}
}

// Checks that were repeated make good for none that is missing, and what arrives late
// was not delivered in time.
func TestDeliveriesAreCountedOnceAPeriod(t *testing.T) {
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := tally{}
	c.assign(2, time.Minute, begin)
	for minute := range 10 {
		at := begin.Add(time.Duration(minute) * time.Minute)
		for _, after := range []time.Duration{5 * time.Second, 15 * time.Second, 25 * time.Second} {
			c.deliver([]faultline.Probe{{Site: "a.net", At: at.Add(after)}}, at.Add(after+time.Second))
		}
	}
	end := begin.Add(10 * time.Minute)
	c.deliver([]faultline.Probe{{Site: "b.net", At: begin}}, end)
	if due, delivered := c.count(end); due != 20 || delivered != 10 {
		t.Errorf("%d of %d", delivered, due)
	}
	if due, _ := c.count(begin.Add(30 * time.Hour)); due > 2*60 {
		t.Errorf("%d checks were due within an hour", due)
	}
}
