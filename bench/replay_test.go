package main

import (
	"bytes"
	"encoding/json"
	"faultline/pace"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	testSeconds = 120
	testLines   = trafficSites + trafficVantages + testSeconds*trafficPerSecond
	fewLines    = trafficSites + trafficVantages + trafficPerSecond
)

func generate(t *testing.T, seed uint64, lines int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := newTraffic(seed, lines).writeTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTrafficIsSeeded(t *testing.T) {
	a := generate(t, 1, fewLines)
	if !bytes.Equal(a, generate(t, 1, fewLines)) {
		t.Error("one seed, two files")
	}
	if bytes.Equal(a, generate(t, 2, fewLines)) {
		t.Error("two seeds, one file")
	}
}

// tally is what the generated traffic holds.
type tally struct {
	lines, sites, vantages, probes, reports int
	failed, failedOther, failedQuiet        int // probes
	crowd, crowdOther                       int // reports of the outage
	lastProbe                               map[string]time.Time
	cadenceBroken                           int
	last                                    time.Time
}

func (c *tally) probe(l eventLine, members map[string]bool, from, to time.Time) {
	c.probes++
	key := l.Site + " " + l.Vantage
	if at, ok := c.lastProbe[key]; ok && l.At.Sub(at) != trafficCadence*time.Second {
		c.cadenceBroken++
	}
	c.lastProbe[key] = l.At
	if l.Status != 503 {
		return
	}
	c.failed++
	if !members[l.Site] {
		c.failedOther++
	}
	if l.At.Before(from) || l.At.After(to) {
		c.failedQuiet++
	}
}

func (c *tally) report(l eventLine, members map[string]bool) {
	c.reports++
	if l.Symptom == "http_503" {
		c.crowd++
		if !members[l.Site] {
			c.crowdOther++
		}
	}
}

func TestTrafficHasTheShapeItPromises(t *testing.T) {
	got := tally{lastProbe: map[string]time.Time{}}
	members := map[string]bool{}
	from, to := trafficStart.Add(60*time.Second), trafficStart.Add(96*time.Second)
	for line := range bytes.Lines(generate(t, 1, testLines)) {
		var l eventLine
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&l); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		got.lines++
		if l.At.After(got.last) {
			got.last = l.At
		}
		switch l.Type {
		case "site":
			got.sites++
			members[l.Site] = strings.Contains(string(line), `"`+trafficCulprit+`"`)
		case "vantage":
			got.vantages++
		case "probe":
			got.probe(l, members, from, to)
		case "report":
			got.report(l, members)
		}
	}
	if got.lines != testLines || got.sites != trafficSites || got.vantages != trafficVantages {
		t.Errorf("%d lines, %d sites, %d vantages", got.lines, got.sites, got.vantages)
	}
	if want := testSeconds * trafficProbed * trafficVantages / trafficCadence; got.probes != want ||
		got.cadenceBroken > 0 {
		t.Errorf("%d probes, want %d; %d out of cadence", got.probes, want, got.cadenceBroken)
	}
	if want := got.lines - got.sites - got.vantages - got.probes; got.reports != want {
		t.Errorf("%d reports, want %d", got.reports, want)
	}
	// Of 100 member sites probed thrice a minute, 85 in 100 fail for 36 s.
	if got.failed < 120 || got.failed > 190 || got.failedOther > 0 || got.failedQuiet > 0 {
		t.Errorf("%d probes fail, %d of them elsewhere, %d out of time", got.failed, got.failedOther, got.failedQuiet)
	}
	// Meanwhile half of the 1,900 reports a second are of the outage.
	if got.crowd < 32_000 || got.crowd > 36_400 || got.crowdOther > 0 {
		t.Errorf("%d reports of the outage, %d of them elsewhere", got.crowd, got.crowdOther)
	}
	if span := got.last.Sub(trafficStart).Round(time.Second); span != testSeconds*time.Second {
		t.Errorf("it spans %v", span)
	}
}

