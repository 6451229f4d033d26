package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/scenario"
	"faultline/scenario/accuracy"
)

// hours are some hours of calm of a small internet.
func hours(t *testing.T, n int) (calmOptions, scenario.Spec) {
	t.Helper()
	opt := calmOptions{Days: 1, Sites: 400, Probed: 60, Cadence: 60, Seed: 3}
	spec, err := accuracy.DrawCalm(accuracy.Calm{Seed: opt.Seed, Sites: opt.Sites, Probed: opt.Probed,
		CadenceS: opt.Cadence, Days: opt.Days})
	if err != nil {
		t.Fatal(err)
	}
	spec.End = spec.Start.Add(time.Duration(n) * time.Hour)
	return opt, spec
}

func TestACalmHasNoAlarm(t *testing.T) {
	t.Parallel()
	opt, spec := hours(t, 3)
	c := newCalm(opt)
	if err := c.play(t.Context(), spec, io.Discard); err != nil {
		t.Fatal(err)
	}
	if len(c.alarms) != 0 || c.alarmed() != 0 {
		t.Errorf("alarms: %s", c.text("now"))
	}
	if share := float64(c.failed) / float64(c.probes); c.probes < 25_000 || share < 0.01 || share > 0.06 ||
		c.reports < 100 {
		t.Errorf("%d of %d probes failed, %d reports", c.failed, c.probes, c.reports)
	}
}

func TestWhatFailsInACalmIsCounted(t *testing.T) {
	t.Parallel()
	opt, spec := hours(t, 2)
	from := spec.Start.Add(time.Hour)
	spec.Failures = append(spec.Failures, scenario.Failure{
		Component: "cdn:cloudfront", Q: []scenario.Point{{At: from, Q: 1}, {At: from.Add(10 * time.Minute), Q: 0}},
		Symptoms: scenario.Mix{"http_503": 1},
	})
	c := newCalm(opt)
	if err := c.play(t.Context(), spec, io.Discard); err != nil {
		t.Fatal(err)
	}
	text := c.text("now")
	if len(c.alarms) == 0 || c.alarmed() < 80 || !strings.Contains(text, "probes failed at 3 vantages") ||
		!strings.Contains(text, "CloudFront-fronted") {
		t.Errorf("a week of this has %.0f alarms: %s", c.alarmed(), text)
	}
}

func TestACalmIsDrawnAsAskedFor(t *testing.T) {
	t.Parallel()
	spec, err := accuracy.DrawCalm(accuracy.Calm{Seed: 1, Sites: 20_000, Probed: 2_000, CadenceS: 300, Days: 28})
	if err != nil {
		t.Fatal(err)
	}
	probed := 0
	for _, s := range spec.Sites {
		if !s.Unprobed {
			probed++
		}
	}
	if len(spec.Sites) != 20_000 || probed < 1_950 || probed > 2_050 || spec.End.Sub(spec.Start) != 28*24*time.Hour {
		t.Errorf("%d sites, %d probed, from %v to %v", len(spec.Sites), probed, spec.Start, spec.End)
	}
	for _, f := range spec.Failures {
		if f.Component.Kind() != faultline.KindISP || len(f.Sites) != 1 {
			t.Errorf("%s fails for %d sites", f.Component, len(f.Sites))
		}
	}
	if _, err := accuracy.DrawCalm(accuracy.Calm{Seed: 1, Sites: 100, Probed: 50, CadenceS: 300, Days: 1}); err == nil {
		t.Error("too small an internet is drawn")
	}
}

// The report keeps what the other run wrote of it.
func TestTheReportKeepsItsOtherPart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "report.md")
	for _, step := range [][2]string{{"# One\n\n", ""}, {"# One\n", calmHeading + "none\n"}} {
		if err := writeReport(path, step[0], step[1]); err != nil {
			t.Fatal(err)
		}
	}
	tables, calm, err := readReport(path)
	if err != nil || calm != calmHeading+"none\n" || strings.TrimSpace(tables) != "# One" {
		t.Errorf("%q, %q, %v", tables, calm, err)
	}
	if err := writeReport(path, "# Two\n", calm); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(path)
	if want := "# Two\n\n" + calmHeading + "none\n"; err != nil || string(body) != want {
		t.Errorf("%q, want %q (%v)", body, want, err)
	}
	if tables, calm, err := readReport(path + ".none"); tables != "" || calm != "" || err != nil {
		t.Error("what is not there is empty")
	}
}
