package main

import (
	"bytes"
	"strings"
	"testing"
)

var sample = figure{
	Name: "ingest.everysec", Value: 0.83, Target: 0.8, Better: higher, OK: true,
	Unit: "ratio of throughput", Limit: "no-op gin POST", Runs: 7, Spread: 0.09,
	Detail: map[string]any{"a": 1},
}

func TestFigureAsJSON(t *testing.T) {
	var out bytes.Buffer
	if err := printFigure(&out, sample, true); err != nil {
		t.Fatal(err)
	}
	want := `{"name":"ingest.everysec","value":0.83,"target":0.8,"better":"higher","ok":true,` +
		`"unit":"ratio of throughput","limit":"no-op gin POST","runs":7,"spread":0.09,"detail":{"a":1}}` + "\n"
	if out.String() != want {
		t.Errorf("got  %swant %s", out.String(), want)
	}
}

func TestFigureAsOneLine(t *testing.T) {
	missed, unsure := sample, sample
	missed.Better, missed.OK, missed.Value = lower, false, 123456.7
	unsure.Detail = map[string]any{"verdict": "inconclusive"}
	for _, c := range []struct {
		f    figure
		want string
	}{
		{sample,
			"ingest.everysec: 0.83 ratio of throughput, target ≥ 0.8: ok (limit: no-op gin POST; 7 runs, " +
				"spread 9 %)\n"},
		{missed,
			"ingest.everysec: 123457 ratio of throughput, target ≤ 0.8: MISSED (limit: no-op gin POST; 7 runs, " +
				"spread 9 %)\n"},
		{unsure,
			"ingest.everysec: 0.83 ratio of throughput, target ≥ 0.8: inconclusive (limit: no-op gin POST; 7 runs, " +
				"spread 9 %)\n"},
	} {
		var out bytes.Buffer
		if err := printFigure(&out, c.f, false); err != nil {
			t.Fatal(err)
		}
		if out.String() != c.want {
			t.Errorf("got  %swant %s", out.String(), c.want)
		}
	}
}

func TestTargetsWorkBothWays(t *testing.T) {
	for _, c := range []struct {
		value  float64
		better string
		want   bool
	}{{2, higher, true}, {1, higher, true}, {0.9, higher, false}, {0.9, lower, true}, {1, lower, true},
		{2, lower, false}} {
		if got := meets(c.value, 1, c.better); got != c.want {
			t.Errorf("%v against 1, %s is better: %v", c.value, c.better, got)
		}
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	good := options{Rounds: minRounds, Lines: minReplayLines, Names: []string{"replay"}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*options){
		"--rounds":          func(o *options) { o.Rounds = minRounds - 1 },
		"--lines":           func(o *options) { o.Lines = minReplayLines - 1 },
		`no group "replai"`: func(o *options) { o.Names = []string{"replai"} },
	} {
		bad := good
		spoil(&bad)
		if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to name %s", err, want)
		}
	}
}
