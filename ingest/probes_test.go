package ingest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"faultline"
)

var london = faultline.Vantage{Vantage: "lon-1", ASN: 20473, Country: "GB"}

func TestProbesAreInTheLogTogetherBeforeItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{gate: make(chan struct{})}
		d, closeDoor := open(t, log, &dayKeys{})
		seen := time.Date(1999, 12, 31, 23, 0, 0, 123456789, time.FixedZone("", 3600))
		type result struct {
			n        int
			rejected []faultline.Invalid
			err      error
		}
		done := make(chan result, 1)
		go func() {
			n, rejected, err := d.Probes(t.Context(), london, []faultline.Probe{
				{At: seen, Site: "https://www.BBC.co.uk", Vantage: "lon-1", Symptom: "http_503", Status: 503,
					LatencyMS: 182, Detail: "edge", Via: []faultline.Component{"cdn:fastly"}},
				{Site: "ft.com", Symptom: "ok", Status: 429},
			})
			done <- result{n, rejected, err}
		}()
		synctest.Wait()
		select {
		case r := <-done:
			t.Fatalf("answered %+v while the log had not", r)
		default:
		}
		close(log.gate)
		if r := <-done; r.n != 2 || r.rejected != nil || r.err != nil {
			t.Errorf("got %+v", r)
		}
		want := []faultline.Event{
			london,
			faultline.Probe{At: time.Date(1999, 12, 31, 22, 0, 0, 123e6, time.UTC), Site: "bbc.co.uk", Vantage: "lon-1",
				Symptom: "http_503", Status: 503, LatencyMS: 182, Detail: "edge",
				Via: []faultline.Component{"cdn:fastly"}},
			faultline.Probe{At: faultline.Millis(time.Now()), Site: "ft.com", Vantage: "lon-1", Symptom: "blocked",
				Status: 429},
		}
		if calls, events := log.state(); len(calls) != 1 || !reflect.DeepEqual(events, want) {
			t.Errorf("%d appends:\n got %+v\nwant %+v", len(calls), events, want)
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

func TestProbesNameWhatTheyRefuseAndKeepTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := open(t, log, &dayKeys{})
		ok := faultline.Probe{Site: "bbc.co.uk", Symptom: "ok"}
		bad := func(change func(*faultline.Probe)) faultline.Probe { p := ok; change(&p); return p }
		n, rejected, err := d.Probes(t.Context(), london, []faultline.Probe{
			ok,
			bad(func(p *faultline.Probe) { p.Site = "10.0.0.1" }),
			bad(func(p *faultline.Probe) { p.Vantage = "nyc-1" }),
			bad(func(p *faultline.Probe) { p.At = time.Date(1, 2, 3, 0, 0, 0, 0, time.UTC) }),
			bad(func(p *faultline.Probe) { p.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }),
			bad(func(p *faultline.Probe) { p.Symptom = "" }),
			bad(func(p *faultline.Probe) { p.Symptom = "two words" }),
			bad(func(p *faultline.Probe) { p.Status = 99 }),
			bad(func(p *faultline.Probe) { p.Status = 600 }),
			bad(func(p *faultline.Probe) { p.LatencyMS = -1 }),
			bad(func(p *faultline.Probe) { p.LatencyMS = 600_001 }),
			bad(func(p *faultline.Probe) { p.Detail = strings.Repeat("x", maxDetail+1) }),
			bad(func(p *faultline.Probe) { p.Via = []faultline.Component{"cdn:fastly", "fastly"} }),
			bad(func(p *faultline.Probe) { p.Via = make([]faultline.Component, maxVia+1) }),
			ok,
		})
		if n != 2 || err != nil {
			t.Errorf("accepted %d, %v", n, err)
		}
		var pointers []string
		for _, r := range rejected {
			pointers = append(pointers, r.Pointer)
			if r.Detail == "" {
				t.Errorf("%s says no reason", r.Pointer)
			}
		}
		want := "[/1/site /2/vantage /3/at /4/at /5/symptom /6/symptom /7/status /8/status /9/latency_ms " +
			"/10/latency_ms /11/detail /12/via/1 /13/via]"
		if fmt.Sprint(pointers) != want {
			t.Errorf("\n got %v\nwant %s", pointers, want)
		}
		if _, events := log.state(); len(events) != 3 {
			t.Errorf("%d events are in the log, want the vantage and 2 probes", len(events))
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

func TestProbesRefuseABatchWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := open(t, log, &dayKeys{})
		many := make([]faultline.Probe, maxProbes+1)
		for i := range many {
			many[i] = faultline.Probe{Site: "bbc.co.uk", Symptom: "ok", At: time.Unix(int64(i), 0)}
		}
		for name, try := range map[string]struct {
			v      faultline.Vantage
			probes []faultline.Probe
		}{
			"too many":      {london, many},
			"no vantage":    {faultline.Vantage{}, many[:1]},
			"vantage blank": {faultline.Vantage{Vantage: "lon 1"}, many[:1]},
		} {
			var invalid faultline.InvalidError
			if n, _, err := d.Probes(t.Context(), try.v, try.probes); n != 0 || !errors.As(err, &invalid) {
				t.Errorf("%s: %d, %v", name, n, err)
			}
		}
		if n, rejected, err := d.Probes(t.Context(), london, []faultline.Probe{{}}); n != 0 || len(rejected) != 1 ||
			err != nil {
			t.Errorf("%d, %v, %v", n, rejected, err)
		}
		if calls, _ := log.state(); len(calls) != 0 {
			t.Errorf("%d appends", len(calls))
		}
		if n, _, err := d.Probes(t.Context(), london, many[:maxProbes]); n != maxProbes || err != nil {
			t.Errorf("a full batch: %d, %v", n, err)
		}
		if calls, _ := log.state(); len(calls) != 1 {
			t.Errorf("%d appends for one batch", len(calls))
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

func TestVantageIsRecordedWhenNewOrChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{down: attempts}
		d, closeDoor := open(t, log, &dayKeys{})
		probe := []faultline.Probe{{Site: "bbc.co.uk", Symptom: "ok"}}
		if n, _, err := d.Probes(t.Context(), london, probe); n != 0 || !errors.Is(err, faultline.ErrUnavailable) {
			t.Errorf("%d, %v while the log is down", n, err)
		}
		moved := london
		moved.ASN = 63949
		for _, v := range []faultline.Vantage{london, london, moved, moved} {
			if _, _, err := d.Probes(t.Context(), v, probe); err != nil {
				t.Error(err)
			}
		}
		var got []string
		_, events := log.state()
		for _, ev := range events {
			got = append(got, ev.Type())
		}
		if want := "[vantage probe probe vantage probe probe]"; fmt.Sprint(got) != want {
			t.Errorf("got %v, want %s", got, want)
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

func TestRememberedVantagesAreBounded(t *testing.T) {
	d := NewDoor(DoorConfig{Names: NewNames(), Now: time.Now})
	for i := range 3 * maxVantages {
		v := faultline.Vantage{Vantage: fmt.Sprint(i)}
		if d.remember(v); !d.logged(v) || len(d.vantages) > maxVantages {
			t.Fatalf("%d vantages are remembered, the last one: %t", len(d.vantages), d.logged(v))
		}
	}
}

// A run is taken like a probe, counts as many results as it stands for against what a vantage may
// send, and is refused by name if it can't be.
func TestProbesTakeRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := open(t, log, &dayKeys{})
		now := time.Now()
		run := func(change func(*faultline.Probe)) faultline.Probe {
			p := faultline.Probe{At: now, Site: "bbc.co.uk", Symptom: "ok", Status: 200,
				Run: &faultline.ProbeRun{From: now.Add(-3*time.Minute - 1), Count: 4, LatencyMS: [3]int{80, 90, 200}}}
			change(&p)
			return p
		}
		n, rejected, err := d.Probes(t.Context(), london, []faultline.Probe{
			run(func(*faultline.Probe) {}),
			run(func(p *faultline.Probe) { p.Symptom, p.Status = "http_503", 503 }),
			run(func(p *faultline.Probe) { p.Symptom = "blocked" }),
			run(func(p *faultline.Probe) { p.At = time.Time{} }),
			run(func(p *faultline.Probe) { p.Run.Count = 1 }),
			run(func(p *faultline.Probe) { p.Run.Count = faultline.MaxRunCount + 1 }),
			run(func(p *faultline.Probe) { p.Run.From = now }),
			run(func(p *faultline.Probe) { p.Run.From = now.Add(-faultline.MaxRunSpan - time.Second) }),
			run(func(p *faultline.Probe) { p.Run.LatencyMS = [3]int{80, 70, 90} }),
			run(func(p *faultline.Probe) { p.Run.LatencyMS[2] = 1 << 30 }),
		})
		if n != 1 || err != nil {
			t.Errorf("accepted %d, %v", n, err)
		}
		var pointers []string
		for _, r := range rejected {
			pointers = append(pointers, r.Pointer)
		}
		if want := "[/1/run /2/run /3/at /4/run/count /5/run/count /6/run/from /7/run/from /8/run/latency_ms " +
			"/9/run/latency_ms]"; fmt.Sprint(pointers) != want {
			t.Errorf("\n got %v\nwant %s", pointers, want)
		}
		_, events := log.state()
		got, _ := events[len(events)-1].(faultline.Probe)
		if got.Count() != 4 || got.LatencyMS != 90 || got.Run.From.Nanosecond()%1e6 != 0 {
			t.Errorf("in the log is %+v", got)
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}
