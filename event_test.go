package faultline_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faultline"
)

var noon = time.Date(2024, 3, 6, 12, 0, 0, 0, time.UTC)

// readerNetworks are what a line of readers holds.
var readerNetworks = []faultline.ReaderNetwork{{ASN: 812, Country: "CA", Requests: 60}}

// Each kind of event writes a line that begins with its type, carries its time, and
// reads back as it was.
func TestEventLines(t *testing.T) {
	for _, tt := range []struct {
		event faultline.Event
		kind  string
		line  string
		at    time.Time
	}{
		{faultline.Report{At: noon, Site: "a.com", Reporter: "r"}, "report",
			`"at":"2024-03-06T12:00:00Z","site":"a.com","reporter":"r"`, noon},
		{faultline.Probe{At: noon, Site: "a.com", Vantage: "v", Symptom: "http_503", Status: 503}, "probe",
			`"at":"2024-03-06T12:00:00Z","site":"a.com","vantage":"v"`, noon},
		{faultline.Probe{At: noon, Site: "a.com", Vantage: "v", Symptom: "ok", Run: &faultline.ProbeRun{
			From: noon.Add(-time.Minute), Count: 2, LatencyMS: [3]int{80, 80, 90}}}, "probe",
			`"at":"2024-03-06T12:00:00Z","site":"a.com","vantage":"v","symptom":"ok",` +
				`"run":{"from":"2024-03-06T11:59:00Z","count":2,"latency_ms":[80,80,90]}}`, noon},
		{faultline.SiteRecord{Site: "a.com", Components: []faultline.Component{"cdn:fastly"}}, "site",
			`"site":"a.com","components":["cdn:fastly"]`, time.Time{}},
		{faultline.Vantage{Vantage: "v", ASN: 64500, Country: "DE"}, "vantage",
			`"vantage":"v","asn":64500,"country":"DE"`, time.Time{}},
		{faultline.Statement{At: noon, Component: "cdn:fastly", Source: "s", Status: "resolved", Text: "It's over."},
			"statement",
			`"at":"2024-03-06T12:00:00Z","component":"cdn:fastly","source":"s","status":"resolved","text":"It's over."`,
			noon},
		{faultline.Readers{At: noon, Node: "n", Networks: readerNetworks}, "readers",
			`"at":"2024-03-06T12:00:00Z","node":"n","networks":[{"asn":812,"country":"CA","requests":60}]`, noon},
		{faultline.Tick{At: noon}, "tick", `"at":"2024-03-06T12:00:00Z"`, noon},
		{faultline.Correction{At: noon, Incident: "inc_1", By: "a", Text: "x"}, "correction",
			`"at":"2024-03-06T12:00:00Z","incident":"inc_1","by":"a","text":"x"`, noon},
		{faultline.Epoch{At: noon, Epoch: "e"}, "epoch", `"at":"2024-03-06T12:00:00Z","epoch":"e"`, noon},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			line, err := faultline.AppendLine([]byte("before\n"), tt.event)
			if err != nil {
				t.Fatal(err)
			}
			text := string(line)
			if want := "before\n" + `{"type":"` + tt.kind + `",` + tt.line; !strings.HasPrefix(text, want) ||
				!strings.HasSuffix(text, "}\n") {
				t.Errorf("%s\nwant it to begin with\n%s", text, want)
			}
			if strings.Count(text, "\n") != 2 {
				t.Errorf("not one line: %q", text)
			}
			if tt.event.Type() != tt.kind || !tt.event.Time().Equal(tt.at) {
				t.Errorf("type %s at %s", tt.event.Type(), tt.event.Time())
			}
			var members map[string]any
			if err := json.Unmarshal(line[len("before\n"):], &members); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEventLineThatCannotBeWritten(t *testing.T) {
	bad := faultline.SiteRecord{Site: "a.com", Shares: map[faultline.Component]float64{"cdn:fastly": math.NaN()}}
	line, err := faultline.AppendLine([]byte("before"), bad)
	if err == nil || !strings.Contains(err.Error(), "encode site line") || string(line) != "before" {
		t.Errorf("%q, %v", line, err)
	}
}

func TestMillis(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	for name, tt := range map[string]struct{ in, want time.Time }{
		"zero":               {time.Time{}, time.Time{}},
		"another zone":       {noon.In(berlin), noon},
		"below milliseconds": {noon.Add(1_999_999), noon.Add(time.Millisecond)},
	} {
		t.Run(name, func(t *testing.T) {
			got := faultline.Millis(tt.in)
			if diff := cmp.Diff(tt.want, got); diff != "" || got.Location() != time.UTC {
				t.Errorf("%s in %s", diff, got.Location())
			}
		})
	}
}

// A run stands for results that are evenly spaced, the last of which is the probe itself; a probe
// without one stands for itself.
func TestResultsOfAProbe(t *testing.T) {
	p := faultline.Probe{At: noon, Site: "a.com", Vantage: "v", Symptom: "ok", LatencyMS: 7, CertificateEnds: noon}
	if got := slices.Collect(p.Results()); len(got) != 1 || got[0].LatencyMS != 7 || p.Count() != 1 {
		t.Errorf("%+v", got)
	}
	p.Run = &faultline.ProbeRun{From: noon.Add(-100 * time.Millisecond), Count: 4, LatencyMS: [3]int{5, 6, 9}}
	var before []int64
	for one := range p.Results() {
		before = append(before, noon.Sub(one.At).Milliseconds())
		if one.Run != nil || one.LatencyMS != 6 || one.CertificateEnds.IsZero() == (one.At.Equal(noon)) {
			t.Errorf("%+v", one)
		}
	}
	if want := []int64{100, 67, 34, 0}; !slices.Equal(before, want) || p.Count() != 4 {
		t.Errorf("%v ms before, want %v", before, want)
	}
}