func TestReplayMustFindThePlantedOutage(t *testing.T) {
	const (
		hit     = `{"confirmed_at":"2024-01-15T12:10:00Z","cause":{"component":"cdn:c3"}}` + "\n"
		waiting = `{"confirmed_at":null,"cause":{"component":"cdn:c3"}}` + "\n"
		other   = `{"confirmed_at":"2024-01-15T12:10:00Z","cause":{"component":"cdn:c4"}}` + "\n"
		unknown = `{"confirmed_at":"2024-01-15T12:10:00Z","cause":null}` + "\n"
	)
	if n, err := checkReplay([]byte(other + hit + unknown)); n != 3 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	for _, out := range []string{"", waiting, other, unknown, hit + "oops\n"} {
		if _, err := checkReplay([]byte(out)); err == nil {
			t.Errorf("%q is taken for an answer", out)
		}
	}
}

func TestDecodeStopsAtItsLimit(t *testing.T) {
	name := filepath.Join(t.TempDir(), "traffic.ndjson")
	if err := os.WriteFile(name, generate(t, 1, fewLines), 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := decodeLines(name, 1_000)
	if n != 1_000 || err != nil {
		t.Errorf("decoded %d, %v", n, err)
	}
}

// fakeReplay is a command that answers with what stands in a file beside it.
func fakeReplay(t *testing.T, script string) *replayRun {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "faultline")
	if err := os.WriteFile(bin, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return &replayRun{bin: bin, file: filepath.Join(filepath.Dir(bin), "ran"), lines: 1000}
}

const answers = `[ "$1" = replay ] && [ "$GOMAXPROCS" = 1 ] || { echo asked wrongly >&2; exit 2; }
i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done
echo '{"confirmed_at":"2024-01-15T12:10:00Z","cause":{"component":"cdn:c3"}}'
`

func TestFoldCountsTheChildsCPU(t *testing.T) {
	r := fakeReplay(t, answers)
	rate, err := r.fold(pace.Context(t, pace.Limit))
	if err != nil {
		t.Fatal(err)
	}
	// 1,000 lines in more than nothing, at whatever pace.
	if rate <= 0 || rate > 1e7 || r.incidents != 1 || r.maxRSS == 0 {
		t.Errorf("%v lines a second, %d incidents, %d bytes", rate, r.incidents, r.maxRSS)
	}
}

func TestFoldRefusesReplaysThatDiffer(t *testing.T) {
	r := fakeReplay(t, answers+`[ -e "$2" ] && echo '{}'; touch "$2"`)
	if _, err := r.fold(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.fold(t.Context()); err == nil || !strings.Contains(err.Error(), "differ") {
		t.Errorf("got %v", err)
	}
}

func TestFoldRefusesLinesThatWereNotCounted(t *testing.T) {
	r := fakeReplay(t, `echo "$2:7: not JSON" >&2;`+answers)
	if _, err := r.fold(t.Context()); err == nil || !strings.Contains(err.Error(), ":7: not JSON") {
		t.Errorf("got %v", err)
	}
}

func TestFoldSaysWhyAChildFailed(t *testing.T) {
	r := fakeReplay(t, "echo no such file >&2; exit 2")
	if _, err := r.fold(t.Context()); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}

func TestReplayFigure(t *testing.T) {
	r := &replayRun{lines: 10, incidents: 1, wall: series{2}}
	f := r.figure(measurement{series: []series{{290_000, 310_000, 300_000}, {150_000, 150_000, 160_000}}})
	if f.Value != 300_000 || !f.OK || f.Runs != 3 || f.Detail["ratio_to_limit"] != 2.0 || f.Detail["verdict"] != nil {
		t.Errorf("got %+v", f)
	}
	f = r.figure(measurement{series: []series{{1}, {1}}, inconclusive: true})
	if f.OK || f.Detail["verdict"] != "inconclusive" {
		t.Errorf("got %+v", f)
	}
}
