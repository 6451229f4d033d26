package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"faultline"
)

var alice = netip.MustParseAddr("198.51.100.23")

func addr(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{198, byte(18 + i>>16), byte(i >> 8), byte(i)})
}

// answer is what one call of Report came to.
type answer struct {
	receipt faultline.Receipt
	err     error
}

func ask(d *Door, from netip.Addr, site string) <-chan answer {
	done := make(chan answer, 1)
	go func() {
		r, err := d.Report(context.Background(), from, site, "http_503")
		done <- answer{r, err}
	}()
	return done
}

func TestReportIsInTheLogBeforeItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{gate: make(chan struct{})}
		d, closeDoor := open(t, log, &dayKeys{})
		asked := ask(d, alice, "https://www.BBC.co.uk/news")
		synctest.Wait()
		select {
		case a := <-asked:
			t.Fatalf("answered %+v while the log had not", a)
		default:
		}
		close(log.gate)
		a := <-asked
		want := faultline.Receipt{Site: "bbc.co.uk", At: time.Now().UTC(), Counted: true, Durable: true}
		if a.err != nil || a.receipt != want {
			t.Errorf("got %+v, %v, want %+v", a.receipt, a.err, want)
		}
		_, events := log.state()
		r, ok := events[0].(faultline.Report)
		if !ok || len(events) != 1 || r.Site != "bbc.co.uk" || r.Symptom != "http_503" || !r.At.Equal(want.At) ||
			len(r.Reporter) != 16 || len(r.Net) != 8 {
			t.Errorf("the log has %+v", events)
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

func TestReportRefusesWhatIsWrongAndWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := open(t, log, &dayKeys{})
		_, err := d.Report(t.Context(), alice, "http://127.0.0.1/", "down hard\n")
		var invalid faultline.InvalidError
		if !errors.As(err, &invalid) || len(invalid) != 2 || invalid[0].Pointer != "/site" ||
			invalid[1].Pointer != "/symptom" {
			t.Errorf("got %v", err)
		}
		if _, err := d.Report(t.Context(), netip.Addr{}, "bbc.co.uk", ""); err == nil {
			t.Error("a report without an address was taken")
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
		if calls, _ := log.state(); len(calls) != 0 {
			t.Errorf("the log was written: %+v", calls)
		}
	})
}

func TestReportKeepsWhatWasNotSaidUnsaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := open(t, log, &dayKeys{})
		for i, symptom := range []string{"", "haunted", "ok"} {
			if _, err := d.Report(t.Context(), addr(i), "bbc.co.uk", symptom); err != nil {
				t.Fatal(err)
			}
		}
		_, events := log.state()
		for i, want := range []faultline.Symptom{"", "other", "ok"} {
			if got := events[i].(faultline.Report).Symptom; got != want {
				t.Errorf("symptom %q, want %q", got, want)
			}
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

func TestReportOfAnUnknownNameIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, keys := &memLog{}, &dayKeys{}
		d, closeDoor := open(t, log, keys)
		r, err := d.Report(t.Context(), alice, "nobody-knows.org", "")
		if err != nil || r.Counted || r.Site != "nobody-knows.org" || !r.Durable {
			t.Errorf("got %+v, %v", r, err)
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
		if calls, _ := log.state(); len(calls) != 0 || len(keys.asked) != 0 {
			t.Errorf("the log has %+v, keys of %v", calls, keys.asked)
		}
	})
}

func TestRepeatIsNotCountedForTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := open(t, log, &dayKeys{})
		for _, step := range []struct {
			after   time.Duration
			from    netip.Addr
			site    string
			counted bool
		}{
			{0, alice, "bbc.co.uk", true},
			{0, alice, "www.bbc.co.uk", false},
			{0, alice, "ft.com", true},
			{0, addr(1), "bbc.co.uk", true},
			{repeatWindow - time.Second, alice, "bbc.co.uk", false},
			{time.Second, alice, "bbc.co.uk", true},
			{time.Minute, alice, "bbc.co.uk", false},
		} {
			time.Sleep(step.after)
			r, err := d.Report(t.Context(), step.from, step.site, "")
			if err != nil || r.Counted != step.counted {
				t.Errorf("%+v: counted %t, %v", step, r.Counted, err)
			}
		}
		if _, events := log.state(); len(events) != 4 {
			t.Errorf("%d events are in the log, want 4", len(events))
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

func TestDoubleClickWaitsForTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{gate: make(chan struct{})}
		d, closeDoor := open(t, log, &dayKeys{})
		first := ask(d, alice, "bbc.co.uk")
		synctest.Wait()
		second := ask(d, alice, "bbc.co.uk")
		synctest.Wait()
		select {
		case a := <-second:
			t.Fatalf("the repeat was answered %+v before what it repeats", a)
		default:
		}
		close(log.gate)
		if a, b := <-first, <-second; !a.receipt.Counted || b.receipt.Counted || a.err != nil || b.err != nil {
			t.Errorf("got %+v and %+v", a, b)
		}
		if _, events := log.state(); len(events) != 1 {
			t.Errorf("%d events are in the log", len(events))
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

func TestFailedReportMayBeTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{down: attempts}
		d, closeDoor := open(t, log, &dayKeys{})
		if _, err := d.Report(t.Context(), alice, "bbc.co.uk", ""); !errors.Is(err, faultline.ErrUnavailable) ||
			!errors.Is(err, errDown) {
			t.Fatalf("got %v", err)
		}
		if r, err := d.Report(t.Context(), alice, "bbc.co.uk", ""); err != nil || !r.Counted {
			t.Errorf("the second try: %+v, %v", r, err)
		}
		if r, err := d.Report(t.Context(), alice, "bbc.co.uk", ""); err != nil || r.Counted {
			t.Errorf("the third: %+v, %v", r, err)
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

func TestReportFailsWithoutTheDaysKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, keys := range []*dayKeys{{err: errDown}, {short: true}} {
			log := &memLog{}
			d, closeDoor := open(t, log, keys)
			if _, err := d.Report(t.Context(), alice, "bbc.co.uk", ""); !errors.Is(err, faultline.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
			if err := closeDoor(); err != nil {
				t.Error(err)
			}
			if calls, _ := log.state(); len(calls) != 0 {
				t.Errorf("the log was written: %+v", calls)
			}
		}
	})
}

func TestPseudonyms(t *testing.T) {
	p := pseudonyms{keys: &dayKeys{}}
	monday := time.Date(2021, 6, 7, 23, 59, 59, 0, time.UTC)
	of := func(s string, now time.Time) pseudonym {
		t.Helper()
		who, err := p.of(t.Context(), netip.MustParseAddr(s), now)
		if err != nil {
			t.Fatal(err)
		}
		return who
	}
	for _, tt := range []struct {
		a, b              string
		samePerson, sameN bool
	}{
		{"198.51.100.23", "198.51.100.23", true, true},
		{"198.51.100.23", "::ffff:198.51.100.23", true, true},
		{"198.51.100.23", "198.51.100.24", false, true},
		{"198.51.100.23", "198.51.101.23", false, false},
		{"2001:db8:1:2::3", "2001:db8:1:2:ffff::9", true, true},
		{"fe80::1%eth0", "fe80::1", true, true},
		{"2001:db8:1:2::3", "2001:db8:1:3::3", false, true},
		{"2001:db8:1:2::3", "2001:db8:2:2::3", false, false},
	} {
		a, b := of(tt.a, monday), of(tt.b, monday)
		if (a.reporter == b.reporter) != tt.samePerson || (a.net == b.net) != tt.sameN {
			t.Errorf("%s is %x, %s is %x", tt.a, a, tt.b, b)
		}
	}
	today, tomorrow := of("198.51.100.23", monday), of("198.51.100.23", monday.Add(time.Second))
	if today.reporter == tomorrow.reporter || today.net == tomorrow.net {
		t.Error("the pseudonym outlives its day")
	}
	if zero := of("198.51.100.0", monday); uint32(zero.reporter>>32) == zero.net {
		t.Error("an address and its network have one pseudonym")
	}
	of("198.51.100.23", monday) // a clock that goes back a second at midnight
	if asked := p.keys.(*dayKeys).asked; len(asked) != 2 {
		t.Errorf("the keys of %v were fetched", asked)
	}
}

func TestDaysKeyIsFetchedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := &dayKeys{}
		d, closeDoor := open(t, &memLog{}, keys)
		var asked []<-chan answer
		for i := range 100 {
			asked = append(asked, ask(d, addr(i), "bbc.co.uk"))
		}
		for _, a := range asked {
			if got := <-a; got.err != nil {
				t.Error(got.err)
			}
		}
		time.Sleep(24 * time.Hour)
		if _, err := d.Report(t.Context(), alice, "bbc.co.uk", ""); err != nil {
			t.Error(err)
		}
		if len(keys.asked) != 2 { // once a day, also for those who came before the first answer
			t.Errorf("asked for %v", keys.asked)
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
	})
}

// Whatever leaves the door, an address is in no event and no error, in none of
// the forms that it could be written in.
func TestAddressNeverLeavesTheDoor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := open(t, log, &dayKeys{})
		var out strings.Builder
		addrs := []netip.Addr{alice, netip.MustParseAddr("2001:db8:cafe:beef:1234:5678:9abc:def0"),
			netip.MustParseAddr("::ffff:203.0.113.77")}
		for i, from := range addrs {
			if i == len(addrs)-1 {
				log.fail(attempts)
			}
			_, err := d.Report(t.Context(), from, "bbc.co.uk", "")
			fmt.Fprintln(&out, err)
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
		calls, _ := log.state()
		for _, c := range calls {
			for _, ev := range c.events {
				line, err := faultline.AppendLine(nil, ev)
				if err != nil {
					t.Fatal(err)
				}
				out.Write(line)
			}
		}
		if len(calls) < len(addrs) {
			t.Fatalf("only %d appends were seen", len(calls))
		}
		for _, from := range addrs {
			four := from.Unmap()
			raw := four.AsSlice()
			for _, form := range []string{
				from.String(), four.String(), from.StringExpanded(), fmt.Sprintf("%x", raw),
				fmt.Sprintf("%x", raw[:len(raw)/2]), fmt.Sprintf("%x", raw[:3]), fmt.Sprintf("%d", raw),
			} {
				if strings.Contains(out.String(), form) {
					t.Errorf("%s was given away as %s in:\n%s", from, form, out.String())
				}
			}
		}
	})
}
